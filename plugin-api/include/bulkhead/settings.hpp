#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// Reads the declared settings of a plugin; the generated `Settings::read` is its only caller. The
/// host has checked types and bounds before the plugin was created. An unset optional setting reads
/// as empty, 0 or false.
class SettingsReader {
 public:
  SettingsReader(const bulkhead_host& host, bulkhead_home& home) : host_{host}, home_{home} {}

  std::string text(std::string_view name) const {
    std::string value;
    read(name, [&](const bulkhead_value& setting) { value = waist::view(setting.bytes); });
    return value;
  }
  std::int64_t integer(std::string_view name) const {
    std::int64_t value = 0;
    read(name, [&](const bulkhead_value& setting) { value = setting.integer; });
    return value;
  }
  double number(std::string_view name) const {
    double value = 0;
    read(name, [&](const bulkhead_value& setting) { value = setting.real; });
    return value;
  }
  bool boolean(std::string_view name) const { return integer(name) != 0; }

 private:
  template <class Take>
  void read(std::string_view name, const Take& take) const {
    struct Receiver {
      const Take& take;
      std::exception_ptr thrown;
    } receiver{take, nullptr};
    waist::ErrorCatcher error;
    const auto receive = [](void* self, const bulkhead_value* setting,
                            std::size_t count) noexcept -> std::int32_t {
      auto& target = *static_cast<Receiver*>(self);
      try {
        if (count > 0) target.take(setting[0]);
      } catch (...) {
        target.thrown = std::current_exception();
      }
      return 0;
    };
    const auto status =
        host_.read_setting(&home_, waist::bytes(name), receive, &receiver, error.sink());
    if (receiver.thrown) std::rethrow_exception(receiver.thrown);
    error.check(status);
  }

  const bulkhead_host& host_;
  bulkhead_home& home_;
};

}  // namespace bulkhead
