#pragma once

#include <string>
#include <vector>

#include "postgresql_server.hpp"

namespace accounting {

/// A server for books that a script keeps.
class PostgreSqlBooks {
 public:
  /// Why it does not run; empty when it does.
  const std::string& trouble() const { return server_.trouble(); }

  /// What the server says to a script: its complaints and the rows that it selects.
  std::string run(const std::string& script) const { return server_.run(script); }
  /// A line of a script at which another connection runs the statement, and waits for no lock.
  std::string meanwhile(const std::string& statement) const;
  /// The first complaint about each text of statements, which is undone: empty for none.
  std::vector<std::string> complaintsAbout(const std::vector<std::string>& texts) const;

 private:
  const bulkhead::PostgresqlServer server_;
};

}  // namespace accounting
