#include "plugins/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include <bulkhead/abi.h>

#include "config/plugin_conf.hpp"
#include "plugins/manifest_settings.hpp"
#include "plugins/plugin_state.hpp"
#include "plugins/strict_json.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

constexpr std::size_t kNameBytesMax = 63;
constexpr std::size_t kSummaryBytesMax = 300;
constexpr std::size_t kElementsMax = 256;  // of each list

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
bool isLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool isAlphanumeric(char c) {
  return isDigit(c) || isLower(c) || (c >= 'A' && c <= 'Z');
}

/// [a-z][a-z0-9-]{0,62}, not ending in "-": ids of plugins, capabilities and queues.
bool isHyphenated(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && isLower(name.front()) &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
           return isLower(c) || isDigit(c) || c == '-';
         });
}

/// A name between two slashes of a path, as older services have them.
bool isSegment(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return isAlphanumeric(c) || c == '-' || c == '_'; });
}

/// A whole number without leading zeros, or nothing.
std::optional<int> wholeNumber(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0') ||
      !std::all_of(text.begin(), text.end(), isDigit)) {
    return std::nullopt;
  }
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? std::optional{number} : std::nullopt;
}

/// The part before `separator`; `text` becomes what follows it.
std::string_view cut(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

/// Dot-separated identifiers of a pre-release or build (semver.org §9, §10).
bool areIdentifiers(std::string_view text, bool numbers_plain) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const std::string_view part = cut(text, '.');
    const bool numeric = !part.empty() && std::all_of(part.begin(), part.end(), isDigit);
    const bool good = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
      return isAlphanumeric(c) || c == '-';
    });
    if (!good || (numbers_plain && numeric && !(part == "0" || part[0] != '0'))) return false;
  }
  return true;
}

bool isSemanticVersion(std::string_view text) {
  if (text.size() > 2 * kNameBytesMax) return false;
  const auto plus = text.find('+');
  if (plus != std::string_view::npos && !areIdentifiers(text.substr(plus + 1), false)) return false;
  text = text.substr(0, plus);
  const auto hyphen = text.find('-');
  if (hyphen != std::string_view::npos && !areIdentifiers(text.substr(hyphen + 1), true)) {
    return false;
  }
  text = text.substr(0, hyphen);
  if (std::count(text.begin(), text.end(), '.') != 2) return false;
  for (int i = 0; i < 3; ++i) {
    if (!wholeNumber(cut(text, '.'))) return false;
  }
  return true;
}

std::optional<Capability> capabilityOf(std::string_view text) {
  if (std::count(text.begin(), text.end(), '/') != 1) return std::nullopt;
  const std::string_view name = cut(text, '/');
  const auto major = wholeNumber(text);
  if (!isHyphenated(name) || !major || *major < 1) return std::nullopt;
  return Capability{std::string{name}, *major};
}

constexpr const char* kCapability = "a capability and its major version, like \"payments/1\"";

class ManifestReader {
 public:
  ManifestReader(const json& document, DocumentProblems& problems)
      : reader_{document, "", problems}, problems_{problems} {}

  Manifest read() {
    readIdentity();
    manifest_.settings = readSettingDeclarations(reader_);
    readReplaces();
    readProvides();
    readWants();
    readQueues();
    readLimits();
    readStore();
    reader_.finish();
    return std::move(manifest_);
  }

 private:
  /// A member of text that `holds`.
  template <class Check>
  std::string checkedText(std::string_view name, bool required, std::string_view expected,
                          const Check& holds) {
    std::string text = reader_.text(name, required, expected);
    if (!text.empty() && !holds(text)) problems_.expected(reader_.pointerOf(name), text, expected);
    return text;
  }

  void readIdentity() {
    manifest_.id = checkedText("id", true, "[a-z][a-z0-9-]{0,62}", isHyphenated);
    if (isReservedPluginId(manifest_.id))
      problems_.expected(reader_.pointerOf("id"), manifest_.id, kUnreservedId);
    manifest_.version =
        checkedText("version", true, "a semantic version, like \"1.0.0\"", isSemanticVersion);
    manifest_.api = checkedText("api", true, expectedApi(), isApi);
    manifest_.summary = checkedText(
        "summary", true, fmt::format("one sentence of at most {} bytes", kSummaryBytesMax),
        [](std::string_view text) {
          return text.size() <= kSummaryBytesMax && text.find('\n') == std::string_view::npos;
        });
    manifest_.service = checkedText(
        "service", false, "a name like \"stripe\" or \"googleCalendar\"", [](std::string_view t) {
          return t.size() <= kNameBytesMax && isLower(t[0]) &&
                 std::all_of(t.begin(), t.end(), isAlphanumeric);
        });
  }

  static std::string expectedApi() {
    return fmt::format("\"{0}\" or up to \"{0}.{1}\", which this host offers", BULKHEAD_ABI_MAJOR,
                       BULKHEAD_ABI_MINOR);
  }

  static bool isApi(std::string_view text) {
    if (wholeNumber(text) == BULKHEAD_ABI_MAJOR) return true;
    if (wholeNumber(cut(text, '.')) != BULKHEAD_ABI_MAJOR) return false;
    const auto minor = wholeNumber(text);
    return minor && *minor <= BULKHEAD_ABI_MINOR;
  }

  void readReplaces() {
    eachText("replaces", "the name after /api/ of a service, none of the host's own",
             [&](const std::string& text) {
               manifest_.replaces.push_back(text);
               return isSegment(text) && !isReservedPluginId(text);
             });
  }

  void readProvides() {
    eachText("provides", kCapability, [&](const std::string& text) {
      const auto capability = capabilityOf(text);
      if (capability) manifest_.provides.push_back(*capability);
      return capability.has_value();
    });
  }

  void readQueues() {
    eachText("queues", "[a-z][a-z0-9-]{0,62}", [&](const std::string& text) {
      manifest_.queues.push_back(text);
      return isHyphenated(text);
    });
  }

  /// Hands each element of an array of different texts over; false from `take` is a problem.
  template <class Take>
  void eachText(std::string_view name, std::string_view expected, const Take& take) {
    const json* array = reader_.find(name);
    if (array == nullptr) return;
    if (!array->is_array() || array->size() > kElementsMax) {
      problems_.expected(reader_.pointerOf(name), *array,
                         fmt::format("an array of at most {} elements", kElementsMax));
      return;
    }
    std::vector<std::string> seen;
    for (std::size_t i = 0; i < array->size(); ++i) {
      const json& element = (*array)[i];
      const std::string pointer = fmt::format("{}/{}", reader_.pointerOf(name), i);
      if (!element.is_string() || !take(element.get_ref<const std::string&>())) {
        problems_.expected(pointer, element, expected);
      } else if (std::find(seen.begin(), seen.end(), element) != seen.end()) {
        problems_.add(pointer, fmt::format("names {} again", element.dump()));
      } else {
        seen.push_back(element.get<std::string>());
      }
    }
  }

  void readWants() {
    const json* wants = reader_.find("wants");
    if (wants == nullptr) return;
    const ObjectReader names{*wants, reader_.pointerOf("wants"), problems_};
    if (!wants->is_object()) return;
    for (const auto& [name, need] : wants->items()) {
      const std::string pointer = names.pointerOf(name);
      const auto capability = capabilityOf(name);
      if (!capability) {
        problems_.add(pointer, fmt::format("is no capability, expected {}", kCapability));
      } else if (need != "required" && need != "optional") {
        problems_.expected(pointer, need, "\"required\" or \"optional\"");
      } else {
        manifest_.wants.push_back({*capability, need == "required"});
      }
    }
  }

  void readLimits() {
    const json* limits = reader_.find("limits");
    if (limits == nullptr) return;
    ObjectReader reader{*limits, reader_.pointerOf("limits"), problems_};
    const auto narrow = [](std::optional<std::int64_t> number) {
      return number ? std::optional{static_cast<int>(*number)} : std::nullopt;
    };
    manifest_.limits.threads = narrow(integer(reader, "threads", 1, 256));
    manifest_.limits.queue = narrow(integer(reader, "queue", 0, 100'000));
    manifest_.limits.deadline_ms = integer(reader, "deadline_ms", 1, 3'600'000);
    reader.finish();
  }

  std::optional<std::int64_t> integer(ObjectReader& reader, std::string_view name, std::int64_t min,
                                      std::int64_t max) {
    const json* member = reader.find(name);
    if (member == nullptr) return std::nullopt;
    if (!member->is_number_integer() || *member < min || *member > max) {
      problems_.expected(reader.pointerOf(name), *member,
                         fmt::format("an integer from {} to {}", min, max));
      return std::nullopt;
    }
    return member->get<std::int64_t>();
  }

  void readStore() {
    manifest_.store = reader_.boolean("store", false);
    const json* schema = reader_.find("schema");
    if (schema == nullptr) return;
    ObjectReader reader{*schema, reader_.pointerOf("schema"), problems_};
    const auto min = integer(reader, "min", 1, 9999);
    const auto max = integer(reader, "max", 1, 9999);
    reader.finish();
    if (!manifest_.store) {
      problems_.add(reader_.pointerOf("schema"), "is given, but \"store\" is not true");
    } else if (!min || !max || *min > *max) {
      problems_.expected(reader_.pointerOf("schema"), *schema, "{\"min\":m,\"max\":n} with m <= n");
    } else {
      manifest_.schema = SchemaVersions{static_cast<int>(*min), static_cast<int>(*max)};
    }
  }

  ObjectReader reader_;
  DocumentProblems& problems_;
  Manifest manifest_;
};

}  // namespace

PluginCapabilities Manifest::capabilities() const {
  PluginCapabilities capabilities;
  for (const auto& capability : provides) capabilities.provides.push_back(capability.text());
  for (const auto& want : wants) capabilities.wants[want.capability.text()] = want.required;
  return capabilities;
}

Manifest Manifest::parse(std::string_view text, std::string_view file) {
  DocumentProblems problems;
  try {
    Manifest manifest = ManifestReader{parseStrictJson(text), problems}.read();
    if (problems.empty()) return manifest;
  } catch (const PluginRefusal&) {
    throw;
  } catch (const Error& error) {
    throw PluginRefusal{PluginState::Refused,
                        fmt::format("{}: its manifest {}", file, error.message())};
  }
  throw PluginRefusal{PluginState::Refused,
                      fmt::format("{}: in its manifest {}", file, problems.text())};
}

}  // namespace bulkhead::host
