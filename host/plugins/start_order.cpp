#include "plugins/start_order.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace bulkhead::host {
namespace {

class Ordering {
 public:
  explicit Ordering(const std::vector<Manifest>& manifests) {
    for (const auto& manifest : manifests) waiting_[manifest.id] = &manifest;
  }

  StartOrder run() {
    while (startStep()) {
    }
    for (const auto& [id, manifest] : waiting_) result_.blocked[id] = whyBlocked(id);
    return std::move(result_);
  }

 private:
  /// Moves all plugins that have what they require from waiting to started.
  bool startStep() {
    std::vector<std::string> step;
    for (const auto& [id, manifest] : waiting_) {
      if (missing(*manifest) == nullptr) step.push_back(id);
    }
    for (const auto& id : step) {
      const auto& provides = waiting_.at(id)->provides;
      provided_.insert(provided_.end(), provides.begin(), provides.end());
      waiting_.erase(id);
    }
    if (step.empty()) return false;
    result_.steps.push_back(std::move(step));
    return true;
  }

  /// The first required capability that nobody who started provides, or nullptr.
  const Capability* missing(const Manifest& manifest) const {
    const auto has = [](const std::vector<Capability>& all, const Capability& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    for (const auto& want : manifest.wants) {
      if (!want.required || has(provided_, want.capability)) continue;
      if (!has(manifest.provides, want.capability)) return &want.capability;
    }
    return nullptr;
  }

  /// A waiting plugin that provides it, or "".
  std::string waitingProvider(const Capability& wanted) const {
    for (const auto& [id, manifest] : waiting_) {
      const auto& provides = manifest->provides;
      if (std::find(provides.begin(), provides.end(), wanted) != provides.end()) return id;
    }
    return {};
  }

  /// Walks from plugin to blocked provider until there is none, or one comes again.
  std::string whyBlocked(const std::string& id) const {
    const Capability& wanted = *missing(*waiting_.at(id));
    const std::string provider = waitingProvider(wanted);
    if (provider.empty()) {
      return fmt::format("requires {}, which no enabled plugin provides{}", wanted.text(),
                         otherMajor(wanted));
    }
    std::vector<std::string> path{id};
    for (std::string next = provider; !next.empty();
         next = waitingProvider(*missing(*waiting_.at(next)))) {
      if (next == id) {
        return fmt::format("is in a circle of requirements: {} -> {}; make one of them optional",
                           fmt::join(path, " -> "), id);
      }
      if (std::find(path.begin(), path.end(), next) != path.end()) break;
      path.push_back(next);
    }
    return fmt::format("requires {}, but {} cannot start", wanted.text(), provider);
  }

  std::string otherMajor(const Capability& wanted) const {
    const auto is_other = [&](const Capability& one) { return one.name == wanted.name; };
    std::vector<Capability> offered = provided_;
    for (const auto& [id, manifest] : waiting_) {
      offered.insert(offered.end(), manifest->provides.begin(), manifest->provides.end());
    }
    const auto other = std::find_if(offered.begin(), offered.end(), is_other);
    if (other == offered.end()) return {};
    return fmt::format("; there is {}, and only equal majors are joined", other->text());
  }

  std::map<std::string, const Manifest*> waiting_;
  std::vector<Capability> provided_;
  StartOrder result_;
};

}  // namespace

StartOrder startOrder(const std::vector<Manifest>& manifests) {
  return Ordering{manifests}.run();
}

}  // namespace bulkhead::host
