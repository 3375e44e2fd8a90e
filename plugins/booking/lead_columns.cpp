#include "lead_columns.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "zone.hpp"

namespace booking {
namespace {

using bulkhead::Error;

constexpr std::array<std::string_view, 7> kMembers{"name",     "phone",  "email", "time_zone",
                                                   "language", "status", "notes"};
constexpr std::array<std::string_view, 5> kStatuses{"new", "contacted", "qualified", "booked",
                                                    "lost"};

constexpr std::pair<std::string_view, std::string_view> kOtherNames[]{
    {"full_name", "name"},     {"customer", "name"},
    {"contact", "name"},       {"telephone", "phone"},
    {"tel", "phone"},          {"mobile", "phone"},
    {"phone_number", "phone"}, {"mobile_phone", "phone"},
    {"cell", "phone"},         {"e_mail", "email"},
    {"mail", "email"},         {"email_address", "email"},
    {"timezone", "time_zone"}, {"e_mail_address", "email"},
    {"locale", "language"},    {"comment", "notes"},
    {"comments", "notes"},     {"note", "notes"},
};

Error invalidHeader(const std::string& message) {
  return Error::validation("CSV_HEADER_INVALID", message);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "E-Mail Address" as "e_mail_address".
std::string plain(std::string_view name) {
  std::string text{trimmed(name)};
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (c == ' ' || c == '-') c = '_';
  }
  return text;
}

/// The list's own text, or nothing.
std::string_view memberNamed(std::string_view name) {
  const auto found = std::find(kMembers.begin(), kMembers.end(), name);
  return found == kMembers.end() ? std::string_view{} : *found;
}

std::string_view memberFor(std::string_view column) {
  const std::string name = plain(column);
  if (const auto member = memberNamed(name); !member.empty()) return member;
  for (const auto& [other, member] : kOtherNames) {
    if (other == name) return memberNamed(member);
  }
  return {};
}

/// The member chosen for `column` by "column:member,...".
std::string_view chosenFor(std::string_view column, std::string_view chosen) {
  while (!chosen.empty()) {
    const auto pair = chosen.substr(0, chosen.find(','));
    chosen.remove_prefix(std::min(chosen.size(), pair.size() + 1));
    const auto colon = pair.rfind(':');
    if (colon == std::string_view::npos || plain(pair.substr(0, colon)) != plain(column)) continue;
    const auto member = memberNamed(plain(pair.substr(colon + 1)));
    if (member.empty()) {
      throw invalidHeader("columns says \"" + std::string{pair} +
                          "\"; a lead has name, phone, email, time_zone, language, status, notes.");
    }
    return member;
  }
  return {};
}

/// Characters, that is: bytes that do not go on with one.
std::size_t lengthOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

void requireLength(std::string_view field, std::string_view cell, std::size_t most) {
  if (lengthOf(cell) > most) {
    throw invalidField(field, std::string{cell.substr(0, 20)} + "...",
                       "at most " + std::to_string(most) + " characters");
  }
}

void put(std::string_view member, std::string_view cell, Lead& lead) {
  const std::string text{cell};
  if (member == "name") {
    requireLength(member, cell, 200);
    lead.name = text;
  } else if (member == "phone") {
    lead.phone = normalisedPhone(cell);
  } else if (member == "email") {
    requireLength(member, cell, 254);
    lead.email = normalisedEmail(cell);
  } else if (member == "time_zone") {
    Zone::get(text);
    lead.time_zone = text;
  } else if (member == "language") {
    requireLength(member, cell, 35);
    lead.language = text;
  } else if (member == "notes") {
    requireLength(member, cell, 4000);
    lead.notes = text;
  } else if (member == "status") {
    lead.status = plain(cell);
    if (std::find(kStatuses.begin(), kStatuses.end(), lead.status) == kStatuses.end()) {
      throw invalidField(member, cell, "new, contacted, qualified, booked or lost");
    }
  }
}

}  // namespace

LeadColumns LeadColumns::read(const std::vector<std::string>& header, std::string_view chosen) {
  LeadColumns columns;
  for (const auto& name : header) {
    auto member = chosenFor(name, chosen);
    if (member.empty()) member = memberFor(name);
    if (!member.empty() && std::find(columns.members_.begin(), columns.members_.end(), member) !=
                               columns.members_.end()) {
      throw invalidHeader("Two columns are \"" + std::string{member} + "\"; name one by columns.");
    }
    columns.members_.push_back(member);
  }
  const auto has = [&](std::string_view member) {
    return std::find(columns.members_.begin(), columns.members_.end(), member) !=
           columns.members_.end();
  };
  if (!has("phone") && !has("email")) {
    throw invalidHeader("No column is a phone or an email; name one by columns=Column:phone.");
  }
  return columns;
}

std::optional<CellProblem> LeadColumns::fill(const std::vector<std::string>& row,
                                             Lead& lead) const {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto cell = trimmed(row[i]);
    if (members_[i].empty() || cell.empty()) continue;
    try {
      put(members_[i], cell, lead);
    } catch (const Error& error) {
      return CellProblem{std::string{members_[i]}, error};
    }
  }
  if (!lead.phone && !lead.email) {
    return CellProblem{"phone", Error::validation("VALIDATION_ERROR",
                                                  "The row has neither a phone nor an email.")};
  }
  return std::nullopt;
}

}  // namespace booking
