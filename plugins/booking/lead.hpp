#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "record.hpp"

namespace booking {

/// A person who may become a customer; known by phone, e-mail address or both, each unique within
/// the tenant.
struct Lead : Record {
  std::optional<std::string> name;
  std::optional<std::string> phone;  ///< E.164
  std::optional<std::string> email;  ///< normalised
  std::optional<std::string> time_zone;
  std::optional<std::string> language;  ///< BCP 47
  std::string source = "web";
  std::string status = "new";
  std::string notes;
  friend bool operator==(const Lead&, const Lead&) = default;

  /// Throws VALIDATION_ERROR when neither phone nor e-mail is there, INVALID_TIME_ZONE.
  void check() const;
};

/// "+12025550123" from "+1 (202) 555-0123": E.164, spaces and punctuation dropped. Throws
/// VALIDATION_ERROR.
std::string normalisedPhone(std::string_view text);
/// Trimmed and in lower case. Throws VALIDATION_ERROR for what has no one "@" between two parts.
std::string normalisedEmail(std::string_view text);

/// The lead that `wanted`'s phone or e-mail address names. Throws 409 DUPLICATE (details: `leads`)
/// when they name two different ones.
std::optional<Lead> findSame(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                             const Lead& wanted);

/// What a wanted lead comes to: the known one as it is, the known one changed, or a new one.
struct LeadChange {
  enum class Kind { Kept, Changed, Made };
  Lead lead;
  Kind kind = Kind::Kept;
};

/// What a lead that is made or changed gets.
struct LeadStamp {
  std::string new_id;
  Instant now;
};

/// Plans to put what `fill(lead)` sets into the lead that has this phone or e-mail address, or into
/// a new one. Throws VALIDATION_ERROR, INVALID_TIME_ZONE, DUPLICATE; writes nothing.
LeadChange planLead(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                    const LeadStamp& stamp, const std::function<void(Lead&)>& fill);

/// Throws DUPLICATE when a lead other than `lead` has its phone or e-mail address.
void requireUnique(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                   const Lead& lead);

}  // namespace booking
