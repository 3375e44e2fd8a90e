#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/error.hpp>

#include "lead.hpp"

namespace booking {

/// A cell that cannot be a lead's.
struct CellProblem {
  std::string field;
  bulkhead::Error error;
};

/// Which column of a table is which member of a lead.
class LeadColumns {
 public:
  /// Matches the header's names, in any case and with "_", "-" or spaces, with a lead's members and
  /// their usual other names. `chosen` goes before: "Rufnummer:phone,Kunde:name". Throws 400
  /// CSV_HEADER_INVALID: neither phone nor email, one member twice, an unknown member chosen.
  static LeadColumns read(const std::vector<std::string>& header, std::string_view chosen);

  /// The member that each column is; empty for those that are not used.
  const std::vector<std::string_view>& members() const { return members_; }

  /// Puts the cells of a row into `lead`; empty ones change nothing. The first problem, if any.
  std::optional<CellProblem> fill(const std::vector<std::string>& row, Lead& lead) const;

 private:
  std::vector<std::string_view> members_;
};

}  // namespace booking
