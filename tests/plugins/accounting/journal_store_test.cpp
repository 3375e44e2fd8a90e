#include "journal_store.hpp"

#include <gtest/gtest.h>

#include "integration/accounting/statements.hpp"
#include "plugins/accounting/books_transaction.hpp"

namespace accounting {
namespace {

// Goal: head and series that were moved ahead and left there stop no posting. Method: both are
// moved as the store's rules allow it; what is taken then gets by these rules, too.
TEST(JournalStore, A7_APlaceIsTheOneBehindWhatWasPosted) {
  SqliteBooks books{schemaOf(Engine::Sqlite) + ledgerRows()};
  ASSERT_EQ(books.run("update journal_head set sequence = 2; update number_series set last = 2"),
            "");
  BooksTransaction transaction{books};
  bulkhead::Transaction& write = transaction.write();
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
