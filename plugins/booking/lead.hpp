#pragma once

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

}  // namespace booking
