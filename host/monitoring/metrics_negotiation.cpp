#include "monitoring/metrics_negotiation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {
namespace {

/// How these begin their User-Agent, in lower case.
constexpr std::array<std::string_view, 10> kScrapers{
    "prometheus/", "vmagent",  "victoriametrics",         "grafanaagent", "grafana-agent",
    "alloy/",      "telegraf", "opentelemetry-collector", "otelcol",      "thanos"};

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return result;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

/// One media range of Accept (RFC 9110 §12.5.1), in lower case.
struct MediaRange {
  std::string type;
  std::string version;
  double quality = 1;
};

double qualityOf(std::string_view text) {
  double quality = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), quality);
  return parsed.ec == std::errc{} ? std::clamp(quality, 0.0, 1.0) : 0;
}

MediaRange parseRange(std::string_view text) {
  MediaRange range;
  const auto parts = split(text, ';');
  range.type = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = trim(parts[i].substr(0, equals));
    auto value = trim(parts[i].substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (name == "q") range.quality = qualityOf(value);
    if (name == "version") range.version = value;
  }
  return range;
}

/// What an Accept header allows. Wildcards count only where nothing more exact was said.
class Accept {
 public:
  explicit Accept(const HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
      if (name != "accept") continue;
      const std::string list = lower(value);
      for (const auto item : split(list, ',')) {
        if (!item.empty()) ranges_.push_back(parseRange(item));
      }
    }
  }

  bool isSilent() const { return ranges_.empty(); }
  bool openMetrics() const {
    return any([](const MediaRange& range) {
      return range.type == "application/openmetrics-text" &&
             (range.version.empty() || range.version == "1.0.0");
    });
  }
  bool versionedText() const {
    return any([](const MediaRange& range) {
      return range.type == "text/plain" && range.version == "0.0.4";
    });
  }
  double json() const { return qualityOfType("application/json", "application/*"); }
  double text() const { return qualityOfType("text/plain", "text/*"); }
  bool anything() const {
    return any([](const MediaRange& range) { return range.type == "*/*"; });
  }

 private:
  template <class Predicate>
  bool any(const Predicate& matches) const {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const MediaRange& range) {
      return range.quality > 0 && matches(range);
    });
  }
  double qualityOfType(std::string_view exact, std::string_view wildcard) const {
    for (const std::string_view wanted : {exact, wildcard}) {
      const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const MediaRange& range) {
        return range.type == wanted && range.version.empty();
      });
      if (found != ranges_.end()) return found->quality;
    }
    return 0;
  }

  std::vector<MediaRange> ranges_;
};

bool isScraper(const HttpRequest& request) {
  if (request.header("x-prometheus-scrape-timeout-seconds") != nullptr) return true;
  const std::string* agent = request.header("user-agent");
  if (agent == nullptr) return false;
  const std::string name = lower(*agent);
  return std::any_of(kScrapers.begin(), kScrapers.end(),
                     [&](std::string_view scraper) { return name.starts_with(scraper); });
}

MetricsFormat formatNamed(std::string_view name) {
  if (name == "json") return MetricsFormat::Json;
  if (name == "prometheus") return MetricsFormat::Prometheus;
  if (name == "openmetrics") return MetricsFormat::OpenMetrics;
  throw Error::validation("VALIDATION_ERROR", "format must be json, prometheus or openmetrics.");
}

MetricsFormat byAccept(const Accept& accept, MetricsFormat fallback) {
  if (accept.isSilent()) return fallback;
  if (accept.openMetrics()) return MetricsFormat::OpenMetrics;
  if (accept.versionedText()) return MetricsFormat::Prometheus;
  if (accept.json() > 0 && accept.json() >= accept.text()) return MetricsFormat::Json;
  if (accept.text() > 0) return MetricsFormat::Prometheus;
  if (accept.anything()) return fallback;
  throw Error::validation(
      "NOT_ACCEPTABLE",
      "Metrics are available as application/json, text/plain and application/openmetrics-text.");
}

}  // namespace

MetricsFormat negotiate(const HttpRequest& request, MetricsFormat fallback) {
  if (const std::string* format = request.queryValue("format")) return formatNamed(*format);
  if (request.queryValue("window") != nullptr) return MetricsFormat::Json;
  if (isScraper(request)) return negotiateText(request);
  return byAccept(Accept{request}, fallback);
}

MetricsFormat negotiateText(const HttpRequest& request) {
  return Accept{request}.openMetrics() ? MetricsFormat::OpenMetrics : MetricsFormat::Prometheus;
}

}  // namespace bulkhead::host::monitoring
