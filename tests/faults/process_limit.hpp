#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/types.h>

namespace bulkhead::faults {

/// A limit of a running process, for as long as it lives.
class ProcessLimit {
 public:
  ProcessLimit(pid_t process, int resource, rlim_t soft)
      : process_{process}, resource_{static_cast<__rlimit_resource>(resource)} {
    EXPECT_EQ(::prlimit(process_, resource_, nullptr, &before_), 0);
    const rlimit lower{soft, before_.rlim_max};
    EXPECT_EQ(::prlimit(process_, resource_, &lower, nullptr), 0);
  }
  ~ProcessLimit() { ::prlimit(process_, resource_, &before_, nullptr); }
  ProcessLimit(const ProcessLimit&) = delete;
  ProcessLimit& operator=(const ProcessLimit&) = delete;

 private:
  const pid_t process_;
  const __rlimit_resource resource_;
  rlimit before_{};
};

}  // namespace bulkhead::faults
