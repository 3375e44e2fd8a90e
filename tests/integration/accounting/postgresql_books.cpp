#include "integration/accounting/postgresql_books.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace accounting {
namespace {

constexpr std::string_view kMark = "next statement\n";

}  // namespace

std::string PostgreSqlBooks::meanwhile(const std::string& statement) const {
  return fmt::format("\\! PGOPTIONS='-c lock_timeout=100ms' {} -c \"{}\" 2>&1\n", server_.client(),
                     statement);
}

// Marks go where complaints go, and so come out in order.
std::vector<std::string> PostgreSqlBooks::complaintsAbout(
    const std::vector<std::string>& texts) const {
  std::string script;
  for (const std::string& text : texts) {
    script += "\\warn " + std::string{kMark} + "begin;\n" + text +
              ";\nset constraints all immediate;\nrollback;\n";
  }
  const std::string said = run(script);
  std::vector<std::string> complaints;
  for (auto at = said.find(kMark); at != std::string::npos; at = said.find(kMark, at + 1)) {
    const auto end = std::min(said.find(kMark, at + 1), said.size());
    const auto error = std::min(said.find("ERROR:  ", at), end);
    complaints.push_back(said.substr(error, std::min(said.find('\n', error), end) - error));
  }
  return complaints;
}

}  // namespace accounting
