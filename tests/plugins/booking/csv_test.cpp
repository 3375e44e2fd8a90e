#include "csv.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace booking {
namespace {

using Table = std::vector<std::vector<std::string>>;

/// Every record; empty and with a mark at the end when it is malformed.
Table tableOf(std::string_view text, char delimiter = ',') {
  CsvReader reader{text, delimiter};
  Table table;
  std::vector<std::string> fields;
  while (true) {
    const auto read = reader.next(fields);
    if (read == CsvReader::Read::End) return table;
    if (read == CsvReader::Read::Malformed) {
      table.push_back({"<malformed>"});
      return table;
    }
    table.push_back(fields);
  }
}

TEST(Csv, ReadsWhatRfc4180Allows) {
  EXPECT_EQ(tableOf("a,b\r\nc,d\r\n"), (Table{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(tableOf("a,b\nc,d"), (Table{{"a", "b"}, {"c", "d"}})) << "no break at the end";
  EXPECT_EQ(tableOf(",\r\n"), (Table{{"", ""}}));
  EXPECT_EQ(tableOf("\"a\",\"b \"\"c\"\"\"\r\n"), (Table{{"a", "b \"c\""}}));
  EXPECT_EQ(tableOf("\"a,b\",\"c\r\nd\"\r\n"), (Table{{"a,b", "c\r\nd"}}));
  EXPECT_EQ(tableOf("\"\",\"\""), (Table{{"", ""}}));
  EXPECT_EQ(tableOf("\xEF\xBB\xBF\"a\",b"), (Table{{"a", "b"}})) << "a byte order mark";
  EXPECT_EQ(tableOf("a;b\n1,5;2", ';'), (Table{{"a", "b"}, {"1,5", "2"}}));
  EXPECT_EQ(tableOf("\r\na\n\n\r\nb\n"), (Table{{"a"}, {"b"}})) << "empty lines";
  EXPECT_EQ(tableOf(""), Table{});
}

TEST(Csv, RefusesWhatCouldBeReadInTwoWays) {
  for (const char* text : {"\"a", "\"a\"b", "a\"b\"", "\"a\" ,b", "a\rb", "\"\"\"", "x,\"y\"z\n"}) {
    EXPECT_EQ(tableOf(text).back(), std::vector<std::string>{"<malformed>"}) << text;
  }
}

TEST(Csv, TellsTheLineOfARecord) {
  CsvReader reader{"a\r\n\r\n\"b\nb\"\nc", ','};
  std::vector<std::string> fields;
  std::vector<std::size_t> lines;
  while (reader.next(fields) == CsvReader::Read::Record) lines.push_back(reader.line());
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 3, 5}));
}

// Goal: whatever is written by the rules is read back. Method: any fields of letters that matter.
RC_GTEST_PROP(Csv, ReadsBackWhateverIsWritten, ()) {
  const auto cell =
      rc::gen::container<std::string>(rc::gen::element('a', ',', '"', '\n', '\r', ' '));
  const auto row = rc::gen::container<std::vector<std::string>>(3, cell);
  const auto table = *rc::gen::container<Table>(row);
  std::string text;
  for (const auto& fields : table) {
    for (const auto& field : fields) {
      std::string quoted;
      for (const char c : field) quoted += c == '"' ? std::string{"\"\""} : std::string{c};
      if (&field != &fields.front()) text += ',';
      text += '"' + quoted + '"';
    }
    text += "\r\n";
  }
  RC_ASSERT(tableOf(text) == table);
}

TEST(Csv, KnowsPlainUtf8) {
  for (const char* text :
       {"", "Ann", "J\xC3\xBCrgen", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "a\tb\r\n"}) {
    EXPECT_TRUE(isPlainUtf8(text)) << text;
  }
  for (const char* text : {"J\xFCrgen", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF5\x80\x80\x80", "\xF4\x90\x80\x80", "a\x01", "\x7f"}) {
    EXPECT_FALSE(isPlainUtf8(text)) << text;
  }
  EXPECT_FALSE(isPlainUtf8(std::string_view{"a\0b", 3}));
}

}  // namespace
}  // namespace booking
