#include "security/time_zone.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/security/key_fixture.hpp"

namespace bulkhead::host {
namespace {

TEST(TimeZone, IsAPlaceOfTheZoneData) {
  for (const char* name : {"UTC", "Europe/London", "America/Argentina/Buenos_Aires", "Etc/GMT+5"})
    EXPECT_TRUE(isTimeZone(name)) << name;
  for (const char* name :
       {"", "Europe", "Europe/Nowhere", "Europe/London/", "europe/../UTC", "localtime",
        "posixrules", "right/Europe/London", "libc:localtime", "Fixed/UTC+05:30:17",
        "/usr/share/zoneinfo/Europe/London", "file:/usr/share/zoneinfo/Europe/London"})
    EXPECT_FALSE(isTimeZone(name)) << name;
}

TEST(TimeZone, APipeIsNeverOpened) {
  const TemporaryFolder folder;
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(isTimeZone("file:" + pipe));
  ASSERT_EQ(setenv("TZDIR", pipe.substr(0, pipe.rfind('/')).c_str(), 1), 0);
  EXPECT_FALSE(isTimeZone("pipe")) << "not even where the zones are";
  unsetenv("TZDIR");
}

}  // namespace
}  // namespace bulkhead::host
