#include <algorithm>
#include <set>
#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using namespace std::chrono_literals;

class ListsTest : public BookingTest {
 protected:
  /// The ids of the whole list, page by page.
  std::vector<std::string> walk(std::string_view target, int limit = 2) {
    std::vector<std::string> ids;
    std::string cursor;
    do {
      const std::string separator = target.find('?') == target.npos ? "?" : "&";
      const json page = get(fmt::format("{}{}limit={}{}", target, separator, limit,
                                        cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_LE(page.at("items").size(), static_cast<std::size_t>(limit));
      for (const auto& item : page.at("items")) ids.push_back(item.at("id"));
      cursor = page.at("next_cursor").is_null() ? "" : page.at("next_cursor").get<std::string>();
    } while (!cursor.empty() && ids.size() < 100);
    return ids;
  }
  void lead(std::string_view id, std::string_view name) {
    put(fmt::format("/leads/{}", id),
        fmt::format(R"({{"name":{},"email":"{}@example.com"}})", name, id));
  }
  std::string cursorOf(std::string_view target) { return get(target).at("next_cursor"); }

  static std::vector<std::string> reversed(std::vector<std::string> ids) {
    std::reverse(ids.begin(), ids.end());
    return ids;
  }
};

TEST_F(ListsTest, LeadsAreSortedEitherWay) {
  lead("d", R"("Ann")");
  host_.advance(1s);
  lead("b", "null");
  host_.advance(1s);
  lead("c", R"("Ann")");
  lead("a", R"("Ben")");
  const std::vector<std::string> by_name{"b", "c", "d", "a"};
  const std::vector<std::string> by_created{"d", "b", "a", "c"};
  EXPECT_EQ(walk("/leads"), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(walk("/leads?sort=-id"), (std::vector<std::string>{"d", "c", "b", "a"}));
  EXPECT_EQ(walk("/leads?sort=name"), by_name);
  EXPECT_EQ(walk("/leads?sort=-name"), reversed(by_name));
  EXPECT_EQ(walk("/leads?sort=created_at"), by_created);
  EXPECT_EQ(walk("/leads?sort=-created_at", 1), reversed(by_created));
  host_.advance(1s);
  host_.patch(path("/leads/d"), R"({"notes":"called"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(walk("/leads?sort=-updated_at").front(), "d");
  EXPECT_EQ(walk("/leads?updated_since=2026-01-05T08:00:03Z"), (std::vector<std::string>{"d"}));
  EXPECT_EQ(host_.get(path("/leads?sort=phone")).status, 400);
}

TEST_F(ListsTest, AppointmentsAreSortedEitherWay) {
  const std::string late = booked("2026-01-07T14:00:00Z").at("id");
  host_.advance(1s);
  const json first = booked("2026-01-06T14:00:00Z");
  const std::string early = first.at("id");
  host_.advance(1s);
  const std::string middle = booked("2026-01-06T15:00:00Z").at("id");
  const std::vector<std::string> by_start{early, middle, late};
  const std::vector<std::string> by_created{late, early, middle};
  EXPECT_EQ(walk("/appointments"), by_start);
  EXPECT_EQ(walk("/appointments?sort=-start", 1), reversed(by_start));
  EXPECT_EQ(walk("/appointments?sort=created_at", 1), by_created);
  EXPECT_EQ(walk("/appointments?sort=-created_at"), reversed(by_created));
  host_.advance(1s);
  acted(first, "cancel");
  EXPECT_EQ(walk("/appointments?sort=-updated_at", 1).front(), early);
  EXPECT_EQ(walk("/appointments?updated_since=2026-01-05T08:00:03Z"),
            (std::vector<std::string>{early}));
  EXPECT_EQ(walk("/appointments?status=confirmed&sort=-start", 1),
            (std::vector<std::string>{late, middle}));
}

TEST_F(ListsTest, TheCatalogueIsSortedEitherWay) {
  const auto location = [&](std::string_view id, std::string_view name) {
    put(fmt::format("/locations/{}", id),
        fmt::format(R"({{"name":"{}","time_zone":"UTC"}})", name));
    host_.advance(1s);
  };
  location("c", "North");
  location("a", "South");
  location("b", "North");
  EXPECT_EQ(walk("/locations", 1), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(walk("/locations?sort=name", 1), (std::vector<std::string>{"b", "c", "a"}));
  EXPECT_EQ(walk("/locations?sort=-name"), (std::vector<std::string>{"a", "c", "b"}));
  EXPECT_EQ(walk("/locations?sort=-updated_at"), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(walk("/locations?updated_since=2026-01-05T08:00:02Z&active=true"),
            (std::vector<std::string>{"b"}));
  const std::string cursor = cursorOf("/locations?limit=1");
  EXPECT_EQ(host_.get(path("/services?cursor=" + cursor)).error().code, "CURSOR_INVALID");
}

TEST_F(ListsTest, ACursorIsGoodForItsOwnListOnly) {
  for (const char* id : {"a", "b", "c", "d"}) lead(id, R"("Ann")");
  const std::string cursor = cursorOf("/leads?limit=2&sort=name&status=new");
  const auto with = [&](std::string_view query, std::string_view text) {
    return host_.get(path(fmt::format("/leads?{}&cursor={}", query, text)));
  };
  EXPECT_EQ(with("status=new&sort=name&limit=1", cursor).status, 200) << "whatever the limit";
  for (const char* query :
       {"sort=name", "sort=-name&status=new", "status=new", "sort=name&status=lost"}) {
    const auto refused = with(query, cursor);
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(refused.error().code, "CURSOR_INVALID") << query;
  }
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string forged = cursor;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    ASSERT_EQ(with("sort=name&status=new", forged).error().code, "CURSOR_INVALID") << i;
  }
  host_.actAs("t2");
  EXPECT_EQ(with("sort=name&status=new", cursor).error().code, "CURSOR_INVALID");
}

// Goal: what does not change is seen exactly once, however much changes between two pages. Method:
// before each page one lead is added in front of the position, one behind it, and one that was seen
// is deleted. Control: counting from the front (OFFSET) would see some twice and miss others.
TEST_F(ListsTest, PagesAreStableWhileTheListChanges) {
  std::set<std::string> steady;
  for (int i = 10; i < 30; ++i) {
    const std::string id = fmt::format("m{}", i);
    lead(id, R"("Ann")");
    steady.insert(id);
  }
  std::multiset<std::string> seen;
  std::multiset<std::string> by_offset;
  std::string cursor;
  int round = 0;
  do {
    const json page =
        get(fmt::format("/leads?limit=3{}", cursor.empty() ? "" : "&cursor=" + cursor));
    for (const auto& item : page.at("items")) seen.insert(item.at("id").get<std::string>());
    const json all = get("/leads?limit=200").at("items");
    for (int i = round * 3; i < round * 3 + 3 && i < static_cast<int>(all.size()); ++i) {
      by_offset.insert(all[static_cast<std::size_t>(i)].at("id").get<std::string>());
    }
    cursor = page.at("next_cursor").is_null() ? "" : page.at("next_cursor").get<std::string>();
    lead(fmt::format("a{}", round), R"("Before")");
    lead(fmt::format("z{}", round), R"("After")");
    ++round;
  } while (!cursor.empty() && round < 50);
  const auto isSeenOnce = [](const std::multiset<std::string>& ids) {
    return [&ids](const std::string& id) { return ids.count(id) == 1; };
  };
  EXPECT_TRUE(std::all_of(steady.begin(), steady.end(), isSeenOnce(seen)));
  EXPECT_FALSE(std::all_of(steady.begin(), steady.end(), isSeenOnce(by_offset)));
}

}  // namespace
}  // namespace booking
