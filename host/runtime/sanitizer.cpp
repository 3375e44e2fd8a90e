#include "runtime/sanitizer.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kElementBytesMax = 4096;
constexpr std::size_t kTagBytesMax = 256;
constexpr std::string_view kScript = "script";

/// Elements that act without an attribute: they run, embed, or change how the text behind them is
/// read. Longer names that begin with "script" count as it, for sloppier readers than browsers.
constexpr std::array<std::string_view, 22> kActiveElements{
    "applet", "base", "embed",    "form",     "frame",    "frameset", "iframe",    "link",
    "math",   "meta", "noembed",  "noframes", "noscript", "object",   "plaintext", "select",
    "style",  "svg",  "template", "textarea", "title",    "xmp"};

char lower(char c) {
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool isLetter(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}

/// What ends the name of a tag.
bool endsName(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '/' || c == '>';
}

bool beginsWith(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                    [](char wanted, char c) { return lower(c) == wanted; });
}

bool isScriptName(std::string_view text) {
  return beginsWith(text, kScript) && text.size() > kScript.size() &&
         endsName(text[kScript.size()]);
}

/// The next place that `find(from)` gives, asked for places that only move forward: the text is
/// read once, however often it is asked.
template <class Find>
class Ahead {
 public:
  explicit Ahead(Find find) : find_{std::move(find)}, next_{find_(0)} {}
  std::size_t from(std::size_t place) {
    if (next_ < place) next_ = find_(place);
    return next_;
  }

 private:
  Find find_;
  std::size_t next_;
};

std::size_t findScriptEnd(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("</", from); at != kNone; at = text.find("</", at + 1)) {
    if (isScriptName(text.substr(at + 2))) return at;
  }
  return kNone;
}

/// The text without script elements and tags. What is left may form new ones.
std::string withoutScripts(std::string_view text) {
  const auto find_close = [text](std::size_t from) { return text.find('>', from); };
  Ahead tag_close{find_close};
  Ahead end_close{find_close};
  Ahead end_tag{[text](std::size_t from) { return findScriptEnd(text, from); }};
  // The length of what is taken out at a '<', or 0.
  const auto length_at = [&](std::size_t at) -> std::size_t {
    const bool is_end = text.substr(at).starts_with("</");
    if (!isScriptName(text.substr(at + (is_end ? 2 : 1)))) return 0;
    const std::size_t close = tag_close.from(at);
    if (close == kNone) return 0;
    if (!is_end) {
      const std::size_t end = end_tag.from(close);
      const std::size_t whole = end == kNone ? kNone : end_close.from(end);
      if (whole != kNone && whole - at < kElementBytesMax) return whole + 1 - at;
    }
    return close - at < kTagBytesMax ? close + 1 - at : 0;
  };
  std::string kept;
  std::size_t done = 0;
  for (std::size_t at = text.find('<'); at != kNone; at = text.find('<', std::max(done, at + 1))) {
    const std::size_t length = length_at(at);
    if (length == 0) continue;
    kept.append(text, done, at - done);
    done = at + length;
  }
  return kept.append(text, done);
}

bool isActiveElement(std::string_view text) {
  if (beginsWith(text, kScript)) return true;
  const auto end = std::find_if(text.begin(), text.end(), endsName);
  std::string name;
  for (const char c : text.substr(0, static_cast<std::size_t>(end - text.begin())))
    name += lower(c);
  return std::find(kActiveElements.begin(), kActiveElements.end(), name) != kActiveElements.end();
}

/// Whether a '<' with this behind it begins markup that acts.
bool isActive(std::string_view behind, bool has_value) {
  if (behind.empty()) return false;
  if (behind.front() == '!' || behind.front() == '?') return true;
  const bool is_end = behind.front() == '/';
  if (is_end) behind.remove_prefix(1);
  if (behind.empty() || !isLetter(behind.front())) return false;
  return (has_value && !is_end) || isActiveElement(behind.substr(0, 16));
}

/// The places of the '<' that need a space behind them, last first. Goes backwards, because the
/// space at a later one changes where the name of an earlier one ends.
std::vector<std::size_t> activeMarkup(std::string_view text) {
  std::vector<std::size_t> places;
  char ahead = '\0';       // which of '=' and '>' comes next
  char after_name = '\0';  // which comes next behind the name of a tag that would begin here
  for (std::size_t at = text.size(); at-- > 0;) {
    const char c = text[at];
    if (c == '=' || c == '>') ahead = c;
    if (endsName(c)) after_name = ahead;
    if (c != '<' || !isActive(text.substr(at + 1), after_name == '=')) continue;
    places.push_back(at);
    after_name = ahead;
  }
  return places;
}

std::string withSpaces(std::string_view text, const std::vector<std::size_t>& places) {
  std::string spaced;
  spaced.reserve(text.size() + places.size());
  std::size_t done = 0;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    spaced.append(text, done, *place + 1 - done) += ' ';
    done = *place + 1;
  }
  return spaced.append(text, done);
}

/// The colon of a scheme that runs script, at the begin of the text as URL parsers read it (WHATWG
/// URL: controls before it, tabs and line ends within it, count for nothing); or kNone.
std::size_t scriptScheme(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && static_cast<unsigned char>(text[at]) <= ' ') ++at;
  if (at == text.size() || (lower(text[at]) != 'j' && lower(text[at]) != 'v')) return kNone;
  std::string scheme;
  for (; at < text.size() && scheme.size() <= 10; ++at) {
    const char c = text[at];
    if (c == '\t' || c == '\n' || c == '\r') continue;
    if (c == ':') return scheme == "javascript" || scheme == "vbscript" ? at : kNone;
    scheme += lower(c);
  }
  return kNone;
}

bool isHarmless(std::string_view text) {
  return text.find_first_of(std::string_view{"<\0", 2}) == kNone && scriptScheme(text) == kNone;
}

/// One string token of JSON text, in its quotes.
std::optional<std::string> sanitizedToken(std::string_view token) {
  const std::string_view content = token.substr(1, token.size() - 2);
  if (content.find('\\') == kNone) return sanitizedText(content);
  const auto decoded = nlohmann::json::parse(token, nullptr, false);
  if (!decoded.is_string()) return std::nullopt;
  return sanitizedText(decoded.get_ref<const std::string&>());
}

/// The place of the quote that ends the string which begins at `begin`, or kNone.
std::size_t endOfString(std::string_view json, std::size_t begin) {
  std::size_t at = begin + 1;
  while ((at = json.find_first_of("\"\\", at)) != kNone && json[at] == '\\') at += 2;
  return at;
}

}  // namespace

std::optional<std::string> sanitizedText(std::string_view text) {
  if (isHarmless(text)) return std::nullopt;
  std::string clean{text};
  std::erase(clean, '\0');
  clean = withoutScripts(clean);
  clean = withSpaces(clean, activeMarkup(clean));
  if (const std::size_t colon = scriptScheme(clean); colon != kNone) clean.insert(colon, " ");
  if (clean == text) return std::nullopt;
  return clean;
}

std::optional<SanitizedJson> sanitizedJson(std::string_view json) {
  SanitizedJson result;
  std::size_t copied = 0;
  for (std::size_t begin = json.find('"'); begin != kNone;) {
    const std::size_t end = endOfString(json, begin);
    if (end == kNone) break;
    if (const auto clean = sanitizedToken(json.substr(begin, end + 1 - begin))) {
      result.text.append(json, copied, begin - copied);
      JsonWriter{result.text}.value(*clean);
      copied = end + 1;
      ++result.changed;
    }
    begin = json.find('"', end + 1);
  }
  if (result.changed == 0) return std::nullopt;
  result.text.append(json, copied);
  return result;
}

}  // namespace bulkhead::host
