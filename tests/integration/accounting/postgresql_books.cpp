#include "integration/accounting/postgresql_books.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <unistd.h>

namespace accounting {
namespace {

constexpr uid_t kNobody = 65534;
constexpr std::string_view kMark = "next statement\n";

/// What the shell prints for `command`, errors included.
std::string printed(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen((command + " 2>&1").c_str(), "r"), pclose};
  std::string text;
  for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get())) text += static_cast<char>(c);
  return text;
}

std::string programsFolder() {
  std::string newest;
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql", none}) {
    const auto folder = version.path() / "bin";
    if (std::filesystem::exists(folder / "initdb")) newest = std::max(newest, folder.string());
  }
  return newest;
}

}  // namespace

bool PostgreSqlBooks::areInstalled() {
  return !programsFolder().empty();
}

PostgreSqlBooks::PostgreSqlBooks() {
  if (geteuid() == 0) {
    as_ = "setpriv --reuid=nobody --regid=nogroup --clear-groups ";
    if (chown(folder_.path().c_str(), kNobody, kNobody) != 0) trouble_ = "chown failed";
  }
  const std::string made = printed(fmt::format(
      "cd / && {0} -D {2}/data -U books -A trust --no-sync && {1} -D {2}/data -w -l {2}/log "
      "-o '-k {2} -c listen_addresses= -c fsync=off' start",
      program("initdb"), program("pg_ctl"), folder_.path().string()));
  if (made.find("server started") == std::string::npos) trouble_ = made;
}

PostgreSqlBooks::~PostgreSqlBooks() {
  printed(fmt::format("cd / && {} -D {}/data -m immediate -w stop", program("pg_ctl"),
                      folder_.path().string()));
}

std::string PostgreSqlBooks::program(const std::string& name) const {
  return as_ + programsFolder() + '/' + name;
}

std::string PostgreSqlBooks::client() const {
  return fmt::format("{}/psql -X -q -t -A -v VERBOSITY=terse -h {} -U books -d postgres",
                     programsFolder(), folder_.path().string());
}

std::string PostgreSqlBooks::run(const std::string& script) const {
  const std::filesystem::path file = folder_ / "script.sql";
  std::ofstream{file} << script;
  return printed(fmt::format("{} -f {}", client(), file.string()));
}

std::string PostgreSqlBooks::meanwhile(const std::string& statement) const {
  return fmt::format("\\! PGOPTIONS='-c lock_timeout=100ms' {} -c \"{}\" 2>&1\n", client(),
                     statement);
}

// Marks go where complaints go, and so come out in order.
std::vector<std::string> PostgreSqlBooks::complaintsAbout(
    const std::vector<std::string>& texts) const {
  std::string script;
  for (const std::string& text : texts) {
    script += "\\warn " + std::string{kMark} + "begin;\n" + text +
              ";\nset constraints all immediate;\nrollback;\n";
  }
  const std::string said = run(script);
  std::vector<std::string> complaints;
  for (auto at = said.find(kMark); at != std::string::npos; at = said.find(kMark, at + 1)) {
    const auto end = std::min(said.find(kMark, at + 1), said.size());
    const auto error = std::min(said.find("ERROR:  ", at), end);
    complaints.push_back(said.substr(error, std::min(said.find('\n', error), end) - error));
  }
  return complaints;
}

}  // namespace accounting
