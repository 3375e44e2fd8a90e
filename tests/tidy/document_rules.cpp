#include <filesystem>
#include <fmt/format.h>
#include <re2/re2.h>
#include <string>
#include <string_view>
#include <vector>

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

/// The code of a page, which is quoted from a file that is built and tested: behind a line
/// `<!-- quoted: FILE -->` the next code block is a part of FILE, line by line, and may stand
/// further left.
class Quotes {
 public:
  Quotes(const Repository& repository, const File& file) : repository_{repository}, file_{file} {}

  Findings check() {
    static const RE2 kMarker{R"(\s*<!-- quoted: (\S+) -->)"};
    int number = 0;
    std::string source;
    for (const auto line : linesOf(file_.text)) {
      ++number;
      if (in_block_ && line.starts_with("```")) {
        close();
      } else if (in_block_) {
        block_.emplace_back(line);
      } else if (RE2::FullMatch(piece(line), kMarker, &source)) {
        source_ = source;
      } else if (!source_.empty() && line.starts_with("```")) {
        in_block_ = true;
        line_ = number;
      } else if (!source_.empty() && !line.empty()) {
        add(number, "no code block follows the marker of a quotation", "put it right before one");
        source_.clear();
      }
    }
    return std::move(findings_);
  }

 private:
  void close() {
    if (!repository_.has(source_))
      add(line_, fmt::format("quotes {}, which is not there", source_), "name a file of this tree");
    else if (!isPart())
      add(line_, fmt::format("is not what {} says", source_), "copy the lines anew");
    in_block_ = false;
    source_.clear();
    block_.clear();
  }

  bool isPart() const {
    std::vector<std::string_view> lines;
    for (const auto& file : repository_.files()) {
      if (file.path == source_) lines = linesOf(file.text);
    }
    for (std::size_t begin = 0; begin + block_.size() <= lines.size(); ++begin) {
      if (fitsAt(lines, begin)) return true;
    }
    return false;
  }

  bool fitsAt(const std::vector<std::string_view>& lines, std::size_t begin) const {
    if (block_.empty() || lines[begin].size() < block_.front().size()) return false;
    const std::string indent(lines[begin].size() - block_.front().size(), ' ');
    for (std::size_t i = 0; i < block_.size(); ++i) {
      const std::string_view line = lines[begin + i];
      if (line != (block_[i].empty() ? block_[i] : indent + block_[i])) return false;
    }
    return true;
  }

  void add(int line, std::string what, std::string instead) {
    findings_.push_back({file_.path, line, std::move(what), std::move(instead)});
  }

  const Repository& repository_;
  const File& file_;
  Findings findings_;
  std::string source_;
  bool in_block_ = false;
  int line_ = 0;
  std::vector<std::string> block_;
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
    found = Quotes{repository, file}.check();
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return findings;
}

}  // namespace bulkhead::tidy
