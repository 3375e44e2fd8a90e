#include "data/sql_words.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace bulkhead::host::data {
namespace {

constexpr std::array<std::string_view, 20> kControls = {
    "abort",   "begin",   "checkpoint", "close",    "commit",    "copy", "deallocate",
    "discard", "end",     "execute",    "fetch",    "listen",    "load", "notify",
    "prepare", "release", "reset",      "rollback", "savepoint", "set"};

bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void skipTo(std::string_view& sql, std::string_view end) {
  const auto at = sql.find(end);
  sql.remove_prefix(at == std::string_view::npos ? sql.size() : at + end.size());
}

void skipBlanks(std::string_view& sql) {
  for (;;) {
    sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n;"), sql.size()));
    if (sql.starts_with("--"))
      skipTo(sql, "\n");
    else if (sql.starts_with("/*"))
      skipTo(sql, "*/");
    else
      return;
  }
}

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes `word` from the beginning, whatever its case, and the blanks before it.
bool takeWord(std::string_view& sql, std::string_view word) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n"), sql.size()));
  if (sql.size() < word.size()) return false;
  const bool same = std::equal(word.begin(), word.end(), sql.begin(),
                               [](char wanted, char c) { return wanted == (c | 0x20); });
  if (same) sql.remove_prefix(word.size());
  return same;
}

}  // namespace

bool controlsTransaction(std::string_view sql) {
  skipBlanks(sql);
  std::string word;
  for (const char c : sql) {
    if (!isLetter(c)) break;
    word += static_cast<char>(c | 0x20);
  }
  return word == "start" || word == "unlisten" ||
         std::find(kControls.begin(), kControls.end(), word) != kControls.end();
}

bool asksForNullFirst(std::string_view sql, std::size_t number) {
  const std::string name = "$" + std::to_string(number);
  for (auto at = sql.find(name); at != std::string_view::npos; at = sql.find(name, at + 1)) {
    std::string_view rest = sql.substr(at + name.size());
    if (!rest.empty() && isDigit(rest.front())) continue;
    return takeWord(rest, "is") && takeWord(rest, "null");
  }
  return false;
}

}  // namespace bulkhead::host::data
