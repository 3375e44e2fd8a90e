#include "trial_balance_store.hpp"

namespace accounting {

std::vector<AccountTotal> TrialBalanceStore::totals(bulkhead::ReadTransaction& read,
                                                    std::string_view tenant,
                                                    std::string_view as_of) {
  return read.list(
      "select a.id, a.code, a.name, a.type, cast(sum(l.amount) as bigint) from journal_entry e "
      "join journal_line l on l.tenant = e.tenant and l.entry = e.id "
      "join account a on a.tenant = l.tenant and a.id = l.account "
      "where e.tenant = $1 and e.state = 'posted' and e.date <= $2 "
      "group by a.tenant, a.id, a.code, a.name, a.type order by a.code",
      bulkhead::values(tenant, as_of), [](const bulkhead::Row& row) {
        return AccountTotal{row.string(0), row.string(1), row.string(2), row.string(3),
                            row.integer(4)};
      });
}

}  // namespace accounting
