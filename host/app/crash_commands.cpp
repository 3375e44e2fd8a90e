#include "app/crash_commands.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "app/command.hpp"
#include "app/data_folder.hpp"
#include "config/text_file.hpp"
#include "logging/crash_records.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array kShown{"time", "signal", "plugin", "step", "route", "version"};

std::vector<CrashRecord> recordsOf(const CommandLine& line) {
  const ConfigurationReading reading = Configuration::read(configurationSources(line));
  return readCrashRecords(reading.configuration.settings().paths.data_dir / kCrashFolder);
}

void writeRecord(JsonWriter& out, const CrashRecord& record) {
  out.beginObject();
  out.member("name", record.name);
  for (const auto& [name, value] : record.facts) out.member(name, value);
  out.endObject();
}

}  // namespace

int runCrashList(const CommandLine& line) {
  const auto records = recordsOf(line);
  if (line.has("json")) {
    fmt::print("{}\n", toJson([&](JsonWriter& out) { out.array(records, writeRecord); }));
    return kExitOk;
  }
  for (const auto& record : records) {
    fmt::print("{}", record.name);
    for (const char* name : kShown)
      fmt::print("  {}", record.fact(name).empty() ? "-" : record.fact(name));
    fmt::print("\n");
  }
  if (records.empty()) fmt::print("No crash has been recorded.\n");
  return kExitOk;
}

int runCrashShow(const CommandLine& line) {
  const auto records = recordsOf(line);
  if (records.empty()) throw Error::app("NO_CRASH", "No crash has been recorded.");
  auto chosen = records.begin();
  if (line.arguments() != 0) {
    chosen = std::find_if(records.begin(), records.end(), [&](const CrashRecord& record) {
      return record.name == line.argument(0, "NAME");
    });
    if (chosen == records.end())
      throw Error::app("NO_CRASH", "There is no such record; see bulkhead crash list.");
  }
  fmt::print("{}", readTextFile(chosen->file));
  return kExitOk;
}

}  // namespace bulkhead::host
