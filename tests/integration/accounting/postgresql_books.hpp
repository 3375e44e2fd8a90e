#pragma once

#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace accounting {

/// A PostgreSQL of its own on a socket in a temporary folder; it ends with this. It refuses to run
/// as root, so it runs as nobody then.
class PostgreSqlBooks {
 public:
  /// Whether the server's programs are there.
  static bool areInstalled();

  PostgreSqlBooks();
  ~PostgreSqlBooks();
  PostgreSqlBooks(const PostgreSqlBooks&) = delete;
  PostgreSqlBooks& operator=(const PostgreSqlBooks&) = delete;

  /// Why it does not run; empty when it does.
  const std::string& trouble() const { return trouble_; }

  /// What the server says to a script: its complaints and the rows that it selects.
  std::string run(const std::string& script) const;
  /// A line of a script at which another connection runs the statement, and waits for no lock.
  std::string meanwhile(const std::string& statement) const;
  /// The first complaint about each text of statements, which is undone: empty for none.
  std::vector<std::string> complaintsAbout(const std::vector<std::string>& texts) const;

 private:
  std::string program(const std::string& name) const;
  std::string client() const;

  const bulkhead::TemporaryFolder folder_;
  std::string as_;  ///< what runs a program as another user
  std::string trouble_;
};

}  // namespace accounting
