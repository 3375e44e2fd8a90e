#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// Finds the template that whoever asked for a path most likely meant: at most one edit for each
/// three characters of the path, where a parameter stands for any segment. Views only; takes some
/// milliseconds for hundreds of templates, so not on a loop.
class NearestRoute {
 public:
  explicit NearestRoute(std::string_view path);

  void offer(std::string_view route_template);
  /// Empty when none was near; the first of equally near ones.
  std::string_view found() const noexcept { return found_; }

 private:
  std::size_t distanceTo(const std::vector<std::string_view>& wanted) const;

  std::vector<std::string_view> segments_;
  std::size_t least_;
  std::string_view found_;
};

}  // namespace bulkhead::host
