#include "runtime/message.hpp"

#include <algorithm>
#include <stdexcept>

#include "runtime/field_text.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kHeadersAtFirst = 4;

const std::string* findFirst(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool covers(std::string_view granted, std::string_view wanted) {
  if (granted == "*" || granted == wanted) return true;
  return granted.size() > 2 && granted.ends_with(":*") &&
         wanted.starts_with(granted.substr(0, granted.size() - 1));
}

}  // namespace

bool Principal::has(std::string_view scope) const {
  const bool is_monitoring = scope.starts_with("monitoring:");
  if (bound_to_tenants && scope == "admin") return false;
  return std::any_of(scopes.begin(), scopes.end(), [&](const std::string& granted) {
    if (bound_to_tenants && is_monitoring && granted == "*") return false;
    return covers(granted, scope);
  });
}

const std::string* HttpRequest::header(std::string_view name) const {
  return findFirst(headers, name);
}

const std::string* HttpRequest::queryValue(std::string_view name) const {
  return findFirst(query, name);
}

HttpResponse HttpResponse::json(int status, std::string body) {
  return text(status, std::move(body), "application/json");
}

HttpResponse HttpResponse::text(int status, std::string body, std::string_view content_type) {
  HttpResponse response;
  response.status = status;
  response.headers.reserve(kHeadersAtFirst);
  response.headers.emplace_back("Content-Type", content_type);
  response.body = std::move(body);
  return response;
}

void HttpResponse::addHeader(std::string_view name, std::string_view value) {
  if (!isToken(name) || !isFieldValue(value)) {
    throw std::invalid_argument{
        "A header name or value holds a character that HTTP does not allow."};
  }
  headers.emplace_back(name, value);
}

}  // namespace bulkhead::host
