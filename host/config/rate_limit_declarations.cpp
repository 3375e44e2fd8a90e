#include <array>

#include "config/setting_makers.hpp"

namespace bulkhead::host {
namespace {

using namespace setting_makers;
using Settings = HostSettings;
using Value = TypedValue;
using RateLimits = HostSettings::RateLimits;

template <std::int64_t RateLimits::*Field>
void setLimit(Settings& settings, const Value& value) {
  settings.rate_limits.*Field = value.integer();
}

struct RateSetting {
  const char* name;
  const char* fallback;
  const char* help;
  void (*apply)(Settings& settings, const Value& value);
};

constexpr double kRequestsMax = 1'000'000'000;

constexpr std::array kRates{
    RateSetting{"rate_limit.per_minute", "6000",
                "Requests that an API key without a limit of its own may send in a minute; beyond "
                "it 429. 0 for no limit, as in the others.",
                setLimit<&RateLimits::per_minute>},
    RateSetting{"rate_limit.per_hour", "100000", "The same for an hour.",
                setLimit<&RateLimits::per_hour>},
    RateSetting{"rate_limit.address_per_minute", "6000",
                "Requests without a credential that one address may send in a minute; of IPv6, one "
                "/64.",
                setLimit<&RateLimits::address_per_minute>},
    RateSetting{"rate_limit.address_per_hour", "100000", "The same for an hour.",
                setLimit<&RateLimits::address_per_hour>},
    RateSetting{"rate_limit.refused_per_minute", "600",
                "Requests of one address that may be refused in a minute for their credential, "
                "scope or tenant; beyond it 429. What is valid is let in all the same.",
                setLimit<&RateLimits::refused_per_minute>},
};

}  // namespace

void addRateLimitSettings(std::vector<HostSetting>& all) {
  for (const RateSetting& rate : kRates)
    all.push_back({integer(rate.name, rate.fallback, 0, kRequestsMax, rate.help), {}, rate.apply});
  all.push_back(
      {integer("rate_limit.clients", "16384", 1024, 16'777'216,
               "Clients whose limits are remembered at once, of each kind; when there are "
               "more, those that are not count as one that has used some of its own."),
       {},
       [](Settings& s, const Value& v) { s.rate_limits.clients = v.integer(); }});
}

}  // namespace bulkhead::host
