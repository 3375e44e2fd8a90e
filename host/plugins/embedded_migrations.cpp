#include "plugins/embedded_migrations.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include <bulkhead/error.hpp>

#include "plugins/plugin_state.hpp"
#include "plugins/strict_json.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

EmbeddedMigration readMigration(const json& document, const std::string& pointer,
                                DocumentProblems& problems) {
  ObjectReader reader{document, pointer, problems};
  EmbeddedMigration migration;
  migration.engine = reader.text("engine", true, "\"sqlite\" or \"postgresql\"");
  if (migration.engine != "sqlite" && migration.engine != "postgresql") {
    problems.expected(reader.pointerOf("engine"), migration.engine, "\"sqlite\" or \"postgresql\"");
  }
  migration.name = reader.text("name", true, "a name");
  const json* number = reader.require("number", "an integer from 1");
  if (number != nullptr) {
    if (!number->is_number_integer() || *number < 1 || *number > 9999) {
      problems.expected(reader.pointerOf("number"), *number, "an integer from 1 to 9999");
    } else {
      migration.number = number->get<int>();
    }
  }
  const json* sql = reader.require("sql", "SQL text");
  if (sql != nullptr) {
    if (sql->is_string()) {
      migration.sql = sql->get<std::string>();
    } else {
      problems.expected(reader.pointerOf("sql"), *sql, "SQL text");
    }
  }
  reader.finish();
  return migration;
}

void checkNumbers(const std::vector<EmbeddedMigration>& migrations, DocumentProblems& problems) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    const bool first = i == 0 || migrations[i].engine != migrations[i - 1].engine;
    const int expected = first ? 1 : migrations[i - 1].number + 1;
    if (migrations[i].number != expected) {
      problems.add("", fmt::format("has migration {} of {} where number {} is expected",
                                   migrations[i].number, migrations[i].engine, expected));
    }
  }
}

}  // namespace

std::vector<EmbeddedMigration> parseMigrations(std::string_view text, std::string_view file) {
  std::vector<EmbeddedMigration> migrations;
  if (text.empty()) return migrations;
  DocumentProblems problems;
  try {
    const json document = parseStrictJson(text);
    if (!document.is_array()) problems.expected("", document, "an array");
    for (std::size_t i = 0; document.is_array() && i < document.size(); ++i) {
      migrations.push_back(readMigration(document[i], fmt::format("/{}", i), problems));
    }
  } catch (const Error& error) {
    throw PluginRefusal{PluginState::Refused,
                        fmt::format("{}: its list of migrations {}", file, error.message())};
  }
  std::stable_sort(migrations.begin(), migrations.end(), [](const auto& a, const auto& b) {
    return std::tie(a.engine, a.number) < std::tie(b.engine, b.number);
  });
  if (problems.empty()) checkNumbers(migrations, problems);
  if (!problems.empty()) {
    throw PluginRefusal{PluginState::Refused,
                        fmt::format("{}: in its list of migrations {}", file, problems.text())};
  }
  return migrations;
}

}  // namespace bulkhead::host
