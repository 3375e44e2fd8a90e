#include "plugins/accounting/books_transaction.hpp"

#include <stdexcept>

#include <bulkhead/waist.hpp>

struct bulkhead_transaction {
  accounting::SqliteBooks& books;
  std::vector<std::string> statements;
};

namespace accounting {
namespace {

/// Integers, texts and nothing; as many rows as the receiver wants.
void run(bulkhead_transaction& transaction, bulkhead_bytes sql, const bulkhead_value* values,
         std::size_t count, bulkhead_row_fn receive, void* self) {
  sqlite3* const database = transaction.books.handle();
  transaction.statements.emplace_back(sql.data, sql.size);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql.data, static_cast<int>(sql.size), &statement, nullptr);
  for (std::size_t i = 0; i < count; ++i) {
    const int index =
        sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
    if (values[i].type == BULKHEAD_INTEGER) {
      sqlite3_bind_int64(statement, index, values[i].integer);
    } else if (values[i].type == BULKHEAD_TEXT) {
      sqlite3_bind_text(statement, index, values[i].bytes.size == 0 ? "" : values[i].bytes.data,
                        static_cast<int>(values[i].bytes.size), SQLITE_TRANSIENT);
    }
  }
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW && receive != nullptr; code = sqlite3_step(statement)) {
    std::vector<bulkhead_value> row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const bool number = sqlite3_column_type(statement, i) == SQLITE_INTEGER;
      const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      row.push_back({number ? BULKHEAD_INTEGER : BULKHEAD_TEXT,
                     0,
                     sqlite3_column_int64(statement, i),
                     0.0,
                     {text, size}});
    }
    if (receive(self, row.data(), row.size()) != 0) break;
  }
  sqlite3_finalize(statement);
  if (code == SQLITE_ERROR || code == SQLITE_CONSTRAINT)
    throw std::runtime_error{sqlite3_errmsg(database)};
}

const bulkhead_host& table() {
  static const bulkhead_host kTable = [] {
    bulkhead_host made{};
    made.size = sizeof made;
    made.tx_read = [](bulkhead_transaction* transaction, bulkhead_bytes sql,
                      const bulkhead_value* values, std::size_t count, bulkhead_row_fn receive,
                      void* self, const bulkhead_error_sink* error) {
      return bulkhead::waist::guarded(
          error, [&] { run(*transaction, sql, values, count, receive, self); });
    };
    made.tx_send = [](bulkhead_transaction* transaction, bulkhead_bytes sql,
                      const bulkhead_value* values, std::size_t count, std::int64_t,
                      const bulkhead_error*, const bulkhead_error_sink* error) {
      return bulkhead::waist::guarded(
          error, [&] { run(*transaction, sql, values, count, nullptr, nullptr); });
    };
    return made;
  }();
  return kTable;
}

}  // namespace

BooksTransaction::BooksTransaction(SqliteBooks& books)
    : open_{std::make_unique<bulkhead_transaction>(bulkhead_transaction{books, {}})},
      write_{table(), *open_} {}

BooksTransaction::~BooksTransaction() = default;

const std::vector<std::string>& BooksTransaction::statements() const {
  return open_->statements;
}

}  // namespace accounting
