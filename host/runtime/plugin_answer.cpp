#include "runtime/plugin_answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead::host {
namespace {

Error streamEnded() {
  return Error::app(kStreamEnded, "Nobody reads this answer any more.");
}

}  // namespace

bool PluginAnswer::isHostsOwn(std::string_view name) {
  constexpr std::array<std::string_view, 14> kNames{"permissions-policy",
                                                    "ratelimit",
                                                    "ratelimit-policy",
                                                    "referrer-policy",
                                                    "strict-transport-security",
                                                    "x-content-type-options",
                                                    "x-frame-options",
                                                    "x-ratelimit-limit-hour",
                                                    "x-ratelimit-limit-minute",
                                                    "x-ratelimit-remaining-hour",
                                                    "x-ratelimit-remaining-minute",
                                                    "x-ratelimit-reset-hour",
                                                    "x-ratelimit-reset-minute",
                                                    "x-xss-protection"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view own) {
    return std::equal(own.begin(), own.end(), name.begin(), name.end(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
    });
  });
}

bulkhead_response PluginAnswer::door() noexcept {
  const bool streams = outlet_ != nullptr;
  return {sizeof(bulkhead_response),
          0,
          this,
          &setStatus,
          &addHeader,
          &append,
          streams ? &beginStream : nullptr,
          streams ? &sendBytes : nullptr,
          streams ? &pauseStream : nullptr};
}

void PluginAnswer::checkHead() const {
  if (too_many_fields_) {
    throw Error::app("INTERNAL_ERROR",
                     fmt::format("The plugin answered with more than {} header fields or {} bytes "
                                 "of them.",
                                 kFieldsMax, kFieldBytesMax));
  }
  if (statuses_ > 1) throw Error::app("INTERNAL_ERROR", "The plugin answered twice.");
  if (response_.status < 200 || response_.status > 599) {
    throw Error::app("INTERNAL_ERROR",
                     fmt::format("The plugin answered with the status {}.", response_.status));
  }
}

void PluginAnswer::begin() {
  if (stream_) throw Error::app("INTERNAL_ERROR", "The plugin answered twice.");
  checkHead();
  auto stream = outlet_->open();
  response_.stream = stream;
  response_.body.clear();
  too_late_ = !outlet_->respond(std::move(response_));
  if (too_late_) throw streamEnded();
  stream_ = std::move(stream);
}

bulkhead_status PluginAnswer::beginStream(void* self, const bulkhead_error_sink* error) {
  return waist::guarded(error, [&] { static_cast<PluginAnswer*>(self)->begin(); });
}

bulkhead_status PluginAnswer::sendBytes(void* self, const char* data, std::size_t size,
                                        const bulkhead_error_sink* error) {
  return waist::guarded(error, [&] {
    const auto& stream = static_cast<PluginAnswer*>(self)->stream_;
    if (!stream) throw Error::app("INTERNAL_ERROR", "The plugin sent before it began.");
    if (!stream->write({data, size})) throw streamEnded();
  });
}

std::int32_t PluginAnswer::pauseStream(void* self, std::int64_t duration_us) {
  constexpr std::chrono::microseconds kLongest{std::chrono::hours{1}};
  const auto& stream = static_cast<PluginAnswer*>(self)->stream_;
  if (!stream) return 1;
  const auto duration =
      std::clamp(std::chrono::microseconds{duration_us}, std::chrono::microseconds{0}, kLongest);
  return stream->awaitEnd(std::chrono::steady_clock::now() + duration) ? 1 : 0;
}

HttpResponse PluginAnswer::take() {
  const auto refuse = [](std::string_view what) {
    throw Error::app("INTERNAL_ERROR", fmt::format("The plugin answered {}.", what));
  };
  if (statuses_ == 0 && !has_body_) refuse("nothing");
  if (too_large_) refuse(fmt::format("with more than {} bytes", kBodyBytesMax));
  checkHead();
  return std::move(response_);
}

void PluginAnswer::setStatus(void* self, std::int32_t status) {
  auto& answer = *static_cast<PluginAnswer*>(self);
  answer.response_.status = status;
  ++answer.statuses_;
}

std::int32_t PluginAnswer::addHeader(void* self, bulkhead_bytes name, bulkhead_bytes value) {
  return waist::guarded(nullptr, [&] {
    static_cast<PluginAnswer*>(self)->addField(waist::view(name), waist::view(value));
  });
}

void PluginAnswer::addField(std::string_view name, std::string_view value) {
  field_bytes_ += std::min(name.size() + value.size(), kFieldBytesMax + 1);
  too_many_fields_ =
      too_many_fields_ || field_bytes_ > kFieldBytesMax || response_.headers.size() >= kFieldsMax;
  if (too_many_fields_) throw std::length_error{"More header fields than an answer may have."};
  if (!isHostsOwn(name)) response_.addHeader(name, value);
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
