#include "plugins/manifest_settings.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "config/nearest_name.hpp"
#include "config/plugin_settings.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

constexpr std::size_t kNameBytesMax = 63;
constexpr std::size_t kElementsMax = 256;

const std::vector<std::string>& typeNames() {
  static const std::vector<std::string> kNames = {"string",      "integer", "number", "boolean",
                                                  "duration_ms", "url",     "secret", "enum"};
  return kNames;
}

bool isSettingName(std::string_view name) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), in_name);
}

bool isWhole(SettingType type) {
  return type == SettingType::Integer || type == SettingType::DurationMs;
}

bool isText(SettingType type) {
  return type == SettingType::String || type == SettingType::Url || type == SettingType::Secret;
}

bool fits(SettingType type, const json& value) {
  if (isWhole(type)) return value.is_number_integer();
  if (type == SettingType::Number) return value.is_number();
  if (type == SettingType::Boolean) return value.is_boolean();
  return value.is_string();
}

class DeclarationReader {
 public:
  DeclarationReader(const json& document, std::string pointer, DocumentProblems& problems)
      : reader_{document, std::move(pointer), problems} {}

  SettingDeclaration read(const std::string& name) {
    declaration_.name = name;
    const bool typed = readType();
    declaration_.help = reader_.text("help", true, "one sentence for the operator");
    declaration_.secret = reader_.boolean("secret", false);
    declaration_.required = reader_.boolean("required", false);
    const json* min = reader_.find("min");
    const json* max = reader_.find("max");
    const json* values = reader_.find("values");
    const json* otherwise = reader_.find("default");
    if (typed) {
      readBounds(min, max);
      readValues(values);
      if (otherwise != nullptr) readDefault(*otherwise);
    }
    reader_.finish();
    return declaration_;
  }

 private:
  bool readType() {
    const json* member = reader_.require("type", "one of " + expectedTypes());
    if (member == nullptr) return false;
    const std::string name = member->is_string() ? member->get<std::string>() : std::string{};
    const auto type = findSettingType(name);
    if (!type) {
      const std::string nearest = nearestName(name, typeNames());
      reader_.problems().expected(
          reader_.pointerOf("type"), *member,
          "one of " + expectedTypes() +
              (nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
      return false;
    }
    declaration_.type = *type;
    return true;
  }

  static std::string expectedTypes() { return fmt::format("{}", fmt::join(typeNames(), ", ")); }

  void readBounds(const json* min, const json* max) {
    declaration_.min = readBound("min", min);
    declaration_.max = readBound("max", max);
    if (declaration_.min && declaration_.max && *declaration_.min > *declaration_.max) {
      reader_.problems().expected(reader_.pointerOf("min"), *min,
                                  fmt::format("at most max, which is {}", max->dump()));
    }
  }

  std::optional<double> readBound(std::string_view name, const json* bound) {
    if (bound == nullptr) return std::nullopt;
    const SettingType type = declaration_.type;
    if (type == SettingType::Boolean || type == SettingType::Enum) {
      reader_.problems().add(reader_.pointerOf(name),
                             fmt::format("has no meaning for {}", settingTypeName(type)));
      return std::nullopt;
    }
    const bool whole = isWhole(type) || isText(type);
    if (whole ? !bound->is_number_integer() : !bound->is_number()) {
      reader_.problems().expected(reader_.pointerOf(name), *bound,
                                  whole ? "an integer" : "a number");
      return std::nullopt;
    }
    return bound->get<double>();
  }

  void readValues(const json* values) {
    if (declaration_.type != SettingType::Enum) {
      if (values != nullptr) {
        reader_.problems().add(reader_.pointerOf("values"), "has no meaning but for enum");
      }
      return;
    }
    constexpr const char* kExpected = "an array of at most 256 different texts";
    if (values == nullptr) {
      reader_.problems().add(reader_.pointerOf("values"),
                             fmt::format("is missing, expected {}", kExpected));
      return;
    }
    bool good = values->is_array() && !values->empty() && values->size() <= kElementsMax;
    for (std::size_t i = 0; good && i < values->size(); ++i) {
      const json& value = (*values)[i];
      good = value.is_string() && !value.get_ref<const std::string&>().empty() &&
             std::find(values->begin(), values->begin() + static_cast<std::ptrdiff_t>(i), value) ==
                 values->begin() + static_cast<std::ptrdiff_t>(i);
      if (good) declaration_.values.push_back(value.get<std::string>());
    }
    if (!good) reader_.problems().expected(reader_.pointerOf("values"), *values, kExpected);
  }

  void readDefault(const json& value) {
    const std::string pointer = reader_.pointerOf("default");
    if (declaration_.isSecret()) {
      reader_.problems().add(pointer, "is given, but a secret has no default");
      return;
    }
    if (declaration_.required) {
      reader_.problems().add(pointer, "is given, but the setting is required");
      return;
    }
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const bool empty_text = text.empty() && isText(declaration_.type) && !declaration_.min;
    if (!fits(declaration_.type, value) || (!empty_text && !parseValue(declaration_, text))) {
      reader_.problems().expected(pointer, value, expectation(declaration_));
      return;
    }
    declaration_.default_text = text;
  }

  ObjectReader reader_;
  SettingDeclaration declaration_;
};

}  // namespace

std::vector<SettingDeclaration> readSettingDeclarations(ObjectReader& manifest) {
  const json* settings = manifest.find("settings");
  std::vector<SettingDeclaration> declarations;
  if (settings == nullptr) return declarations;
  if (!settings->is_object()) {
    manifest.problems().expected(manifest.pointerOf("settings"), *settings, "an object");
    return declarations;
  }
  const ObjectReader names{*settings, manifest.pointerOf("settings"), manifest.problems()};
  for (const auto& [name, document] : settings->items()) {
    const std::string pointer = names.pointerOf(name);
    if (!isSettingName(name)) {
      manifest.problems().add(pointer, "is no name of a setting, expected [a-z][a-z0-9_]{0,62}");
    } else if (name == "limits" || isReservedPluginKey(name)) {
      manifest.problems().add(pointer, "is a key of the host's own; choose another name");
    } else {
      declarations.push_back(DeclarationReader{document, pointer, manifest.problems()}.read(name));
    }
  }
  return declarations;
}

}  // namespace bulkhead::host
