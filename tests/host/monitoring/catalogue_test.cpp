#include "monitoring/catalogue.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {
namespace {

TEST(Catalogue, EveryEntryKeepsTheRulesAndIsThereOnceInOrder) {
  std::string_view last;
  for (const auto& entry : catalogue()) {
    EXPECT_NO_THROW(requireValid(entry.kind, specOf(entry.name))) << entry.name;
    EXPECT_LT(last, entry.name);
    last = entry.name;
  }
}

TEST(Catalogue, S108_S113_HoldsTheSixNamesAsGauges) {
  for (const std::string_view name :
       {"accubooks_up", "accubooks_database_available", "accubooks_redis_available",
        "accubooks_uptime_seconds", "accubooks_memory_used_bytes", "accubooks_memory_total_bytes"})
    EXPECT_EQ(kindOf(name), MetricKind::Gauge) << name;
}

TEST(Catalogue, LabelsAndBucketsOfARequest) {
  const MetricSpec spec = specOf("http_server_request_duration_seconds");
  EXPECT_EQ(spec.labels, (std::vector<std::string>{"http_request_method", "http_route",
                                                   "http_response_status_code"}));
  EXPECT_EQ(spec.buckets, (std::vector<double>{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
                                               0.75, 1, 2.5, 5, 7.5, 10}));
}

TEST(Catalogue, AnUnknownNameIsRefused) {
  EXPECT_THROW(specOf("nobody"), Error);
}

}  // namespace
}  // namespace bulkhead::host::monitoring
