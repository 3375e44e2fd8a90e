#include "config/env_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "config/configuration_problem.hpp"
#include "config/text_file.hpp"

namespace bulkhead::host {
namespace {

bool isBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool isNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool isVariableName(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), isNameCharacter);
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_{text}, file_{file} {}

  std::vector<PropertyEntry> run() {
    while (at_ < text_.size()) {
      readLine();
      skipLine();
    }
    if (!problems_.empty()) throw ConfigurationProblems{std::move(problems_)};
    return std::move(entries_);
  }

 private:
  bool atEndOfLine() const { return at_ >= text_.size() || text_[at_] == '\n'; }

  void skipBlanks() {
    while (!atEndOfLine() && isBlank(text_[at_])) ++at_;
  }

  void skipLine() {
    while (!atEndOfLine()) ++at_;
    if (at_ < text_.size()) ++at_;
    ++line_;
  }

  void readLine() {
    skipBlanks();
    if (atEndOfLine() || text_[at_] == '#') return;
    entry_line_ = line_;
    std::string name = readName();
    skipBlanks();
    if (name == "export" && !atEndOfLine() && text_[at_] != '=') {
      name = readName();
      skipBlanks();
    }
    if (!isVariableName(name) || atEndOfLine() || text_[at_] != '=') {
      return complain(name, "NAME=value, the name in letters, digits and underscores");
    }
    ++at_;
    if (auto value = readValue(name)) add({std::move(name), std::move(*value), entry_line_});
  }

  std::string readName() {
    const std::size_t begin = at_;
    while (!atEndOfLine() && isNameCharacter(text_[at_])) ++at_;
    return std::string{text_.substr(begin, at_ - begin)};
  }

  std::optional<std::string> readValue(const std::string& name) {
    skipBlanks();
    if (atEndOfLine() || (text_[at_] != '"' && text_[at_] != '\'')) return readBareValue();
    auto value = readQuotedValue(text_[at_++]);
    if (!value) {
      complain(name, "a closing quote");
      return std::nullopt;
    }
    skipBlanks();
    if (!atEndOfLine() && text_[at_] != '#') {
      complain(name, "nothing after the closing quote but a comment");
      return std::nullopt;
    }
    return value;
  }

  std::string readBareValue() {
    const std::size_t begin = at_;
    while (!atEndOfLine() && !(text_[at_] == '#' && (at_ == begin || isBlank(text_[at_ - 1])))) {
      ++at_;
    }
    std::size_t end = at_;
    while (end > begin && isBlank(text_[end - 1])) --end;
    return std::string{text_.substr(begin, end - begin)};
  }

  std::optional<std::string> readQuotedValue(char quote) {
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\n') ++line_;
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) {
        appendEscape(text_[++at_], value);
      } else {
        value += text_[at_];
      }
      ++at_;
    }
    if (at_ >= text_.size()) return std::nullopt;
    ++at_;
    return value;
  }

  static void appendEscape(char c, std::string& value) {
    static constexpr std::string_view kNames = "nrt\"\\$";
    static constexpr std::string_view kMeanings = "\n\r\t\"\\$";
    const std::size_t at = kNames.find(c);
    if (at == std::string_view::npos) value += '\\';
    value += at == std::string_view::npos ? c : kMeanings[at];
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
    problems_.push_back({file_, entry_line_, key, "", std::move(expected), ""});
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  int line_ = 1;
  int entry_line_ = 1;
  std::vector<PropertyEntry> entries_;
  std::vector<ConfigurationProblem> problems_;
};

}  // namespace

EnvFile EnvFile::read(const std::filesystem::path& file) {
  return parse(readTextFile(file), file.string());
}

EnvFile EnvFile::parse(std::string_view text, std::string name) {
  EnvFile file;
  file.name_ = std::move(name);
  file.entries_ = Reader{text, file.name_}.run();
  return file;
}

const PropertyEntry* EnvFile::find(std::string_view name) const {
  for (const PropertyEntry& entry : entries_) {
    if (entry.key == name) return &entry;
  }
  return nullptr;
}

}  // namespace bulkhead::host
