#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {

/// A business of one chair, open day and night, with "cut" of 30 minutes: each start that slots()
/// gives can be booked exactly once.
class BookingBusiness {
 public:
  static constexpr std::string_view kPath = "/api/booking/v1";

  /// Makes the tenant and its catalogue.
  explicit BookingBusiness(const HostProcess& host, std::string_view tenant = "salon");

  /// Starts that are free, from tomorrow on, and do not overlap.
  std::vector<std::string> starts(std::size_t count) const;
  HttpAnswer book(std::string_view start, std::string_view key) const;
  HttpAnswer get(std::string_view target) const;
  HttpAnswer post(std::string_view target, std::string_view body, std::string_view key,
                  const Fields& headers = {}) const;
  static std::string body(std::string_view start);
  const HttpClient& client() const { return client_; }

 private:
  HttpClient client_;
};

}  // namespace bulkhead::integration
