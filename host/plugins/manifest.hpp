#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/typed_value.hpp"
#include "runtime/plugin_capabilities.hpp"

namespace bulkhead::host {

/// "payments/1": a contract's name and major version. Only equal majors are joined.
struct Capability {
  std::string name;
  int major = 0;

  std::string text() const { return name + "/" + std::to_string(major); }
  bool operator==(const Capability&) const = default;
};

struct WantedCapability {
  Capability capability;
  bool required = false;  ///< without a provider the plugin is not started
};

/// Versions of a plugin's own store that its code runs on, both inclusive.
struct SchemaVersions {
  int min = 0;
  int max = 0;
};

/// What a plugin asks for itself; the operator's `limits.*` go before it.
struct ManifestLimits {
  std::optional<int> threads;
  std::optional<int> queue;
  std::optional<std::int64_t> deadline_ms;
};

/// plugin.json, checked. Members (id, version, api and summary are required, others are refused):
///   "id"        [a-z][a-z0-9-]{0,62}, and none that the host has for itself
///   "version"   a semantic version (semver.org 2.0.0)
///   "api"       "1", or "1.N" for the least minor version of plugin-api
///   "summary"   one sentence
///   "settings"  {"<name>": {"type", "help", "default", "min", "max", "values", "secret",
///               "required"}}; names are [a-z][a-z0-9_]{0,62} and none of the host's own keys
///   "replaces"  ["old-service"]: services whose paths, /api/<name>/..., it serves besides its own
///   "provides"  ["payments/1"]
///   "wants"     {"payments/1": "required" | "optional"}
///   "queues"    ["report-generation"]
///   "limits"    {"threads", "queue", "deadline_ms"}
///   "store"     true when the plugin keeps data; "schema" then {"min", "max"}, by default the
///               number of its last migration for both
///   "service"   its name in the `services` of the health answers, e.g. "stripe"
struct Manifest {
  std::string id;
  std::string version;
  std::string api;
  std::string summary;
  std::vector<SettingDeclaration> settings{};
  std::vector<std::string> replaces{};
  std::vector<Capability> provides{};
  std::vector<WantedCapability> wants{};
  std::vector<std::string> queues{};
  ManifestLimits limits{};
  bool store = false;
  std::optional<SchemaVersions> schema{};
  std::string service{};

  /// Throws PluginRefusal (Refused) that names `file`, and of each problem the JSON pointer, the
  /// value, what was expected and the nearest known name.
  static Manifest parse(std::string_view text, std::string_view file);

  /// What it provides and wants.
  PluginCapabilities capabilities() const;
};

}  // namespace bulkhead::host
