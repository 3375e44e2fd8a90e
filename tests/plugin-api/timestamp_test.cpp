#include <gtest/gtest.h>

#include <bulkhead/timestamp.hpp>
#include <bulkhead/utf8.hpp>

namespace bulkhead {
namespace {

using std::chrono::seconds;

TEST(Rfc2822, ReadsAMomentInItsZone) {
  const auto text = [](const char* moment) {
    const auto read = fromRfc2822(moment);
    return read ? rfc3339(*read) : std::string{};
  };
  EXPECT_EQ(text("Mon, 16 Aug 2010 03:45:01 +0000"), "2010-08-16T03:45:01Z");
  EXPECT_EQ(text("16 Aug 2010 03:45:01 +0000"), "2010-08-16T03:45:01Z");
  EXPECT_EQ(text("Sun, 1 Mar 2026 00:30:00 +0130"), "2026-02-28T23:00:00Z");
  EXPECT_EQ(text("Thu, 31 Dec 2026 23:00:00 -0200"), "2027-01-01T01:00:00Z");
  EXPECT_EQ(fromRfc2822("Thu, 01 Jan 1970 00:00:00 +0000"), seconds{0});
}

TEST(Rfc2822, ReadsNothingElse) {
  for (const char* text :
       {"", "Mon", "Mon, ", "2026-01-05T08:00:00Z", "Mon, 16 Foo 2010 03:45:01 +0000",
        "Mon, 16 anF 2010 03:45:01 +0000", "Mon, 31 Feb 2010 03:45:01 +0000",
        "Mon, 16 Aug 2010 24:45:01 +0000", "Mon, 16 Aug 2010 03:60:01 +0000",
        "Mon, 16 Aug 2010 03:45:01 GMT", "Mon, 16 Aug 2010 03:45:01 *0000",
        "Mon, 16 Aug 2010 03:45:01 +0000 ", "Mon, x6 Aug 2010 03:45:01 +0000"})
    EXPECT_EQ(fromRfc2822(text), std::nullopt) << text;
}

TEST(UpTo, CutsBetweenCharacters) {
  EXPECT_EQ(upTo(3, "abc"), "abc");
  EXPECT_EQ(upTo(2, "abc"), "ab");
  EXPECT_EQ(upTo(3, "aéé"), "aé");
  EXPECT_EQ(upTo(4, "aéé"), "aé");
  EXPECT_EQ(upTo(5, "aéé"), "aéé");
  EXPECT_EQ(upTo(0, "é"), "");
}

}  // namespace
}  // namespace bulkhead
