#include "plugins/strict_json.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include <bulkhead/error.hpp>

#include "config/nearest_name.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 32;
constexpr std::size_t kShownBytesMax = 80;
constexpr std::size_t kPointerBytesMax = 200;
constexpr std::size_t kClausesShown = 20;

[[noreturn]] void refuse(std::string_view what) {
  throw Error::configuration("BAD_JSON", what);
}

/// Sees each event of a parse and refuses what the parser would accept.
class Watch {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > kDepthMax) refuse(fmt::format("is nested deeper than {}", kDepthMax));
    if (event == json::parse_event_t::object_start) names_.emplace_back();
    if (event == json::parse_event_t::object_end) names_.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_.back().insert(name).second) refuse(fmt::format("gives \"{}\" twice", name));
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_;
};

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', true);
  if (text.size() > kShownBytesMax) text = text.substr(0, kShownBytesMax) + "...";
  return text;
}

/// The parser's message without its own id in brackets.
std::string_view withoutTag(std::string_view message) {
  const auto end = message.find("] ");
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

const json kNothing = json::object();

}  // namespace

json parseStrictJson(std::string_view text) {
  Watch watch;
  try {
    return json::parse(text, [&](int depth, json::parse_event_t event, json& parsed) {
      return watch(depth, event, parsed);
    });
  } catch (const json::exception& problem) {
    refuse(fmt::format("is not JSON: {}", withoutTag(problem.what())));
  }
}

void DocumentProblems::add(std::string_view pointer, std::string_view clause) {
  if (++count_ > kClausesShown) return;
  std::string where{pointer.empty() ? "the document" : pointer};
  if (where.size() > kPointerBytesMax) where = where.substr(0, kPointerBytesMax) + "...";
  clauses_.push_back(fmt::format("{} {}", where, clause));
}

void DocumentProblems::expected(std::string_view pointer, const json& value,
                                std::string_view expected) {
  add(pointer, fmt::format("is {}, expected {}", shown(value), expected));
}

std::string DocumentProblems::text() const {
  const std::size_t more = count_ - clauses_.size();
  return fmt::format("{}{}", fmt::join(clauses_, "; "),
                     more == 0 ? "" : fmt::format("; and {} more", more));
}

ObjectReader::ObjectReader(const json& document, std::string pointer, DocumentProblems& problems)
    : object_{document.is_object() ? document : kNothing},
      pointer_{std::move(pointer)},
      problems_{problems} {
  if (!document.is_object()) problems.expected(pointer_, document, "an object");
}

const json* ObjectReader::find(std::string_view name) {
  known_.emplace_back(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

const json* ObjectReader::require(std::string_view name, std::string_view expected) {
  const json* member = find(name);
  if (member == nullptr) {
    problems_.add(pointerOf(name), fmt::format("is missing, expected {}", expected));
  }
  return member;
}

std::string ObjectReader::text(std::string_view name, bool required, std::string_view expected) {
  const json* member = required ? require(name, expected) : find(name);
  if (member == nullptr) return {};
  if (!member->is_string() || member->get_ref<const std::string&>().empty()) {
    problems_.expected(pointerOf(name), *member, expected);
    return {};
  }
  return member->get<std::string>();
}

bool ObjectReader::boolean(std::string_view name, bool otherwise) {
  const json* member = find(name);
  if (member == nullptr) return otherwise;
  if (!member->is_boolean()) {
    problems_.expected(pointerOf(name), *member, "true or false");
    return otherwise;
  }
  return member->get<bool>();
}

std::string ObjectReader::pointerOf(std::string_view name) const {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return pointer_ + "/" + token;
}

void ObjectReader::finish() {
  for (const auto& [name, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string nearest = nearestName(name, known_);
    problems_.add(pointerOf(name),
                  nearest.empty()
                      ? fmt::format("is unknown, expected one of: {}", fmt::join(known_, ", "))
                      : fmt::format("is unknown; did you mean \"{}\"?", nearest));
  }
}

}  // namespace bulkhead::host
