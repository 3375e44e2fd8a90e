#include "config/properties_file.hpp"

#include <Poco/UTF8Encoding.h>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "config/configuration_problem.hpp"
#include "config/text_file.hpp"

namespace bulkhead::host {
namespace {

bool isBlank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

std::string_view withoutLeadingBlanks(std::string_view text) {
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  return text;
}

bool endsInContinuation(std::string_view line) {
  std::size_t backslashes = 0;
  while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

/// Appends the character of `\uXXXX` or of a surrogate pair and says how much of `text` it took.
std::size_t appendUnicodeEscape(std::string_view text, std::string& out) {
  const auto unit = [&](std::size_t at) -> int {
    if (text.size() < at + 6 || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int code = 0;
    const char* const end = text.data() + at + 6;
    return std::from_chars(text.data() + at + 2, end, code, 16).ptr == end ? code : -1;
  };
  int code = unit(0);
  std::size_t taken = 6;
  if (code >= 0xD800 && code < 0xDC00) {
    const int low = unit(6);
    if (low < 0xDC00 || low > 0xDFFF) return 0;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    taken = 12;
  } else if (code <= 0 || (code >= 0xDC00 && code < 0xE000)) {
    return 0;
  }
  unsigned char bytes[4];
  const int length = Poco::UTF8Encoding{}.convert(code, bytes, 4);
  out.append(bytes, bytes + length);
  return taken;
}

/// Appends one character, which may be escaped; returns how much it took, 0 for a broken escape.
std::size_t appendCharacter(std::string_view text, std::string& out) {
  if (text[0] != '\\') {
    out += text[0];
    return 1;
  }
  if (text.size() < 2) return 0;
  static constexpr std::string_view kNames = "ntrf\\#!=: \"'$";
  static constexpr std::string_view kMeanings = "\n\t\r\f\\#!=: \"'$";
  if (text[1] == 'u') return appendUnicodeEscape(text, out);
  const std::size_t at = kNames.find(text[1]);
  if (at == std::string_view::npos) return 0;
  out += kMeanings[at];
  return 2;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : rest_{text}, name_{name} {}

  std::vector<PropertyEntry> run() {
    while (auto line = nextLogicalLine()) readEntry(*line);
    if (!problems_.empty()) throw ConfigurationProblems{std::move(problems_)};
    return std::move(entries_);
  }

 private:
  std::optional<std::string_view> nextLine() {
    if (rest_.empty()) return std::nullopt;
    const std::size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++line_;
    return line;
  }

  /// The next entry's text with its continuations joined; `entry_line_` is where it begins.
  std::optional<std::string> nextLogicalLine() {
    while (const auto line = nextLine()) {
      const std::string_view text = withoutLeadingBlanks(*line);
      if (text.empty() || text.front() == '#' || text.front() == '!') continue;
      entry_line_ = line_;
      std::string joined{text};
      while (endsInContinuation(joined)) {
        joined.pop_back();
        joined += withoutLeadingBlanks(nextLine().value_or(""));
      }
      return joined;
    }
    return std::nullopt;
  }

  void readEntry(std::string_view text) {
    PropertyEntry entry;
    entry.line = entry_line_;
    std::size_t at = 0;
    while (at < text.size() && text[at] != '=' && text[at] != ':') {
      if (!take(text, at, entry.key)) return;
    }
    while (!entry.key.empty() && isBlank(entry.key.back())) entry.key.pop_back();
    if (at == text.size()) return complain(entry.key, "\"name = value\"");
    if (entry.key.empty()) return complain("", "a name before \"=\"");
    text = withoutLeadingBlanks(text.substr(at + 1));
    std::size_t kept = 0;  // trailing blanks go, escaped ones stay
    for (at = 0; at < text.size();) {
      const bool blank = isBlank(text[at]);
      if (!take(text, at, entry.value)) return;
      if (!blank) kept = entry.value.size();
    }
    entry.value.resize(kept);
    add(std::move(entry));
  }

  bool take(std::string_view text, std::size_t& at, std::string& out) {
    const std::size_t taken = appendCharacter(text.substr(at), out);
    if (taken == 0) {
      complain("", "a known escape after \"\\\" (write \"\\\\\" for the character itself)");
    }
    at += taken;
    return taken != 0;
  }

  void add(PropertyEntry entry) {
    for (const PropertyEntry& other : entries_) {
      if (other.key == entry.key) {
        return complain(entry.key,
                        fmt::format("one value only, and line {} already has one", other.line));
      }
    }
    entries_.push_back(std::move(entry));
  }

  void complain(const std::string& key, std::string expected) {
    problems_.push_back({name_, entry_line_, key, "", std::move(expected), ""});
  }

  std::string_view rest_;
  const std::string& name_;
  int line_ = 0;
  int entry_line_ = 0;
  std::vector<PropertyEntry> entries_;
  std::vector<ConfigurationProblem> problems_;
};

}  // namespace

PropertiesFile PropertiesFile::read(const std::filesystem::path& file) {
  return parse(readTextFile(file), file.string());
}

PropertiesFile PropertiesFile::parse(std::string_view text, std::string name) {
  PropertiesFile file;
  file.name_ = std::move(name);
  file.entries_ = Reader{text, file.name_}.run();
  return file;
}

const PropertyEntry* PropertiesFile::find(std::string_view key) const {
  for (const PropertyEntry& entry : entries_) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

}  // namespace bulkhead::host
