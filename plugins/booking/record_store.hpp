#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "list_order.hpp"
#include "record.hpp"
#include "record_column.hpp"
#include "record_field.hpp"

namespace booking {

/// A record that is one row. Others say in its place what their rows elsewhere are: how these are
/// read into the record, written once the record's own row stands, and erased before it goes.
struct OneRow {
  template <class Noun>
  static void read(bulkhead::ReadTransaction&, std::string_view, Noun&) {}
  template <class Noun>
  static void write(bulkhead::Transaction&, std::string_view, const Noun&) {}
  static void erase(bulkhead::Transaction&, std::string_view, std::string_view) {}
};

/// The SQL of one kind of record, made from its fields. `Noun` is a Record that says kTable,
/// fields(), kFilters and kReferences; `Parts` are its rows in other tables. Every call is one
/// tenant's.
template <class Noun, class Parts = OneRow>
struct RecordStore {
  static constexpr std::size_t kFilterCount = Noun::kFilters.size();

  /// Which of the records a list shows.
  struct Filter {
    std::optional<std::string_view> active = {};  ///< true or false
    std::optional<std::int64_t> updated_since = {};
    std::array<std::optional<std::string_view>, kFilterCount> values = {};  ///< as Noun::kFilters
  };

  static std::optional<Noun> find(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                  std::string_view id) {
    static const std::string kSql = select() + " where tenant = $1 and id = $2";
    auto found = transaction.first(kSql, bulkhead::values(tenant, id), read);
    if (found) Parts::read(transaction, tenant, *found);
    return found;
  }

  static std::vector<Noun> list(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                const Filter& filter, const ListOrder& order) {
    auto found =
        listOrdered(transaction, tenant, filter, order, std::make_index_sequence<kFilterCount>{});
    for (auto& noun : found) Parts::read(transaction, tenant, noun);
    return found;
  }

  static void insert(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Noun& noun) {
    static const std::string kSql = insertSql();
    std::apply(
        [&](const auto&... one) {
          transaction.send(
              kSql, bulkhead::values(tenant, noun.id, toColumn(noun.*one.member)..., noun.active,
                                     noun.version, epochSeconds(noun.created_at),
                                     epochSeconds(noun.updated_at)));
        },
        Noun::fields());
    Parts::write(transaction, tenant, noun);
  }

  /// Writes `noun` over the version before it. Throws VERSION_CONFLICT when that is gone.
  static void update(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Noun& noun) {
    static const std::string kSql = updateSql();
    std::apply(
        [&](const auto&... one) {
          transaction.sendExpecting(
              1, versionConflict(), kSql,
              bulkhead::values(tenant, noun.id, toColumn(noun.*one.member)..., noun.active,
                               noun.version, epochSeconds(noun.updated_at)));
        },
        Noun::fields());
    Parts::write(transaction, tenant, noun);
  }

  /// Whether a row of another kind names the record.
  static bool isReferenced(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                           std::string_view id) {
    if constexpr (Noun::kReferences.empty()) return false;
    static const std::string kSql = referencedSql();
    return transaction
        .first(kSql, bulkhead::values(tenant, id), [](const bulkhead::Row&) { return true; })
        .has_value();
  }

  static void erase(bulkhead::Transaction& transaction, std::string_view tenant,
                    std::string_view id) {
    static const std::string kSql =
        "delete from " + std::string{Noun::kTable} + " where tenant = $1 and id = $2";
    Parts::erase(transaction, tenant, id);
    transaction.send(kSql, bulkhead::values(tenant, id));
  }

 private:
  static Noun read(const bulkhead::Row& row) {
    Noun noun;
    std::size_t column = 0;
    noun.id = row.string(column++);
    eachField<Noun>([&](const auto& one) { fromColumn(row, column++, noun.*one.member); });
    noun.active = row.boolean(column++);
    noun.version = row.integer(column++);
    noun.created_at = fromEpoch(row.integer(column++));
    noun.updated_at = fromEpoch(row.integer(column));
    return noun;
  }

  /// "name, time_zone, ": the record's own columns.
  static std::string ownColumns() {
    std::string text;
    eachField<Noun>([&](const auto& one) { text.append(one.column).append(", "); });
    return text;
  }
  static std::string select() {
    return "select id, " + ownColumns() + "active, version, created_at, updated_at from " +
           std::string{Noun::kTable};
  }
  static std::string insertSql() {
    std::string sql = "insert into " + std::string{Noun::kTable} + " (tenant, id, " + ownColumns() +
                      "active, version, created_at, updated_at) values ($1, $2";
    constexpr std::size_t kColumns = std::tuple_size_v<decltype(Noun::fields())> + 6;
    for (std::size_t i = 3; i <= kColumns; ++i) sql += ", $" + std::to_string(i);
    return sql + ")";
  }
  static std::string updateSql() {
    std::string sql = "update " + std::string{Noun::kTable} + " set ";
    int number = 3;
    const auto set = [&](std::string_view column) {
      sql.append(column).append(" = $").append(std::to_string(number++));
    };
    eachField<Noun>([&](const auto& one) {
      set(one.column);
      sql += ", ";
    });
    set("active");
    const std::string version = std::to_string(number);
    set(", version");
    set(", updated_at");
    return sql + " where tenant = $1 and id = $2 and version = $" + version + " - 1";
  }
  static std::string referencedSql() {
    std::string sql;
    for (const auto& one : Noun::kReferences) {
      sql += sql.empty() ? "select 1 where " : " or ";
      sql.append("exists (select 1 from ").append(one.table).append(" where tenant = $1 and ");
      sql.append(one.column).append(" = $2)");
    }
    return sql;
  }
  static std::string listSql(const ListOrder& order) {
    std::string sql =
        select() +
        " where tenant = $1 and ($3 is null or active = case when $3 = 'true' then 1 else "
        "0 end) and (cast($4 as bigint) is null or updated_at >= $4)" +
        order.condition(5);
    int number = 8;
    for (const ListFilter& filter : Noun::kFilters) {
      const std::string parameter = "$" + std::to_string(number++);
      std::string condition{filter.condition};
      condition.replace(condition.find('?'), 1, parameter);
      sql += " and (" + parameter + " is null or " + condition + ")";
    }
    return sql + order.orderBy() + " limit $2";
  }

  template <std::size_t... Index>
  static std::vector<Noun> listOrdered(bulkhead::ReadTransaction& transaction,
                                       std::string_view tenant, const Filter& filter,
                                       const ListOrder& order, std::index_sequence<Index...>) {
    return transaction.list(
        listSql(order),
        bulkhead::values(tenant, order.limit, filter.active, filter.updated_since, order.number(),
                         order.text(), order.id(), filter.values[Index]...),
        read);
  }
};

}  // namespace booking
