#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include <bulkhead/json_writer.hpp>

#include "appointment_desk.hpp"

namespace booking {

/// JSON Schemas of appointments.
std::string bookingSchema();
/// The same, with an id that the client may give.
std::string orderSchema();
std::string holdSchema();
std::string rescheduleSchema();
std::string_view appointmentSchema();
std::string_view historySchema();

/// What a body asks for. `start` is an instant, or a wall time in the body's `time_zone`. Throws
/// VALIDATION_ERROR, INVALID_TIME_ZONE.
Wish wishFrom(const nlohmann::json& body);

/// JSON Schema of `answers`: text, numbers, true and false by the ids of questions.
std::string_view answersSchema();
/// Refuses answers to what the service does not ask, of another type than it asks for, and the lack
/// of those that it requires. Throws VALIDATION_ERROR.
void checkAnswers(const nlohmann::json& questions, const nlohmann::json& answers);

void write(bulkhead::JsonWriter& out, const Appointment& appointment);
void write(bulkhead::JsonWriter& out, const HistoryEntry& entry);

}  // namespace booking
