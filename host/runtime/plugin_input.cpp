#include "runtime/plugin_input.hpp"

#include <utility>

#include "runtime/sanitizer.hpp"

namespace bulkhead::host {

PluginInput::PluginInput(const HttpRequest& request, const RouteContract& contract)
    : request_{request} {
  if (!contract.sanitizes()) return;
  if (auto body = sanitizedJson(request.body)) {
    changed_ += body->changed;
    body_ = std::move(body->text);
  }
  query_ = sanitized(request.query);
  parameters_ = sanitized(request.path_parameters);
}

/// Values alone: a contract names its parameters and accepts no others.
std::optional<Fields> PluginInput::sanitized(const Fields& fields) {
  std::optional<Fields> result;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto clean = sanitizedText(fields[i].second);
    if (!clean) continue;
    if (!result) result = fields;
    (*result)[i].second = std::move(*clean);
    ++changed_;
  }
  return result;
}

}  // namespace bulkhead::host
