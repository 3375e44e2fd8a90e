#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <bulkhead/abi.h>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// One call's tenant, deadline and trace, handed on to whatever is done for it. Valid during the
/// call.
class Context {
 public:
  Context(const bulkhead_host& host, bulkhead_context* context) : host_{&host}, context_{context} {}
  /// Time left until the deadline; zero or less when it has passed.
  std::chrono::microseconds remaining() const {
    return std::chrono::microseconds{context_ == nullptr ? 0 : host_->remaining_us(context_)};
  }
  bulkhead_context* handle() const noexcept { return context_; }

 private:
  const bulkhead_host* host_;
  bulkhead_context* context_;
};

/// A request that was routed, authorised and validated by its route's contract. Views are valid
/// until the handler returns.
class Request {
 public:
  Request(const bulkhead_host& host, const bulkhead_request& request)
      : host_{host}, request_{request} {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// A parameter of the path template, percent-decoded. Empty when the template has none of that
  /// name.
  std::string_view param(std::string_view name) const {
    return find(request_.parameters, request_.parameter_count, name).value_or(std::string_view{});
  }
  std::optional<std::string_view> query(std::string_view name) const {
    return find(request_.query, request_.query_count, name);
  }
  /// `name` in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    return find(request_.headers, request_.header_count, name);
  }
  /// JSON text that the route's schema accepts, or the raw bytes on a route with `raw_body`.
  std::string_view body() const { return waist::view(request_.body); }
  std::string_view method() const { return waist::view(request_.method); }
  std::string_view path() const { return waist::view(request_.path); }
  /// From the credential, never from path or body. Empty on public routes.
  std::string_view tenant() const { return waist::view(request_.tenant); }
  std::string_view keyId() const { return waist::view(request_.key_id); }
  std::string_view requestId() const { return waist::view(request_.request_id); }
  std::string_view traceId() const { return waist::view(request_.trace_id); }
  bool hasScope(std::string_view scope) const {
    std::string_view rest = waist::view(request_.scopes);
    while (!rest.empty()) {
      const auto end = rest.find(' ');
      if (const auto granted = rest.substr(0, end); granted == scope || granted == "*") return true;
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return false;
  }
  Context context() const { return {host_, request_.context}; }
  const bulkhead_request& raw() const noexcept { return request_; }

 private:
  static std::optional<std::string_view> find(const bulkhead_field* fields, std::size_t count,
                                              std::string_view name) {
    for (std::size_t i = 0; i < count; ++i) {
      if (waist::view(fields[i].name) == name) return waist::view(fields[i].value);
    }
    return std::nullopt;
  }

  const bulkhead_host& host_;
  const bulkhead_request& request_;
};

}  // namespace bulkhead
