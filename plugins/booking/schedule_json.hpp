#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include <bulkhead/json_writer.hpp>

#include "schedule.hpp"

/// Rules and exceptions of a schedule in JSON.
namespace booking {

/// Members of their JSON Schemas.
std::string_view ruleProperties();
std::string_view exceptionProperties();

/// A rule's recurrence counts from its valid_from. Throw VALIDATION_ERROR.
void fillFrom(const nlohmann::json& body, AvailabilityRule& rule);
void fillFrom(const nlohmann::json& body, DayException& exception);
/// The rules of the body in place of those there are. Those without an id are numbered, so that a
/// repeated PUT means the same schedule.
void fillRules(const nlohmann::json& rules, Schedule& schedule);

void write(bulkhead::JsonWriter& out, const AvailabilityRule& rule);
void write(bulkhead::JsonWriter& out, const DayException& exception);

}  // namespace booking
