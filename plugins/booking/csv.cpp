#include "csv.hpp"

#include <algorithm>

namespace booking {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::string_view text, char delimiter) : rest_{text}, delimiter_{delimiter} {
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

CsvReader::Read CsvReader::next(std::vector<std::string>& fields) {
  fields.clear();
  while (takeLineEnd()) ++line_;
  record_line_ = line_;
  if (rest_.empty()) return Read::End;
  while (true) {
    if (!readField(fields.emplace_back())) {
      rest_ = {};
      return Read::Malformed;
    }
    if (takeDelimiter()) continue;
    if (takeLineEnd()) ++line_;
    return Read::Record;
  }
}

/// False unless a delimiter, a line's end or the text's end follows.
bool CsvReader::readField(std::string& field) {
  if (rest_.starts_with('"')) {
    if (!readQuoted(field)) return false;
  } else {
    const auto end = std::find_if(rest_.begin(), rest_.end(), [this](char c) {
      return c == delimiter_ || c == '\n' || c == '\r' || c == '"';
    });
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    field = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  return rest_.empty() || rest_.front() == delimiter_ || rest_.starts_with('\n') ||
         rest_.starts_with("\r\n");
}

bool CsvReader::readQuoted(std::string& field) {
  rest_.remove_prefix(1);
  while (true) {
    const auto quote = rest_.find('"');
    if (quote == std::string_view::npos) return false;
    const auto piece = rest_.substr(0, quote);
    line_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    field += piece;
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) return true;
    field += '"';
    rest_.remove_prefix(1);
  }
}

bool CsvReader::takeLineEnd() {
  const std::size_t size = rest_.starts_with("\r\n") ? 2 : rest_.starts_with('\n') ? 1 : 0;
  rest_.remove_prefix(size);
  return size > 0;
}

bool CsvReader::takeDelimiter() {
  if (rest_.empty() || rest_.front() != delimiter_) return false;
  rest_.remove_prefix(1);
  return true;
}

}  // namespace booking
