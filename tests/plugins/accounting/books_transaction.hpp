#pragma once

#include <memory>
#include <string>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "integration/accounting/sqlite_books.hpp"

namespace accounting {

/// Books behind the waist's own table, as the plugin's stores see them.
class BooksTransaction {
 public:
  explicit BooksTransaction(SqliteBooks& books);
  ~BooksTransaction();
  BooksTransaction(const BooksTransaction&) = delete;
  BooksTransaction& operator=(const BooksTransaction&) = delete;

  bulkhead::Transaction& write() { return write_; }
  /// All that was asked for so far.
  const std::vector<std::string>& statements() const;

 private:
  const std::unique_ptr<bulkhead_transaction> open_;
  bulkhead::Transaction write_;
};

}  // namespace accounting
