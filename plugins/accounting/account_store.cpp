#include "account_store.hpp"

#include <string>

namespace accounting {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

const std::string kSelect =
    "select id, code, name, type, role, active, version, created_at, updated_at from account "
    "where tenant = $1 and ";

Account read(const Row& row) {
  Account account;
  account.id = row.string(0);
  account.code = row.string(1);
  account.name = row.string(2);
  account.type = row.string(3);
  account.role = row.optionalString(4);
  account.active = row.boolean(5);
  account.version = row.integer(6);
  account.created_at = row.integer(7);
  account.updated_at = row.integer(8);
  return account;
}

}  // namespace

void AccountStore::touch(ReadTransaction& read) {
  read.first("select 1", values(), [](const Row& row) { return row.integer(0); });
}

std::optional<Company> AccountStore::company(ReadTransaction& read, std::string_view tenant) {
  return read.first(
      "select country, template, base_currency, version, created_at, updated_at from company "
      "where tenant = $1",
      values(tenant), [](const Row& row) {
        return Company{row.string(0),  row.string(1),  row.string(2),
                       row.integer(3), row.integer(4), row.integer(5)};
      });
}

Company AccountStore::requireCompany(ReadTransaction& read, std::string_view tenant) {
  auto found = company(read, tenant);
  if (!found) throw companyNotSetUp(tenant);
  return std::move(*found);
}

void AccountStore::insertCompany(Transaction& write, std::string_view tenant,
                                 const Company& company) {
  write.send(
      "insert into company (tenant, country, template, base_currency, version, created_at, "
      "updated_at) values ($1, $2, $3, $4, $5, $6, $7)",
      values(tenant, company.country, company.chart, company.base_currency, company.version,
             company.created_at, company.updated_at));
}

std::vector<Account> AccountStore::list(ReadTransaction& transaction, std::string_view tenant,
                                        const Filter& filter) {
  static const std::string kSql =
      kSelect +
      "code > $2 and (type = $3 or $3 is null) "
      "and (role = $4 or $4 is null) "
      "and (active = case $5 when 'true' then 1 else 0 end or $5 is null) "
      "and (updated_at >= $7 or $7 is null) order by code limit $6";
  return transaction.list(kSql,
                          values(tenant, filter.after, filter.type, filter.role, filter.active,
                                 filter.limit, filter.updated_since),
                          read);
}

std::optional<Account> AccountStore::find(ReadTransaction& transaction, std::string_view tenant,
                                          std::string_view id) {
  static const std::string kSql = kSelect + "id = $2";
  return transaction.first(kSql, values(tenant, id), read);
}

std::optional<Account> AccountStore::findByCode(ReadTransaction& transaction,
                                                std::string_view tenant, std::string_view code) {
  static const std::string kSql = kSelect + "code = $2";
  return transaction.first(kSql, values(tenant, code), read);
}

std::optional<Account> AccountStore::findByRole(ReadTransaction& transaction,
                                                std::string_view tenant, std::string_view role) {
  static const std::string kSql = kSelect + "role = $2";
  return transaction.first(kSql, values(tenant, role), read);
}

void AccountStore::insert(Transaction& write, std::string_view tenant, const Account& account) {
  write.send(
      "insert into account (tenant, id, code, name, type, role, active, version, created_at, "
      "updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      values(tenant, account.id, account.code, account.name, account.type, account.role,
             account.active, account.version, account.created_at, account.updated_at));
}

void AccountStore::update(Transaction& write, std::string_view tenant, const Account& account) {
  write.sendExpecting(1, versionConflict(),
                      "update account set code = $3, name = $4, type = $5, role = $6, active = $7, "
                      "version = $8, updated_at = $9 where tenant = $1 and id = $2 "
                      "and version = $8 - 1",
                      values(tenant, account.id, account.code, account.name, account.type,
                             account.role, account.active, account.version, account.updated_at));
}

void AccountStore::erase(Transaction& write, std::string_view tenant, std::string_view id) {
  write.send("delete from account where tenant = $1 and id = $2", values(tenant, id));
}

bool AccountStore::isUsed(ReadTransaction& read, std::string_view tenant, std::string_view id) {
  return read
      .first("select 1 from journal_line where tenant = $1 and account = $2 limit 1",
             values(tenant, id), [](const Row&) { return true; })
      .has_value();
}

std::int64_t AccountStore::balance(ReadTransaction& read, std::string_view tenant,
                                   std::string_view id, std::string_view as_of) {
  return read
      .first(
          "select cast(coalesce(sum(l.amount), 0) as bigint) from journal_line l "
          "join journal_entry e on e.tenant = l.tenant and e.id = l.entry "
          "where l.tenant = $1 and l.account = $2 and e.state = 'posted' and e.date <= $3",
          values(tenant, id, as_of), [](const Row& row) { return row.integer(0); })
      .value_or(0);
}

}  // namespace accounting
