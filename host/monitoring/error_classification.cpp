#include "monitoring/error_classification.hpp"

#include <array>

namespace bulkhead::host::monitoring {
namespace {

struct CodeClass {
  std::string_view code;
  ErrorClass result;
};

constexpr std::array<CodeClass, 8> kCodes{{
    {"DATABASE_UNAVAILABLE", {"database", Severity::Critical}},
    {"DATABASE_BUSY", {"database", Severity::High}},
    {"PLUGIN_CRASHED", {"plugin", Severity::Critical}},
    {"PLUGIN_UNAVAILABLE", {"plugin", Severity::High}},
    {"CIRCUIT_OPEN", {"plugin", Severity::High}},
    {"OVERLOADED", {"overload", Severity::High}},
    {"DEADLINE_EXCEEDED", {"timeout", Severity::High}},
    {"NOT_CONFIGURED", {"configuration", Severity::Medium}},
}};

}  // namespace

ErrorClass classify(ErrorKind kind, std::string_view code) {
  for (const auto& known : kCodes) {
    if (known.code == code) return known.result;
  }
  switch (kind) {
    case ErrorKind::App:
      return {"internal", Severity::Critical};
    case ErrorKind::Validation:
      return {"validation", Severity::Low};
    case ErrorKind::Authentication:
      return {"authentication", Severity::Medium};
    case ErrorKind::Authorization:
      return {"authorization", Severity::Medium};
    case ErrorKind::NotFound:
      return {"not_found", Severity::Low};
    case ErrorKind::Conflict:
      return {"conflict", Severity::Low};
    case ErrorKind::RateLimit:
      return {"rate_limit", Severity::Medium};
    case ErrorKind::ExternalService:
      return {"external_service", Severity::High};
    case ErrorKind::Database:
      return {"database", Severity::High};
    case ErrorKind::BusinessLogic:
      return {"business_logic", Severity::Low};
    case ErrorKind::Configuration:
      return {"configuration", Severity::Critical};
  }
  return {"internal", Severity::Critical};
}

ErrorClass classify(int status) {
  switch (status) {
    case 401:
      return {"authentication", Severity::Medium};
    case 403:
      return {"authorization", Severity::Medium};
    case 404:
      return {"not_found", Severity::Low};
    case 409:
      return {"conflict", Severity::Low};
    case 422:
      return {"business_logic", Severity::Low};
    case 429:
      return {"rate_limit", Severity::Medium};
    case 502:
      return {"external_service", Severity::High};
    case 503:
      return {"unavailable", Severity::High};
    case 504:
      return {"timeout", Severity::High};
    default:
      break;
  }
  return status >= 500 ? ErrorClass{"internal", Severity::Critical}
                       : ErrorClass{"validation", Severity::Low};
}

std::string_view nameOf(Severity severity) {
  switch (severity) {
    case Severity::Low:
      return "low";
    case Severity::Medium:
      return "medium";
    case Severity::High:
      return "high";
    case Severity::Critical:
      return "critical";
  }
  return "critical";
}

}  // namespace bulkhead::host::monitoring
