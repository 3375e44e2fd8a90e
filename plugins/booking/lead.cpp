#include "lead.hpp"

#include <algorithm>

#include <bulkhead/json_writer.hpp>

#include "lead_store.hpp"
#include "zone.hpp"

namespace booking {
namespace {

constexpr std::size_t kPhoneDigitsMin = 7;
constexpr std::size_t kPhoneDigitsMax = 15;  // E.164 §6

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
bool isSpace(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

void Lead::check() const {
  if (!phone && !email) {
    throw bulkhead::Error::validation(
        "VALIDATION_ERROR", "A lead needs a phone (\"+12025550123\") or an email; it has neither.");
  }
  if (time_zone) Zone::get(*time_zone);
}

std::string normalisedPhone(std::string_view text) {
  std::string digits;
  bool plain = !text.empty() && text.front() == '+';
  for (const char c : text.substr(plain ? 1 : 0)) {
    if (isDigit(c)) {
      digits += c;
    } else if (!isSpace(c) && c != '-' && c != '.' && c != '(' && c != ')') {
      plain = false;
    }
  }
  if (!plain || digits.size() < kPhoneDigitsMin || digits.size() > kPhoneDigitsMax ||
      digits.front() == '0') {
    throw invalidField("phone", text, "E.164, such as \"+12025550123\"");
  }
  return '+' + digits;
}

std::string normalisedEmail(std::string_view text) {
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  const auto at = text.find('@');
  const bool one_at = at != std::string_view::npos && text.find('@', at + 1) == text.npos;
  if (!one_at || at == 0 || at + 1 == text.size() ||
      std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' '; })) {
    throw invalidField("email", text, "an address such as \"ann@example.com\"");
  }
  std::string email{text};
  for (char& c : email) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return email;
}

std::optional<Lead> findSame(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                             const Lead& wanted) {
  std::optional<Lead> by_phone;
  std::optional<Lead> by_email;
  if (wanted.phone) by_phone = LeadStore::findByPhone(transaction, tenant, *wanted.phone);
  if (wanted.email) by_email = LeadStore::findByEmail(transaction, tenant, *wanted.email);
  if (by_phone && by_email && by_phone->id != by_email->id) {
    throw bulkhead::Error::conflict("DUPLICATE",
                                    "The phone belongs to one lead and the email to another.")
        .withDetails(bulkhead::toJson([&](bulkhead::JsonWriter& out) {
          out.object("leads", [&](bulkhead::JsonWriter& leads) {
            leads.beginArray();
            leads.value(by_phone->id);
            leads.value(by_email->id);
            leads.endArray();
          });
        }));
  }
  return by_phone ? by_phone : by_email;
}

LeadChange planLead(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                    const LeadStamp& stamp, const std::function<void(Lead&)>& fill) {
  Lead wanted;
  fill(wanted);
  wanted.check();
  const auto known = findSame(transaction, tenant, wanted);
  if (!known) {
    wanted.id = stamp.new_id;
    wanted.created_at = wanted.updated_at = stamp.now;
    return {std::move(wanted), LeadChange::Kind::Made};
  }
  Lead changed = *known;
  fill(changed);
  if (changed == *known) return {std::move(changed), LeadChange::Kind::Kept};
  ++changed.version;
  changed.updated_at = stamp.now;
  return {std::move(changed), LeadChange::Kind::Changed};
}

void requireUnique(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                   const Lead& lead) {
  const auto same = findSame(transaction, tenant, lead);
  if (!same || same->id == lead.id) return;
  throw bulkhead::Error::conflict("DUPLICATE",
                                  "Another lead has that phone or email: \"" + same->id + "\".");
}

}  // namespace booking
