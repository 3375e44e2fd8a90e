#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace booking {

/// Reads RFC 4180 record by record from text that outlives it: quotes, doubled quotes, line breaks
/// within quotes; records end in CRLF or LF; a byte order mark is skipped, and so are empty lines.
class CsvReader {
 public:
  CsvReader(std::string_view text, char delimiter);

  enum class Read {
    Record,
    End,
    Malformed,  ///< text behind a closing quote, a quote within plain text, or one that never
                ///< closes
  };
  /// The next record's fields. After Malformed there is nothing more to read.
  Read next(std::vector<std::string>& fields);

  /// The line that the record begins on, from 1.
  std::size_t line() const { return record_line_; }

 private:
  bool readField(std::string& field);
  bool readQuoted(std::string& field);
  bool takeLineEnd();
  bool takeDelimiter();

  std::string_view rest_;
  const char delimiter_;
  std::size_t line_ = 1;
  std::size_t record_line_ = 0;
};

/// Whether `text` is UTF-8 (RFC 3629) without control characters but tab and line breaks.
bool isPlainUtf8(std::string_view text);

}  // namespace booking
