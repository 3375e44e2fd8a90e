#include "http/nearest_route.hpp"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead::host {
namespace {

std::string nearest(std::string_view path) {
  NearestRoute route{path};
  for (const char* candidate :
       {"/health", "/health/liveness", "/metrics", "/api/booking/v1/services",
        "/api/booking/v1/services/{id}", "/api/booking/v1/leads/{id}/notes", "/"})
    route.offer(candidate);
  return std::string{route.found()};
}

TEST(NearestRoute, IsTheOneThatWasMeant) {
  EXPECT_EQ(nearest("/helth"), "/health");
  EXPECT_EQ(nearest("/health/"), "/health");
  EXPECT_EQ(nearest("/Health"), "/health");
  EXPECT_EQ(nearest("/metric"), "/metrics");
  EXPECT_EQ(nearest("/api/booking/services"), "/api/booking/v1/services");
  EXPECT_EQ(nearest("/api/bookings/v1/service"), "/api/booking/v1/services");
  EXPECT_EQ(nearest("/api/booking/v1/service/17"), "/api/booking/v1/services/{id}");
  EXPECT_EQ(nearest("/api/booking/v1/leads/17/note"), "/api/booking/v1/leads/{id}/notes");
  EXPECT_EQ(nearest("/api/booking/v1/services//17"), "/api/booking/v1/services/{id}");
}

TEST(NearestRoute, IsNoneWhereNothingIsNear) {
  EXPECT_EQ(nearest("/nothing"), "");
  EXPECT_EQ(nearest("/wp-login.php"), "");
  EXPECT_EQ(nearest("/api/payroll/v1/runs"), "");
  EXPECT_EQ(nearest("*"), "");
}

}  // namespace
}  // namespace bulkhead::host
