#include "app/forwarded.hpp"

#include <Poco/Net/IPAddress.h>
#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kHostBytesMax = 260;  // a DNS name, a colon and a port

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// "192.0.2.1", "192.0.2.1:47011", "2001:db8::1", "[2001:db8::1]:47011" as the literal alone.
std::string addressOf(std::string_view node) {
  if (node.starts_with('[')) {
    const auto end = node.find(']');
    node = end == std::string_view::npos ? std::string_view{} : node.substr(1, end - 1);
  } else if (std::count(node.begin(), node.end(), ':') == 1) {
    node = node.substr(0, node.find(':'));
  }
  Poco::Net::IPAddress address;
  std::string literal{node};
  if (literal.empty() || !Poco::Net::IPAddress::tryParse(literal, address)) return {};
  return literal;
}

std::string schemeOf(std::string_view text) {
  const std::string scheme = lower(text);
  return scheme == "https" || scheme == "http" ? scheme : std::string{};
}

bool isHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
         c == ':' || c == '[' || c == ']';
}

std::string hostOf(std::string_view text) {
  const bool good =
      text.size() <= kHostBytesMax && std::all_of(text.begin(), text.end(), isHostCharacter);
  return good ? std::string{text} : std::string{};
}

/// The members of all fields of that name, in order.
std::vector<std::string_view> members(const Fields& fields, std::string_view wanted) {
  std::vector<std::string_view> found;
  for (const auto& [name, value] : fields) {
    if (name != wanted) continue;
    std::string_view rest = value;
    for (;;) {
      const auto comma = rest.find(',');
      found.push_back(trimmed(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return found;
}

/// Reads `forwarded-element`s (RFC 7239 section 4): pairs with ";" between, elements with ",".
class ForwardedReader {
 public:
  explicit ForwardedReader(std::string_view text) : rest_{text} {}

  /// False when the text is malformed.
  bool read(std::vector<ForwardedHop>& hops) {
    do {
      ForwardedHop hop;
      if (!readElement(hop)) return false;
      hops.push_back(std::move(hop));
    } while (take(','));
    return rest_.empty();
  }

 private:
  bool readElement(ForwardedHop& hop) {
    do {
      skipSpace();
      if (rest_.empty() || rest_.front() == ',' || rest_.front() == ';') continue;
      const std::string name = lower(token());
      std::string value;
      if (name.empty() || !take('=') || !readValue(value) || !keep(hop, name, value)) return false;
      skipSpace();
    } while (take(';'));
    return true;
  }

  static bool keep(ForwardedHop& hop, std::string_view name, std::string_view value) {
    if (name == "for") return put(hop.address, addressOf(value));
    if (name == "proto") return put(hop.scheme, schemeOf(value));
    if (name == "host") return put(hop.host, hostOf(value));
    return true;
  }

  /// Each parameter occurs once in an element.
  static bool put(std::string& place, std::string value) {
    if (!place.empty()) return false;
    place = std::move(value);
    return true;
  }

  bool readValue(std::string& value) {
    if (rest_.empty() || rest_.front() != '"') {
      value = token();
      return !value.empty();
    }
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return false;
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return take('"');
  }

  std::string_view token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), isTokenCharacter);
    const auto found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    return found;
  }

  void skipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

std::vector<ForwardedHop> hopsOfForwarded(const Fields& fields) {
  std::vector<ForwardedHop> hops;
  for (const auto& [name, value] : fields) {
    if (name == "forwarded" && !ForwardedReader{value}.read(hops)) return {ForwardedHop{}};
  }
  return hops;
}

/// The value that belongs to the hop `from_right`.
std::string_view belongingTo(const std::vector<std::string_view>& values, std::size_t from_right) {
  if (values.empty()) return {};
  if (values.size() == 1) return values.front();
  return from_right < values.size() ? values[values.size() - 1 - from_right] : std::string_view{};
}

std::optional<ForwardedHop> clientOf(const std::vector<ForwardedHop>& hops,
                                     const TrustedProxy& is_trusted) {
  const auto client = std::find_if(hops.rbegin(), hops.rend(), [&](const ForwardedHop& hop) {
    return !is_trusted(hop.address);
  });
  if (client == hops.rend() || client->address.empty()) return std::nullopt;
  return *client;
}

std::vector<ForwardedHop> hopsOfXForwarded(const Fields& fields) {
  const auto addresses = members(fields, "x-forwarded-for");
  const auto schemes = members(fields, "x-forwarded-proto");
  const auto hosts = members(fields, "x-forwarded-host");
  std::vector<ForwardedHop> hops;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::size_t from_right = addresses.size() - 1 - i;
    hops.push_back({addressOf(addresses[i]), schemeOf(belongingTo(schemes, from_right)),
                    hostOf(belongingTo(hosts, from_right))});
  }
  return hops;
}

}  // namespace

bool isForwardingField(std::string_view name) {
  return name == "forwarded" || name.starts_with("x-forwarded-");
}

bool isForwarded(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const auto& field) {
    return field.first == "via" || isForwardingField(field.first);
  });
}

std::optional<ForwardedHop> forwardedClient(const Fields& fields, const TrustedProxy& is_trusted) {
  const auto has = [&](std::string_view wanted) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& field) { return field.first == wanted; });
  };
  const bool standard = has("forwarded");
  const bool usual = has("x-forwarded-for");
  auto by_standard =
      standard ? clientOf(hopsOfForwarded(fields), is_trusted) : std::optional<ForwardedHop>{};
  if (!usual) return by_standard;
  const auto by_usual = clientOf(hopsOfXForwarded(fields), is_trusted);
  const bool agree = by_standard && by_usual && by_standard->address == by_usual->address;
  if (standard && !agree) return std::nullopt;
  return standard ? by_standard : by_usual;
}

}  // namespace bulkhead::host
