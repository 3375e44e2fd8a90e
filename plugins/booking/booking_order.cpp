#include "booking_order.hpp"

#include <array>
#include <utility>

#include <bulkhead/signing.hpp>

#include "appointment_json.hpp"
#include "appointment_store.hpp"
#include "body.hpp"
#include "exchange.hpp"
#include "lead_json.hpp"
#include "lead_store.hpp"
#include "record_json.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::array kSaidByToken{"service", "start", "duration", "location", "time_zone"};
constexpr std::array kSaidByHold{"service",  "start",     "duration",  "location",
                                 "resource", "time_zone", "slot_token"};

template <std::size_t N>
void refuseMembers(const json& body, const std::array<const char*, N>& names, const char* besides) {
  for (const char* name : names) {
    if (body.contains(name)) {
      throw bulkhead::Error::validation("VALIDATION_ERROR",
                                        std::string{name} + " is left out beside " + besides + '.');
    }
  }
}

void requireMember(const json& body, const char* name, std::string_view accepted) {
  if (!body.contains(name)) throw invalidField(name, "", accepted);
}

/// The answers, once it is known what is asked.
BookingOrders::Planned checked(BookingOrders::Planned planned) {
  const auto& [text, answers] =
      std::tie(planned.appointment.questions, planned.appointment.after.answers.text);
  if (text != "[]" || answers != "{}") checkAnswers(json::parse(text), json::parse(answers));
  return planned;
}

}  // namespace

BookingOrders::Planned BookingOrders::plan(ReadTransaction& transaction, const Caller& caller,
                                           const json& body) const {
  Appointment draft = draftOf(body);
  if (const auto hold_id = body.find("hold_id"); hold_id != body.end()) {
    refuseMembers(body, kSaidByHold, "hold_id");
    auto held = AppointmentStore::find(transaction, caller.tenant, hold_id->get<std::string>());
    if (!held) throw notFound("hold", hold_id->get<std::string>());
    auto lead = leadOf(transaction, caller, body, draft);
    return checked(
        {std::move(lead), desk_.planBookingOf(transaction, caller, std::move(*held), draft)});
  }
  const Wish wish = wishOf(transaction, caller, body);
  auto lead = leadOf(transaction, caller, body, draft);
  return checked({std::move(lead), desk_.planBooking(transaction, caller, wish, std::move(draft))});
}

/// The id is the client's promise that it is one visit.
std::optional<Appointment> BookingOrders::findMade(ReadTransaction& transaction,
                                                   const Caller& caller, const json& body) const {
  auto existing =
      AppointmentStore::find(transaction, caller.tenant, body.at("id").get<std::string>());
  if (existing && existing->made_from != bulkhead::sha256Hex(body.dump())) {
    throw bulkhead::Error::conflict(
        "DUPLICATE",
        "That id is an appointment that was made from another body; change it by PATCH "
        "and by its actions.");
  }
  return existing;
}

Appointment BookingOrders::carryOut(Transaction& transaction, const Caller& caller,
                                    Planned planned) const {
  if (planned.lead) LeadStore::write(transaction, caller.tenant, *planned.lead);
  return desk_.carryOut(transaction, caller, std::move(planned.appointment));
}

Appointment BookingOrders::hold(Transaction& transaction, const Caller& caller,
                                const json& body) const {
  Appointment draft;
  draft.id = host_.newId();
  draft.status = Status::Held;
  take(body, "source", draft.source);
  return desk_.book(transaction, caller, wishOf(transaction, caller, body), std::move(draft));
}

Appointment BookingOrders::draftOf(const json& body) const {
  Appointment draft;
  if (const auto id = body.find("id"); id != body.end()) {
    refuseMembers(body, std::array{"hold_id"}, "id: the appointment keeps the hold's");
    draft.id = clientMadeId(id->get<std::string>());
    draft.made_from = bulkhead::sha256Hex(body.dump());
  } else {
    draft.id = host_.newId();
  }
  take(body, "notes", draft.notes);
  take(body, "source", draft.source);
  take(body, "answers", draft.answers);
  return draft;
}

/// A token that leaves the resource open lets the caller name one of those that were free.
Wish BookingOrders::wishOf(ReadTransaction& transaction, const Caller& caller,
                           const json& body) const {
  const auto token = body.find("slot_token");
  if (token == body.end()) {
    requireMember(body, "service", "the id of a service, or send slot_token");
    requireMember(body, "start", "an instant such as \"2026-01-06T14:00:00Z\"");
    return wishFrom(body);
  }
  refuseMembers(body, kSaidByToken, "slot_token");
  const SlotClaim claim = signatures_.slotTokens(transaction)
                              .open(caller.tenant, token->get<std::string>(), caller.now);
  Wish wish;
  wish.service = claim.service;
  wish.duration_min = static_cast<int>(claim.duration / seconds{60});
  wish.start = claim.start;
  if (!claim.location.empty()) wish.location = claim.location;
  take(body, "resource", wish.resource);
  if (!claim.resource.empty()) {
    if (wish.resource.value_or(claim.resource) != claim.resource) {
      throw invalidField("resource", *wish.resource, "the one that slot_token is for");
    }
    wish.resource = claim.resource;
  }
  return wish;
}

std::optional<LeadChange> BookingOrders::leadOf(ReadTransaction& transaction, const Caller& caller,
                                                const json& body, Appointment& draft) const {
  if (const auto lead = body.find("lead"); lead != body.end()) {
    auto change = planLead(transaction, caller.tenant, {host_.newId(), caller.now},
                           [&](Lead& one) { fillFrom(*lead, one); });
    draft.lead = change.lead.id;
    return change;
  }
  requireMember(body, "lead_id", "the id of a lead, or send \"lead\" with a phone or email");
  draft.lead = body.at("lead_id").get<std::string>();
  if (!LeadStore::find(transaction, caller.tenant, *draft.lead)) {
    throw notFound("lead", *draft.lead);
  }
  return std::nullopt;
}

}  // namespace booking
