#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/registrar.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// The base of every plugin. The constructor takes a Registrar&, registers and reads settings, and
/// touches nothing else; if it throws, the plugin never existed. The destructor runs after the last
/// call has returned.
class Plugin {
 public:
  Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

  /// May use the store and the world. Throwing closes the plugin with that reason.
  virtual void start() {}
  /// No call is in flight and none will follow.
  virtual void stop() {}
};

namespace detail {

/// The plugin's side of the waist: one object behind the table's `void* plugin`.
template <class PluginType>
class Door {
 public:
  static const bulkhead_plugin& table() noexcept {
    static constexpr bulkhead_plugin kTable{
        sizeof(bulkhead_plugin), BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR,
        &Door::create,           &Door::start,       &Door::handle,
        &Door::checkHealth,      &Door::stop,        &Door::destroy,
    };
    return kTable;
  }

 private:
  static bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** plugin,
                                const bulkhead_error_sink* error) noexcept {
    return waist::guarded(error, [&] {
      if (host->size < sizeof(bulkhead_host)) {
        throw Error::configuration(
            "ABI_MISMATCH", "The host's table is older than the one this plugin was built for.");
      }
      auto door = std::make_unique<Door>();
      door->host_ = host;
      Registrar registrar{*host, *home, door->handlers_, door->contributors_};
      door->plugin_ = std::make_unique<PluginType>(registrar);
      *plugin = door.release();
    });
  }

  static bulkhead_status start(void* self, const bulkhead_error_sink* error) noexcept {
    return waist::guarded(error, [&] { of(self).plugin_->start(); });
  }

  static bulkhead_status handle(void* self, const bulkhead_request* request,
                                bulkhead_transaction* transaction, const bulkhead_response* out,
                                const bulkhead_error_sink* error) noexcept {
    return waist::guarded(error, [&] {
      const Door& door = of(self);
      const Request view{*door.host_, *request};
      door.handlers_.at(request->route)(view, transaction, *out);
    });
  }

  static bulkhead_status checkHealth(void* self, std::uint32_t contributor,
                                     bulkhead_context* context, const bulkhead_sink* result,
                                     const bulkhead_error_sink* error) noexcept {
    return waist::guarded(error, [&] {
      constexpr std::string_view kStatus[] = {"healthy", "degraded", "critical"};
      const Door& door = of(self);
      const Health health = door.contributors_.at(contributor)(Context{*door.host_, context});
      const std::string text = toJson([&](JsonWriter& out) {
        out.beginObject();
        out.member("status", kStatus[static_cast<std::size_t>(health.status)]);
        if (!health.message.empty()) out.member("message", health.message);
        if (health.configured) out.member("configured", *health.configured);
        out.endObject();
      });
      result->write(result->self, text.data(), text.size());
    });
  }

  static void stop(void* self) noexcept {
    waist::guarded(nullptr, [&] { of(self).plugin_->stop(); });
  }
  static void destroy(void* self) noexcept { delete static_cast<Door*>(self); }
  static Door& of(void* self) noexcept { return *static_cast<Door*>(self); }

  const bulkhead_host* host_ = nullptr;
  std::vector<Registrar::AnyHandler> handlers_;
  std::vector<Registrar::Contributor> contributors_;
  std::unique_ptr<PluginType> plugin_;
};

}  // namespace detail
}  // namespace bulkhead

/// Ends a plugin's main source: exports `Type` through the waist. Exactly once per library.
#define BULKHEAD_PLUGIN(Type)                                              \
  static_assert(std::derived_from<Type, ::bulkhead::Plugin>,               \
                #Type " must derive from bulkhead::Plugin");               \
  static_assert(std::constructible_from<Type, ::bulkhead::Registrar&>,     \
                #Type " needs a constructor taking bulkhead::Registrar&"); \
  extern "C" BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1() { \
    return &::bulkhead::detail::Door<Type>::table();                       \
  }
