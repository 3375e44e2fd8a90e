#include "journal_store.hpp"

#include <gtest/gtest.h>

#include "integration/accounting/sqlite_books.hpp"
#include "integration/accounting/statements.hpp"

struct bulkhead_transaction {
  sqlite3* database;
};

namespace accounting {
namespace {

/// Integers and texts, as many rows as the receiver wants.
void run(sqlite3* database, bulkhead_bytes sql, const bulkhead_value* values, std::size_t count,
         bulkhead_row_fn receive, void* self) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql.data, static_cast<int>(sql.size), &statement, nullptr);
  for (std::size_t i = 0; i < count; ++i) {
    const int index =
        sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
    if (values[i].type == BULKHEAD_INTEGER) {
      sqlite3_bind_int64(statement, index, values[i].integer);
    } else {
      sqlite3_bind_text(statement, index, values[i].bytes.data,
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

bulkhead_host table() {
  bulkhead_host made{};
  made.size = sizeof made;
  made.tx_read = [](bulkhead_transaction* transaction, bulkhead_bytes sql,
                    const bulkhead_value* values, std::size_t count, bulkhead_row_fn receive,
                    void* self, const bulkhead_error_sink* error) {
    return bulkhead::waist::guarded(
        error, [&] { run(transaction->database, sql, values, count, receive, self); });
  };
  made.tx_send = [](bulkhead_transaction* transaction, bulkhead_bytes sql,
                    const bulkhead_value* values, std::size_t count, std::int64_t,
                    const bulkhead_error*, const bulkhead_error_sink* error) {
    return bulkhead::waist::guarded(
        error, [&] { run(transaction->database, sql, values, count, nullptr, nullptr); });
  };
  return made;
}

// Goal: head and series that were moved ahead and left there stop no posting. Method: both are
// moved as the store's rules allow it; what is taken then gets by these rules, too.
TEST(JournalStore, A7_APlaceIsTheOneBehindWhatWasPosted) {
  SqliteBooks books{schemaOf(Engine::Sqlite) + ledgerRows()};
  ASSERT_EQ(books.run("update journal_head set sequence = 2; update number_series set last = 2"),
            "");
  const bulkhead_host host = table();
  bulkhead_transaction open{books.handle()};
  bulkhead::Transaction write{host, open};
  const auto head = JournalStore::takeHead(write, "t");
  EXPECT_EQ(head.sequence, 2);
  EXPECT_EQ(head.prev_hash, "h1");
  EXPECT_EQ(JournalStore::takeNumber(write, "t", 2026), 2);
  EXPECT_EQ(JournalStore::takeNumber(write, "t", 2027), 1);
  EXPECT_EQ(books.run("update journal_entry set state = 'posted', posted_at = 0, sequence = 2, "
                      "year = 2026, number = 2, prev_hash = 'h1', hash = 'h2' where id = 'd'"),
            "");
  EXPECT_EQ(JournalStore::takeHead(write, "t2").sequence, 1);
  EXPECT_EQ(JournalStore::takeHead(write, "t2").prev_hash, "");
}

}  // namespace
}  // namespace accounting
