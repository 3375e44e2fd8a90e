#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sqlite3.h>
#include <sstream>
#include <string>

namespace booking {
namespace {

/// The plugin's schema in memory, written without the plugin: what any other code path would do.
class NoOverlapTest : public testing::Test {
 protected:
  void SetUp() override {
    sqlite3* opened = nullptr;
    ASSERT_EQ(sqlite3_open(":memory:", &opened), SQLITE_OK);
    database_.reset(opened);
    std::ifstream file{BULKHEAD_SOURCE_DIR "/plugins/booking/migrations/sqlite/0001_booking.sql"};
    std::ostringstream sql;
    sql << file.rdbuf();
    ASSERT_EQ(run(sql.str()), "");
    run("insert into schedule values ('t', 'w', 'W', 'UTC', 'r', 1, 1, 0, 0)");
    run("insert into resource values ('t', 'anna', 'A', 'staff', null, 'w', 1, 1, 1, 0, 0)");
    run("insert into service values ('t', 'cut', 'C', 30, '', 15, 0, 0, null, null, 0, 1, 1, 0, "
        "0)");
    for (const char* id : {"a", "b"}) {
      ASSERT_EQ(
          run("insert into appointment values ('t', '" + std::string{id} +
              "', 'cut', null, null, 0, 1, '', 'UTC', '', 'confirmed', null, 'web', '', null, "
              "null, null, 0, 0, 1, 0, 0)"),
          "");
    }
  }

  /// The database's complaint, or nothing.
  std::string run(const std::string& sql) {
    char* message = nullptr;
    sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, &message);
    const std::string complaint = message == nullptr ? "" : message;
    sqlite3_free(message);
    return complaint;
  }
  int count(const std::string& sql) {
    int found = -1;
    const auto take = [](void* out, int, char** columns, char**) {
      *static_cast<int*>(out) = std::stoi(columns[0]);
      return 0;
    };
    sqlite3_exec(database_.get(), sql.c_str(), take, &found, nullptr);
    return found;
  }
  std::string block(const char* appointment, int begin, int end, int live = 1) {
    return run("insert into appointment_resource values ('t', '" + std::string{appointment} +
               "', 'anna', " + std::to_string(begin) + ", " + std::to_string(end) + ", " +
               std::to_string(live) + ", null)");
  }
  int overlaps() {
    return count(
        "select count(*) from appointment_resource x join appointment_resource y on "
        "x.tenant = y.tenant and x.resource = y.resource and x.appointment < y.appointment and "
        "x.live and y.live and x.block_start < y.block_end and y.block_start < x.block_end");
  }

  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

TEST_F(NoOverlapTest, B1_TheStoreRefusesWhateverWrites) {
  EXPECT_EQ(block("a", 100, 200), "");
  EXPECT_EQ(block("b", 150, 250), "APPT_OVERLAP");
  EXPECT_EQ(block("b", 200, 300), "") << "blocks that touch do not overlap";
  EXPECT_EQ(run("update appointment_resource set block_start = 199 where appointment = 'b'"),
            "APPT_OVERLAP");
  EXPECT_EQ(overlaps(), 0);
}

TEST_F(NoOverlapTest, B1_ACancelledVisitCannotComeBackOverAnother) {
  EXPECT_EQ(block("a", 100, 200), "");
  EXPECT_EQ(run("update appointment set status = 'cancelled' where id = 'a'"), "");
  EXPECT_EQ(count("select live from appointment_resource where appointment = 'a'"), 0)
      << "the status drives what blocks";
  EXPECT_EQ(block("b", 150, 250), "");
  EXPECT_EQ(run("update appointment set status = 'confirmed' where id = 'a'"), "APPT_OVERLAP");
  EXPECT_EQ(run("update appointment_resource set live = 1 where appointment = 'a'"),
            "APPT_OVERLAP");
  EXPECT_EQ(overlaps(), 0);
}

// Two callers that both look before either writes: what check-then-insert comes to without a guard.
TEST_F(NoOverlapTest, B1_NegativeControl_WithoutTheTriggersCheckThenInsertDoubleBooks) {
  run("drop trigger appointment_no_overlap_insert");
  const std::string is_free =
      "select count(*) = 0 from appointment_resource where resource = 'anna' and live = 1 "
      "and block_start < 200 and block_end > 100";
  const bool free_for_a = count(is_free) == 1;
  const bool free_for_b = count(is_free) == 1;
  if (free_for_a) block("a", 100, 200);
  if (free_for_b) block("b", 100, 200);
  EXPECT_EQ(overlaps(), 1);
}

TEST_F(NoOverlapTest, HistoryIsFinal) {
  run("insert into appointment_history values ('t', 'a', 1, 'book', null, 'confirmed', 0, 1, "
      "'anna', "
      "'', '', '', 0)");
  EXPECT_EQ(run("update appointment_history set action = 'x'"), "HISTORY_IS_FINAL");
  EXPECT_EQ(run("delete from appointment_history"), "HISTORY_IS_FINAL");
}

}  // namespace
}  // namespace booking
