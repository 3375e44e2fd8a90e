#include "config/production_rules.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <sys/stat.h>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr std::size_t kSecretCharactersMin = 32;

bool isPlaceholder(std::string_view secret) {
  std::string plain;
  for (const char c : secret) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) plain += static_cast<char>(std::tolower(byte));
  }
  for (const std::string_view word :
       {"changeme", "changethis", "replaceme", "replacethis", "placeholder", "yoursecret",
        "yourjwt", "yoursession", "yourapikey", "atleast32", "min32char"}) {
    if (plain.find(word) != std::string::npos) return true;
  }
  return std::all_of(secret.begin(), secret.end(), [&](char c) { return c == secret.front(); });
}

class Rules {
 public:
  Rules(const RuleInputs& inputs, std::vector<ConfigurationProblem>& problems,
        std::vector<std::string>& notices)
      : inputs_{inputs},
        settings_{inputs.settings},
        production_{settings_.isProduction()},
        problems_{problems},
        notices_{notices} {}

  void run() {
    requireVariables();
    checkSecret("JWT_SECRET", settings_.security.jwt_secret);
    checkSecret("SESSION_SECRET", settings_.security.session_secret);
    checkApiKey();
    if (!settings_.security.jwt_secret.empty() &&
        settings_.security.jwt_secret == settings_.security.session_secret) {
      find("SESSION_SECRET", "******", "another value than JWT_SECRET has");
    }
    checkFrontends();
    checkEnvFile();
    checkPorts();
    checkTls();
    checkProxyProtocol();
    checkNetworks();
    checkRetention();
  }

 private:
  void require(bool given, std::string_view name, std::string_view what) {
    if (given || !production_) return;
    problems_.push_back(
        {"", 0, std::string{name}, "",
         fmt::format("{}, and it is missing; NODE_ENV=production requires it", what), ""});
  }

  void requireVariables() {
    require(inputs_.database_url_given, "DATABASE_URL",
            "\"sqlite:DIR\" or \"postgresql://user:password@host:port/database\"");
    require(!settings_.security.jwt_secret.empty(), "JWT_SECRET",
            "a secret of at least 32 characters");
    require(!settings_.security.session_secret.empty(), "SESSION_SECRET",
            "a secret of at least 32 characters");
    require(!settings_.security.frontend_urls.empty(), "FRONTEND_URL",
            "the web address of the front end");
  }

  /// A problem in production, a notice elsewhere.
  void find(std::string_view name, std::string_view value, std::string expected) {
    ConfigurationProblem problem{"", 0, std::string{name}, std::string{value}, std::move(expected),
                                 ""};
    if (production_) {
      problems_.push_back(std::move(problem));
    } else {
      notices_.push_back(problem.sentence() + " Production refuses this.");
    }
  }

  void checkSecret(std::string_view name, const Secret& secret) {
    if (secret.empty()) return;
    if (secret.reveal().size() < kSecretCharactersMin) {
      find(name, "******", "a secret of at least 32 characters");
    } else if (isPlaceholder(secret.reveal())) {
      find(name, "******", "a secret of your own instead of a placeholder");
    }
  }

  void checkApiKey() {
    const Secret& key = settings_.security.api_key;
    if (key.empty()) return;
    if (key.reveal().size() >= kSecretCharactersMin) {
      if (isPlaceholder(key.reveal())) find("API_KEY", "******", "a key instead of a placeholder");
    } else if (settings_.security.api_key_allow_short) {
      notices_.emplace_back("API_KEY has fewer than 32 characters, as API_KEY_ALLOW_SHORT allows.");
    } else {
      find("API_KEY", "******", "a key of at least 32 characters, or API_KEY_ALLOW_SHORT=1");
    }
  }

  void checkFrontends() {
    for (const std::string& url : settings_.security.frontend_urls) {
      if (production_ && url.starts_with("http://")) {
        notices_.push_back(fmt::format("FRONTEND_URL {} should begin with https://.", url));
      }
    }
  }

  void checkEnvFile() {
    struct stat status {};
    if (inputs_.env_file.empty() || stat(inputs_.env_file.c_str(), &status) != 0) return;
    if ((status.st_mode & S_IROTH) == 0) return;
    if (production_) {
      problems_.push_back(
          {inputs_.env_file.string(), 0, "", "", "a file that others cannot read (chmod 600)", ""});
    } else {
      notices_.push_back(fmt::format("{} can be read by others; chmod 600 keeps its secrets.",
                                     inputs_.env_file.string()));
    }
  }

  static bool isEverywhere(std::string_view address) {
    return address == "0.0.0.0" || address == "::";
  }

  /// Two listeners on one port: the second could not be opened.
  void checkPorts() {
    const auto& server = settings_.server;
    const bool main = server.management_port == server.port && server.port != 0;
    const bool compatible = server.compat_listen_3000 && server.management_port == 3000;
    const bool same_address =
        isEverywhere(server.management_address) ||
        std::any_of(server.bind_addresses.begin(), server.bind_addresses.end(),
                    [&](const std::string& address) {
                      return address == server.management_address || isEverywhere(address);
                    });
    if ((!main && !compatible) || !same_address) return;
    problems_.push_back({"", 0, "MANAGEMENT_PORT", std::to_string(server.management_port),
                         "another port than PORT", ""});
  }

  void checkTls() {
    const auto& tls = settings_.tls;
    if (tls.certificate.empty() == tls.key.empty()) return;
    const bool no_key = tls.key.empty();
    problems_.push_back(
        {"", 0, no_key ? "TLS_KEY" : "TLS_CERTIFICATE", "",
         fmt::format("{} as well, since {} is set", no_key ? "a key" : "a certificate",
                     no_key ? "TLS_CERTIFICATE" : "TLS_KEY"),
         ""});
  }

  /// Nobody could connect: a header is demanded, and nobody's is believed.
  void checkProxyProtocol() {
    if (!settings_.server.proxy_protocol || !settings_.security.trusted_proxies.empty()) return;
    problems_.push_back({"", 0, "PROXY_PROTOCOL", "true",
                         "TRUSTED_PROXIES beside it, with the addresses of the balancers", ""});
  }

  static bool holdsEverything(const std::vector<std::string>& networks) {
    return std::any_of(networks.begin(), networks.end(),
                       [](const std::string& network) { return network.ends_with("/0"); });
  }

  void checkNetworks() {
    if (holdsEverything(settings_.security.trusted_proxies)) {
      notices_.emplace_back(
          "TRUSTED_PROXIES holds every address: anyone can say where a request comes from.");
    }
    if (holdsEverything(settings_.monitoring.allow_cidrs)) {
      notices_.emplace_back(
          "MONITORING_ALLOW_CIDRS holds every address: monitoring is open to "
          "whoever reaches the port.");
    }
  }

  static std::string durationText(std::int64_t milliseconds) {
    constexpr std::pair<std::int64_t, const char*> kUnits[] = {
        {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
    for (const auto& [unit, name] : kUnits)
      if (milliseconds % unit == 0) return fmt::format("{}{}", milliseconds / unit, name);
    return fmt::format("{}ms", milliseconds);
  }

  /// A repeat that comes when its key is forgotten would be handled again; a day is for clocks that
  /// are set.
  void checkRetention() {
    constexpr std::int64_t kDayMs = 86'400'000;
    const auto& kept = settings_.messages;
    const auto refuse = [&](std::string expected) {
      problems_.push_back(
          {"", 0, "messages.keep_keys", durationText(kept.keep_keys_ms), std::move(expected), ""});
    };
    if (kept.keep_keys_ms < kept.keep_events_ms + kDayMs) {
      refuse(
          fmt::format("at least a day more than events.keep, which is {}: an event that comes "
                      "again is known by its key",
                      durationText(kept.keep_events_ms)));
    }
    if (kept.keep_keys_ms < kept.keep_bodies_ms) {
      refuse(fmt::format("at least messages.keep_bodies, which is {}: a body goes with its key",
                         durationText(kept.keep_bodies_ms)));
    }
  }

  const RuleInputs& inputs_;
  const HostSettings& settings_;
  const bool production_;
  std::vector<ConfigurationProblem>& problems_;
  std::vector<std::string>& notices_;
};

}  // namespace

void checkRules(const RuleInputs& inputs, std::vector<ConfigurationProblem>& problems,
                std::vector<std::string>& notices) {
  Rules{inputs, problems, notices}.run();
}

}  // namespace bulkhead::host
