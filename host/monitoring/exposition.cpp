#include "monitoring/exposition.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace bulkhead::host::monitoring {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

enum class Dialect { Prometheus, OpenMetrics };

std::string_view typeName(MetricType type, Dialect dialect) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Summary:
      return "summary";
    case MetricType::Untyped:
      break;
  }
  return dialect == Dialect::OpenMetrics ? "unknown" : "untyped";
}

/// Appends one document. The two dialects differ in names of counters, in numbers and in metadata.
class Writer {
 public:
  Writer(std::string& out, Dialect dialect) : out_{out}, dialect_{dialect} {}

  void family(const MetricFamily& family) {
    if (family.metric.empty()) return;
    metadata(family);
    for (const auto& metric : family.metric) sample(family, metric);
  }

 private:
  bool isOpen() const { return dialect_ == Dialect::OpenMetrics; }

  /// OpenMetrics names a counter's family without the _total of its samples.
  std::string_view familyName(const MetricFamily& family) const {
    std::string_view name = family.name;
    if (isOpen() && family.type == MetricType::Counter && name.ends_with("_total"))
      name.remove_suffix(6);
    return name;
  }

  void metadata(const MetricFamily& family) {
    const std::string_view name = familyName(family);
    if (!isOpen()) help(name, family.help);
    line("# TYPE ", name, typeName(family.type, dialect_));
    if (!isOpen()) return;
    for (const std::string_view unit : {"seconds", "bytes"}) {
      if (name.ends_with(unit) && name.size() > unit.size() &&
          name[name.size() - unit.size() - 1] == '_')
        line("# UNIT ", name, unit);
    }
    help(name, family.help);
  }

  void line(std::string_view keyword, std::string_view name, std::string_view text) {
    out_ += keyword;
    out_ += name;
    out_ += ' ';
    out_ += text;
    out_ += '\n';
  }

  void help(std::string_view name, std::string_view text) {
    out_ += "# HELP ";
    out_ += name;
    out_ += ' ';
    escape(text, isOpen());
    out_ += '\n';
  }

  void sample(const MetricFamily& family, const ClientMetric& metric) {
    switch (family.type) {
      case MetricType::Counter:
        return value(family.name, {}, metric, "", {}, metric.counter.value);
      case MetricType::Gauge:
        return value(family.name, {}, metric, "", {}, metric.gauge.value);
      case MetricType::Untyped:
        return value(family.name, {}, metric, "", {}, metric.untyped.value);
      case MetricType::Histogram:
        return histogram(family.name, metric);
      case MetricType::Summary:
        return summary(family.name, metric);
    }
  }

  void histogram(std::string_view name, const ClientMetric& metric) {
    bool has_infinity = false;
    for (const auto& bucket : metric.histogram.bucket) {
      has_infinity = has_infinity || std::isinf(bucket.upper_bound);
      count(name, "_bucket", metric, "le", bucket.upper_bound, bucket.cumulative_count);
    }
    if (!has_infinity)
      count(name, "_bucket", metric, "le", INFINITY, metric.histogram.sample_count);
    value(name, "_sum", metric, "", {}, metric.histogram.sample_sum);
    count(name, "_count", metric, "", {}, metric.histogram.sample_count);
  }

  void summary(std::string_view name, const ClientMetric& metric) {
    for (const auto& quantile : metric.summary.quantile)
      value(name, "", metric, "quantile", quantile.quantile, quantile.value);
    value(name, "_sum", metric, "", {}, metric.summary.sample_sum);
    count(name, "_count", metric, "", {}, metric.summary.sample_count);
  }

  void value(std::string_view name, std::string_view suffix, const ClientMetric& metric,
             std::string_view bound_name, double bound, double number) {
    head(name, suffix, metric, bound_name, bound);
    append(number);
    out_ += '\n';
  }

  void count(std::string_view name, std::string_view suffix, const ClientMetric& metric,
             std::string_view bound_name, double bound, std::uint64_t number) {
    head(name, suffix, metric, bound_name, bound);
    std::array<char, 24> digits{};
    out_.append(digits.data(),
                std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
    out_ += '\n';
  }

  void head(std::string_view name, std::string_view suffix, const ClientMetric& metric,
            std::string_view bound_name, double bound) {
    out_ += name;
    out_ += suffix;
    char separator = '{';
    for (const auto& label : metric.label) {
      if (label.value.empty()) continue;
      out_ += separator;
      separator = ',';
      out_ += label.name;
      out_ += "=\"";
      escape(label.value, true);
      out_ += '"';
    }
    if (!bound_name.empty()) {
      out_ += separator;
      separator = ',';
      out_ += bound_name;
      out_ += "=\"";
      append(bound);
      out_ += '"';
    }
    if (separator == ',') out_ += '}';
    out_ += ' ';
  }

  void append(double number) {
    if (std::isnan(number)) {
      out_ += "NaN";
    } else if (std::isinf(number)) {
      out_ += number > 0 ? "+Inf" : "-Inf";
    } else {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      const std::string_view text{digits.data(), static_cast<std::size_t>(end - digits.data())};
      out_ += text;
      // OpenMetrics: a float has a point or an exponent, so that `le="1.0"` has one spelling.
      if (isOpen() && text.find_first_of(".e") == std::string_view::npos) out_ += ".0";
    }
  }

  void escape(std::string_view text, bool quotes) {
    for (const char c : text) {
      if (c == '\\') {
        out_ += "\\\\";
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (c == '"' && quotes) {
        out_ += "\\\"";
      } else {
        out_ += c;
      }
    }
  }

  std::string& out_;
  const Dialect dialect_;
};

std::string write(const std::vector<MetricFamily>& families, Dialect dialect) {
  std::string text;
  Writer writer{text, dialect};
  for (const auto& family : families) writer.family(family);
  return text;
}

}  // namespace

std::string prometheusText(const std::vector<MetricFamily>& families) {
  return write(families, Dialect::Prometheus);
}

std::string openMetricsText(const std::vector<MetricFamily>& families) {
  return write(families, Dialect::OpenMetrics) + "# EOF\n";
}

}  // namespace bulkhead::host::monitoring
