#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::integration {

/// One member of a struct of abi.h: {"host", "db_read"}.
struct WaistMember {
  std::string of;  ///< without "bulkhead_"
  std::string name;
};

/// Every member of every struct that a header in C defines, in its order.
std::vector<WaistMember> waistMembers(std::string_view header);

}  // namespace bulkhead::integration
