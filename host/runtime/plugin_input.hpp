#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/contract.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// What a handler gets of a request that its contract accepted: body, query and path parameters,
/// sanitized unless the contract says otherwise or the body is raw (C22). Borrows the request.
class PluginInput {
 public:
  PluginInput(const HttpRequest& request, const RouteContract& contract);

  std::string_view body() const { return body_ ? std::string_view{*body_} : request_.body; }
  const Fields& query() const { return query_ ? *query_ : request_.query; }
  const Fields& parameters() const { return parameters_ ? *parameters_ : request_.path_parameters; }
  /// How many values are not as they were sent.
  std::size_t changed() const { return changed_; }

 private:
  std::optional<Fields> sanitized(const Fields& fields);

  const HttpRequest& request_;
  std::optional<std::string> body_;
  std::optional<Fields> query_;
  std::optional<Fields> parameters_;
  std::size_t changed_ = 0;
};

}  // namespace bulkhead::host
