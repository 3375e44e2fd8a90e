#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "told.hpp"

namespace conformance {

/// The plugin's object.
struct Plugin {
  const bulkhead_host& host;
  bulkhead_home* home;
  std::uint32_t counter = 0;
  std::uint32_t gauge = 0;
  std::uint32_t histogram = 0;
  std::string created{};  ///< what create() saw, as JSON
  std::string started{};  ///< what start() saw, as JSON
};

/// One call of the plugin, as a probe gets it.
struct Call {
  Plugin& plugin;
  const bulkhead_host& host;
  bulkhead_home* home;
  const bulkhead_request& request;
  bulkhead_transaction* transaction;
  const bulkhead_response& response;
  bulkhead_context* context;
};

/// Tries one member of the waist in every way that it can be tried, and tells what came of it.
using Probe = void (*)(const Call& call, Told& told);
/// Null when there is none for that member of that struct of abi.h.
Probe findProbe(std::string_view of, std::string_view member);

void probeTable(const Call& call, Told& told);
void probeRegistration(const Call& call, Told& told);
void probeSettings(const Call& call, Told& told);
void probeLog(const Call& call, Told& told);
void probeMetrics(const Call& call, Told& told);
void probeReading(const Call& call, Told& told);
void probeWriting(const Call& call, Told& told);
void probeRows(const Call& call, Told& told);
void probeStatements(const Call& call, Told& told);
void probeTime(const Call& call, Told& told);
void probeRandomness(const Call& call, Told& told);
void probeRecovery(const Call& call, Told& told);
void probeStreams(const Call& call, Told& told);
void probeOutbound(const Call& call, Told& told);
void probeCapabilities(const Call& call, Told& told);
void probeMessages(const Call& call, Told& told);
void probeJobs(const Call& call, Told& told);
void probeAsks(const Call& call, Told& told);
void probeRequest(const Call& call, Told& told);
void probeResponse(const Call& call, Told& told);
void probeLife(const Call& call, Told& told);

/// A whole transaction of `closure(bulkhead_transaction*, const bulkhead_error_sink*)`.
template <class Closure>
bulkhead_status transact(const Call& call, decltype(bulkhead_host::db_read) verb,
                         bulkhead_context* context, const Closure& closure,
                         const bulkhead_error_sink* error) {
  const auto run = [](void* self, bulkhead_transaction* transaction,
                      const bulkhead_error_sink* sink) -> bulkhead_status {
    return (*static_cast<const Closure*>(self))(transaction, sink);
  };
  return verb(call.home, context, run, const_cast<Closure*>(&closure), error);
}

/// The rows that a statement gives, each value with its type.
bulkhead_status tellRows(const Call& call, bulkhead_transaction* transaction, std::string_view sql,
                         const bulkhead_value* values, std::size_t count, bulkhead::JsonWriter& out,
                         const bulkhead_error_sink* error);

void writeValue(bulkhead::JsonWriter& out, const bulkhead_value& value);

}  // namespace conformance
