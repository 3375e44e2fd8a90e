#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <re2/re2.h>
#include <set>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

constexpr std::string_view kTable = "docs/requirements.tsv";
constexpr std::string_view kSkips = "tests/skips.txt";

struct Row {
  int line = 0;
  std::string tests;
};

struct NamedTest {
  const File* file;
  Test test;
};

std::vector<std::string> fieldsOf(std::string_view line, char separator) {
  std::vector<std::string> fields;
  while (true) {
    const auto end = std::min(line.find(separator), line.size());
    fields.emplace_back(line.substr(0, end));
    if (end == line.size()) return fields;
    line.remove_prefix(end + 1);
  }
}

/// The ids that a test's name holds as words: `S59_BodyHasTheFourFields`.
std::vector<std::string> idsOf(const std::string& test) {
  static const RE2 kId{"[SCAB][1-9][0-9]*"};
  std::vector<std::string> ids;
  for (auto& word : fieldsOf(test, '_')) {
    if (RE2::FullMatch(word, kId)) ids.push_back(std::move(word));
  }
  return ids;
}

class RequirementCheck {
 public:
  explicit RequirementCheck(const Repository& repository) : repository_{repository} { readTests(); }

  Findings run() {
    const auto* table = repository_.find(kTable);
    if (table == nullptr) return {{std::string{kTable}, 0, "is missing", "list every requirement"}};
    checkRows(table->text);
    checkCompleteness();
    checkListed();
    return std::move(findings_);
  }

 private:
  void readTests() {
    for (const auto& file : repository_.files()) {
      if (!isCode(file.path) || file.path.starts_with("tests/tidy/")) continue;
      for (auto& test : testsOf(file.text)) {
        const auto name = fmt::format("{}.{}", test.suite, test.name);
        tests_.insert_or_assign(name, NamedTest{&file, std::move(test)});
      }
    }
  }

  void checkRows(std::string_view text) {
    int number = 0;
    for (const auto line : linesOf(text)) {
      if (++number == 1) continue;
      const auto fields = fieldsOf(line, '\t');
      if (fields.size() != 4) {
        add(number, "is not id, statement, test, state", "separate four columns by tabs");
      } else {
        checkRow(number, fields);
      }
    }
  }

  void checkRow(int line, const std::vector<std::string>& fields) {
    const auto& [id, statement, tests, state] =
        std::tie(fields[0], fields[1], fields[2], fields[3]);
    if (!rows_.emplace(id, Row{line, tests}).second)
      add(line, id + " is listed twice", "keep one row");
    if (statement.empty()) add(line, id + " has no statement", "say in short what must hold");
    if (state != "whole" && state != "partly" && state != "open") {
      add(line, fmt::format("state `{}`", state), "use whole, partly or open");
    } else if ((state == "open") != tests.empty()) {
      add(line, fmt::format("{} is {} with test `{}`", id, state, tests),
          "name the test that proves it, or say open");
    }
    if (!tests.empty()) checkTests(line, id, tests);
  }

  void checkTests(int line, const std::string& id, const std::string& tests) {
    for (auto& name : fieldsOf(tests, ',')) {
      name.erase(0, name.find_first_not_of(' '));
      const auto words = fieldsOf(name.substr(name.find('.') + 1), '_');
      if (!tests_.contains(name)) {
        add(line, fmt::format("no test is called {}", name), "run tools/requirements --write");
      } else if (std::find(words.begin(), words.end(), id) == words.end()) {
        add(line, fmt::format("{} does not name {}", name, id), "put the id into the test's name");
      }
    }
  }

  void checkCompleteness() {
    const auto expect = [&](std::string_view letter, int last) {
      for (int i = 1; i <= last; ++i) {
        const auto id = fmt::format("{}{}", letter, i);
        if (!rows_.contains(id)) add(0, id + " is missing", "give it a row");
      }
    };
    expect("S", 135);
    expect("C", 36);
  }

  void checkListed() {
    for (const auto& [name, named] : tests_) {
      for (const auto& id : idsOf(named.test.name)) {
        const auto row = rows_.find(id);
        if (row != rows_.end() && lists(row->second.tests, name)) continue;
        findings_.push_back({named.file->path, named.test.line,
                             fmt::format("{} names {} and {} does not list it", name, id, kTable),
                             "run tools/requirements --write"});
      }
    }
  }

  static bool lists(const std::string& tests, const std::string& name) {
    const auto names = fieldsOf(tests, ',');
    return std::any_of(names.begin(), names.end(), [&](const std::string& listed) {
      return listed == name || listed == " " + name;
    });
  }

  void add(int line, std::string what, std::string instead) {
    findings_.push_back({std::string{kTable}, line, std::move(what), std::move(instead)});
  }

  const Repository& repository_;
  std::map<std::string, NamedTest> tests_;
  std::map<std::string, Row> rows_;
  Findings findings_;
};

void checkSkips(const Repository& repository, Findings& findings) {
  const auto* skips = repository.find(kSkips);
  int number = 0;
  for (const auto line : linesOf(skips == nullptr ? std::string_view{} : skips->text)) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const auto fields = fieldsOf(line, '\t');
    if (fields.size() != 2 || fields[0].empty() || fields[1].empty()) {
      findings.push_back({std::string{kSkips}, number, "is not a test and a reason",
                          "write Suite.Case, a tab, and why it may be skipped"});
    }
  }
}

}  // namespace

Findings checkRequirements(const Repository& repository) {
  auto findings = RequirementCheck{repository}.run();
  checkSkips(repository, findings);
  return findings;
}

}  // namespace bulkhead::tidy
