#include "csv.hpp"

#include <algorithm>

namespace booking {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The length of the sequence at the front of `text`, or 0 when it is none.
std::size_t sequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x20) return first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  if (first < 0x80) return first == 0x7f ? 0 : 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool beyond = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || beyond ? 0 : length;
}

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

bool isPlainUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace booking
