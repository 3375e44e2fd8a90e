#include "host/monitoring/exposition_checker.hpp"

#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "monitoring/utf8_repair.hpp"

namespace bulkhead::host::monitoring {
namespace {

using Labels = std::map<std::string, std::string>;

struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
};

/// The name before a derived suffix.
std::string baseOf(const std::string& name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string{};
}

class Checker {
 public:
  std::vector<std::string> run(std::string_view text) {
    if (!isUtf8(text)) fault("The text is not UTF-8.");
    if (text.find('\r') != std::string_view::npos) fault("A line holds CR.");
    if (!text.empty() && text.back() != '\n') fault("The last line does not end.");
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      line(std::string{text.substr(begin, end - begin)});
      begin = end + 1;
    }
    for (const auto& [name, series] : histograms_) {
      for (const auto& [labels, buckets] : series) histogram(name, labels, buckets);
    }
    return faults_;
  }

 private:
  struct Buckets {
    std::vector<std::pair<double, double>> bounds;
    std::optional<double> count;
    bool has_sum = false;
  };

  void fault(std::string what) { faults_.push_back(std::move(what)); }

  void line(const std::string& text) {
    static const std::regex kMeta{R"(# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))"};
    std::smatch match;
    if (text.empty()) return;
    if (text.front() != '#') return sample(text);
    if (!std::regex_match(text, match, kMeta)) return fault("Odd comment: " + text);
    enter(match[2]);
    if (match[1] == "HELP" && !helps_.insert(match[2]).second) fault("Two HELP of " + match.str(2));
    if (match[1] == "TYPE") {
      if (sampled_.count(match[2]) > 0) fault("TYPE after a sample of " + match.str(2));
      if (!types_.emplace(match[2], match[3]).second) fault("Two TYPE of " + match.str(2));
    }
  }

  /// A family whose lines are not together is entered twice.
  void enter(const std::string& family) {
    if (family == current_) return;
    current_ = family;
    if (!entered_.insert(family).second) fault("Family in pieces: " + family);
  }

  std::string familyOf(const std::string& name) const {
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
      const auto type = types_.find(baseOf(name, suffix));
      if (type != types_.end() && (type->second == "histogram" || type->second == "summary"))
        return type->first;
    }
    return name;
  }

  void sample(const std::string& text) {
    static const std::regex kSample{
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*",?)*)\})? ([^ ]+))re"};
    std::smatch match;
    if (!std::regex_match(text, match, kSample)) return fault("Odd sample: " + text);
    Sample found{match[1], labelsOf(match[2]), 0};
    char* end = nullptr;
    const std::string number = match[3];
    found.value = std::strtod(number.c_str(), &end);
    if (*end != '\0') fault("Odd number: " + number);
    const std::string family = familyOf(found.name);
    enter(family);
    if (types_.count(family) == 0) fault("No TYPE for " + family);
    sampled_.insert(family);
    if (!series_.insert({found.name, found.labels}).second) fault("Duplicate: " + text);
    remember(family, found);
  }

  static Labels labelsOf(const std::string& text) {
    static const std::regex kLabel{R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)")re"};
    Labels labels;
    for (std::sregex_iterator each{text.begin(), text.end(), kLabel}, end; each != end; ++each)
      labels[(*each)[1]] = (*each)[2];
    return labels;
  }

  void remember(const std::string& family, const Sample& found) {
    const auto type = types_.find(family);
    if (type == types_.end()) return;
    if (type->second == "counter" && !(found.value >= 0)) fault("Counter below 0: " + family);
    if (type->second != "histogram") return;
    Labels labels = found.labels;
    const std::string bound = labels["le"];
    labels.erase("le");
    Buckets& buckets = histograms_[family][labels];
    if (found.name == family + "_count") buckets.count = found.value;
    if (found.name == family + "_sum") buckets.has_sum = true;
    if (found.name == family + "_bucket")
      buckets.bounds.emplace_back(std::strtod(bound.c_str(), nullptr), found.value);
  }

  void histogram(const std::string& name, const Labels&, const Buckets& buckets) {
    for (std::size_t i = 1; i < buckets.bounds.size(); ++i) {
      if (buckets.bounds[i].first <= buckets.bounds[i - 1].first) fault("Bounds fall: " + name);
      if (buckets.bounds[i].second < buckets.bounds[i - 1].second) fault("Buckets fall: " + name);
    }
    if (buckets.bounds.empty() || !std::isinf(buckets.bounds.back().first))
      return fault("No +Inf bucket: " + name);
    if (!buckets.count || *buckets.count != buckets.bounds.back().second)
      fault("+Inf is not the count: " + name);
    if (!buckets.has_sum) fault("No sum: " + name);
  }

  std::vector<std::string> faults_;
  std::string current_;
  std::set<std::string> entered_;
  std::set<std::string> helps_;
  std::set<std::string> sampled_;
  std::map<std::string, std::string> types_;
  std::set<std::pair<std::string, Labels>> series_;
  std::map<std::string, std::map<Labels, Buckets>> histograms_;
};

}  // namespace

std::vector<std::string> exposureFaults(std::string_view text) {
  return Checker{}.run(text);
}

}  // namespace bulkhead::host::monitoring
