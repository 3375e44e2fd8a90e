#include <filesystem>
#include <fmt/format.h>
#include <re2/re2.h>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

bool exists(const Repository& repository, const std::string& path) {
  return path.empty() || path == "." || repository.has(path) || repository.hasFolder(path);
}

/// One Markdown page, read outside its code blocks.
class Page {
 public:
  Page(const Repository& repository, const File& file) : repository_{repository}, file_{file} {}

  Findings check() {
    int number = 0;
    bool in_code = false;
    for (const auto line : linesOf(file_.text)) {
      ++number;
      const auto text = line.substr(std::min(line.find_first_not_of(' '), line.size()));
      if (text.starts_with("```") || text.starts_with("~~~")) {
        in_code = !in_code;
      } else if (!in_code) {
        titles_ += line.starts_with("# ") ? 1 : 0;
        checkLinks(line, number);
      }
    }
    if (titles_ != 1) add(0, fmt::format("{} titles (`# `)", titles_), "give the page exactly one");
    return std::move(findings_);
  }

 private:
  void checkLinks(std::string_view line, int number) {
    static const RE2 kCode{"`[^`]*`"};
    static const RE2 kLink{R"(\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\))"};
    std::string prose{line};
    RE2::GlobalReplace(&prose, kCode, "");
    re2::StringPiece rest{prose};
    std::string target;
    while (RE2::FindAndConsume(&rest, kLink, &target)) checkLink(target, number);
  }

  void checkLink(std::string target, int number) {
    static const RE2 kElsewhere{"[a-z][a-z+.-]*:.*"};
    if (RE2::FullMatch(target, kElsewhere) || target.starts_with('#')) return;
    target.resize(std::min(target.find('#'), target.size()));
    const std::filesystem::path folder{folderOf(file_.path)};
    auto path = (folder / target).lexically_normal().generic_string();
    if (path.ends_with('/')) path.pop_back();
    if (target.starts_with('/') || !exists(repository_, path)) {
      add(number, fmt::format("the link {} leads nowhere", target), "link to a file of this tree");
    }
  }

  void add(int line, std::string what, std::string instead) {
    findings_.push_back({file_.path, line, std::move(what), std::move(instead)});
  }

  const Repository& repository_;
  const File& file_;
  Findings findings_;
  int titles_ = 0;
};

/// Paths and hosts of the machine that a file was written on.
void checkMachine(const File& file, Findings& findings) {
  static const RE2 kMachine{R"((?:^|[^\w./-])(/wo)"
                            R"(rk/[\w.-]+|/ho)"
                            R"(me/\w+|/ro)"
                            R"(ot/[\w.-]+|/tmp/bash)"
                            R"(_jobs))"};
  static const RE2 kHost{R"(\b(registry\.np)"
                         R"(mjs\.org|py)"
                         R"(pi\.org|files\.pyt)"
                         R"(honhosted\.org|deb\.deb)"
                         R"(ian\.org|proxy\.go)"
                         R"(lang\.org|crates\.)"
                         R"(io)\b)"};
  int number = 0;
  for (const auto line : linesOf(file.text)) {
    ++number;
    std::string found;
    if (RE2::PartialMatch(piece(line), kMachine, &found) ||
        RE2::PartialMatch(piece(line), kHost, &found)) {
      findings.push_back({file.path, number, fmt::format("{} is of one machine", found),
                          "say it relative to the repository, or leave it out"});
    }
  }
}

}  // namespace

Findings checkDocuments(const Repository& repository) {
  Findings findings;
  for (const auto& file : repository.files()) {
    checkMachine(file, findings);
    if (!file.path.ends_with(".md")) continue;
    auto found = Page{repository, file}.check();
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return findings;
}

}  // namespace bulkhead::tidy
