#include "runtime/plugin_answer.hpp"

#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead::host {

bulkhead_response PluginAnswer::door() noexcept {
  return {sizeof(bulkhead_response), 0, this, &setStatus, &addHeader, &append};
}

HttpResponse PluginAnswer::take() {
  const auto refuse = [](std::string_view what) {
    throw Error::app("INTERNAL_ERROR", fmt::format("The plugin answered {}.", what));
  };
  if (statuses_ == 0 && !has_body_) refuse("nothing");
  if (statuses_ > 1) refuse("twice");
  if (too_large_) refuse(fmt::format("with more than {} bytes", kBodyBytesMax));
  if (response_.status < 200 || response_.status > 599)
    refuse(fmt::format("with the status {}", response_.status));
  return std::move(response_);
}

void PluginAnswer::setStatus(void* self, std::int32_t status) {
  auto& answer = *static_cast<PluginAnswer*>(self);
  answer.response_.status = status;
  ++answer.statuses_;
}

std::int32_t PluginAnswer::addHeader(void* self, bulkhead_bytes name, bulkhead_bytes value) {
  return waist::guarded(nullptr, [&] {
    static_cast<PluginAnswer*>(self)->response_.addHeader(waist::view(name), waist::view(value));
  });
}

void PluginAnswer::append(void* self, const char* data, std::size_t size) {
  auto& answer = *static_cast<PluginAnswer*>(self);
  answer.has_body_ = true;
  std::string& body = answer.response_.body;
  if (size > kBodyBytesMax - body.size()) answer.too_large_ = true;
  if (answer.too_large_) return;
  if (waist::guarded(nullptr, [&] { body.append(data, size); }) != BULKHEAD_OK)
    answer.too_large_ = true;
}

bulkhead_sink HealthResult::door() noexcept {
  return {this, [](void* self, const char* data, std::size_t size) {
            auto& result = *static_cast<HealthResult*>(self);
            if (size > kHealthBytesMax - result.text_.size()) result.too_large_ = true;
            if (!result.too_large_) result.text_.append(data, size);
          }};
}

std::string HealthResult::take() {
  if (too_large_) {
    throw Error::app("HEALTH_TOO_LARGE",
                     fmt::format("The contributor wrote more than {} bytes.", kHealthBytesMax));
  }
  return std::move(text_);
}

}  // namespace bulkhead::host
