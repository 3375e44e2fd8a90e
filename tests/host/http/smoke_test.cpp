#include <gtest/gtest.h>
#include "http/front.hpp"
using namespace bulkhead::host;
TEST(Smoke, Runs) {
  FrontOptions o;
  Front f{o, [](std::shared_ptr<Exchange> e) { e->respond(HttpResponse::text(200, "hi", "text/plain")); }, {}};
  f.listen("127.0.0.1", 0);
  f.start();
  std::string cmd = "curl -sv http://127.0.0.1:" + std::to_string(f.port()) + "/x?a=b 2>&1";
  EXPECT_EQ(system(cmd.c_str()), 0);
  if (getenv("HOLD")) { printf("port %d\n", f.port()); fflush(stdout); sleep(atoi(getenv("HOLD"))); }
}
