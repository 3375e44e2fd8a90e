#include "probe.hpp"

namespace conformance {
namespace {

struct Entry {
  std::string_view of;
  std::string_view member;
  Probe probe;
};

constexpr Entry kEntries[] = {
    {"host", "size", &probeTable},
    {"host", "abi_major", &probeTable},
    {"host", "abi_minor", &probeTable},
    {"host", "register_route", &probeRegistration},
    {"host", "register_health", &probeRegistration},
    {"host", "register_metric", &probeRegistration},
    {"host", "read_setting", &probeSettings},
    {"host", "log", &probeLog},
    {"host", "record_metric", &probeMetrics},
    {"host", "db_read", &probeReading},
    {"host", "db_write", &probeWriting},
    {"host", "tx_read", &probeRows},
    {"host", "tx_send", &probeStatements},
    {"host", "now_us", &probeTime},
    {"host", "monotonic_us", &probeTime},
    {"host", "remaining_us", &probeTime},
    {"host", "random_bytes", &probeRandomness},
    {"host", "recovery_read", &probeRecovery},
    {"host", "recovery_keep", &probeRecovery},
    {"host", "recovery_token", &probeRecovery},
    {"host", "body_read", &probeStreams},
    {"plugin", "size", &probeTable},
    {"plugin", "abi_major", &probeTable},
    {"plugin", "abi_minor", &probeTable},
    {"plugin", "create", &probeLife},
    {"plugin", "start", &probeLife},
    {"plugin", "handle", &probeRequest},
    {"plugin", "check_health", &probeLife},
    {"plugin", "stop", &probeLife},
    {"plugin", "destroy", &probeLife},
    {"request", "size", &probeRequest},
    {"request", "route", &probeRequest},
    {"request", "context", &probeRequest},
    {"request", "method", &probeRequest},
    {"request", "path", &probeRequest},
    {"request", "tenant", &probeRequest},
    {"request", "key_id", &probeRequest},
    {"request", "request_id", &probeRequest},
    {"request", "trace_id", &probeRequest},
    {"request", "body", &probeRequest},
    {"request", "parameters", &probeRequest},
    {"request", "parameter_count", &probeRequest},
    {"request", "query", &probeRequest},
    {"request", "query_count", &probeRequest},
    {"request", "headers", &probeRequest},
    {"request", "header_count", &probeRequest},
    {"request", "scopes", &probeRequest},
    {"response", "size", &probeResponse},
    {"response", "reserved", &probeResponse},
    {"response", "self", &probeResponse},
    {"response", "status", &probeResponse},
    {"response", "header", &probeResponse},
    {"response", "body", &probeResponse},
    {"response", "begin", &probeStreams},
    {"response", "send", &probeStreams},
    {"response", "pause", &probeStreams},
    {"error", "size", &probeWriting},
    {"error", "kind", &probeWriting},
    {"error", "code", &probeWriting},
    {"error", "message", &probeWriting},
    {"error", "details", &probeWriting},
    {"error", "retry_after_s", &probeWriting},
    {"error_sink", "self", &probeWriting},
    {"error_sink", "report", &probeWriting},
    {"value", "type", &probeRows},
    {"value", "reserved", &probeRows},
    {"value", "integer", &probeRows},
    {"value", "real", &probeRows},
    {"value", "bytes", &probeRows},
    {"bytes", "data", &probeRequest},
    {"bytes", "size", &probeRequest},
    {"field", "name", &probeRequest},
    {"field", "value", &probeRequest},
    {"sink", "self", &probeRecovery},
    {"sink", "write", &probeRecovery},
};

}  // namespace

Probe findProbe(std::string_view of, std::string_view member) {
  for (const Entry& entry : kEntries) {
    if (entry.of == of && entry.member == member) return entry.probe;
  }
  return nullptr;
}

}  // namespace conformance
