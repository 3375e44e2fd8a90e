#include <string>
#include <vector>

#include "appointment_store.hpp"
#include "integration/booking/desk_on_sqlite.hpp"
#include "lead_store.hpp"
#include "location_store.hpp"
#include "resource_store.hpp"
#include "schedule_store.hpp"
#include "service_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;

class ListPlanTest : public DeskOnSqlite {
 protected:
  /// Asks for every order of every list, from its beginning and from a position within it.
  void askForAll() {
    for (const char* column : {"a.start_utc", "a.created_at", "a.updated_at"}) {
      ask(column, "a.id", false, [](ReadTransaction& read, const ListOrder& order) {
        AppointmentStore::list(read, "t", {}, order);
      });
    }
    for (const bool by_lead : {false, true}) {
      ask("a.start_utc", "a.id", false, [by_lead](ReadTransaction& read, const ListOrder& order) {
        AppointmentStore::Filter filter;
        (by_lead ? filter.lead : filter.resource) = "one";
        AppointmentStore::list(read, "t", filter, order);
      });
    }
    for (const char* column : {"id", "coalesce(name, '')", "created_at", "updated_at"}) {
      ask(column, "id", true, [](ReadTransaction& read, const ListOrder& order) {
        LeadStore::list(read, "t", {}, order);
      });
    }
    for (const char* column : {"id", "name", "updated_at"}) {
      ask(column, "id", true, [](ReadTransaction& read, const ListOrder& order) {
        LocationStore::list(read, "t", {}, order);
        ResourceStore::list(read, "t", {}, order);
        ScheduleStore::list(read, "t", {}, order);
        ServiceStore::list(read, "t", {}, order);
      });
    }
  }

  /// The statements that sort, or look at more than their page.
  std::vector<std::string> slow() {
    std::vector<std::string> found;
    for (const auto& sql : store_.statements()) {
      if (sql.find(" order by ") == sql.npos || sql.find(" limit ") == sql.npos) continue;
      const std::string plan = store_.planOf(sql);
      if (plan.find("TEMP B-TREE") != plan.npos || plan.find("SCAN ") != plan.npos) {
        found.push_back(sql + "\n" + plan);
      }
    }
    return found;
  }

 private:
  template <class List>
  void ask(const char* column, const char* id_column, bool is_text, const List& list) {
    for (const bool descending : {false, true}) {
      host_.read([&](ReadTransaction& read) {
        ListOrder order{column, id_column, is_text, descending};
        list(read, order);
        order.after = ListPosition{"1", "x"};
        list(read, order);
      });
    }
  }
};

TEST_F(ListPlanTest, EachOrderOfEachListIsAnIndex) {
  askForAll();
  for (const auto& statement : slow()) ADD_FAILURE() << statement;
}

TEST_F(ListPlanTest, NegativeControl_WithoutItsIndexAnOrderIsFoundSorting) {
  for (const char* index : {"appointment_by_updated", "lead_by_name", "service_by_name"}) {
    store_.run("drop index " + std::string{index});
  }
  askForAll();
  EXPECT_EQ(slow().size(), 12U);
}

}  // namespace
}  // namespace booking
