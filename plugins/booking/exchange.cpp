#include "exchange.hpp"

#include <algorithm>

#include "instant.hpp"
#include "record.hpp"

namespace booking {
namespace {

constexpr std::size_t kIdBytesMax = 64;

}  // namespace

Caller callerOf(const bulkhead::Request& request, const bulkhead::Host& host) {
  return {request.tenant(), request.keyId(), request.requestId(),
          std::chrono::floor<seconds>(host.now())};
}

std::optional<std::int64_t> queryInstant(const bulkhead::Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  const auto instant = parseInstant(*text);
  if (!instant) {
    throw invalidField(name, *text,
                       "an instant such as \"2026-01-06T14:00:00Z\" (write \"+\" as %2B)");
  }
  return epochSeconds(*instant);
}

std::string clientMadeId(std::string_view id) {
  const bool fits =
      !id.empty() && id.size() <= kIdBytesMax && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
      });
  if (!fits) {
    throw invalidField("id", id.substr(0, kIdBytesMax),
                       "1 to 64 letters, digits, \"-\", \"_\" or \".\"");
  }
  return std::string{id};
}

std::string bodySchema(std::string_view properties, std::string_view required) {
  return R"({"type":"object","additionalProperties":false,"minProperties":1,"required":[)" +
         std::string{required} + R"(],"properties":{)" + std::string{properties} + "}}";
}

std::string recordSchema(std::string_view properties) {
  return R"({"type":"object","properties":{"id":{"type":"string"},)" + std::string{properties} +
         R"(,"version":{"type":"integer"},"created_at":{"type":"string"},)"
         R"("updated_at":{"type":"string"}}})";
}

}  // namespace booking
