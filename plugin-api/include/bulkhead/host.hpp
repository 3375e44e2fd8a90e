#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/http_client.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/outbound.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// A registered metric. Cheap to copy; callable from any thread.
class Metric {
 public:
  Metric(const bulkhead_host& host, bulkhead_home& home, std::uint32_t number)
      : host_{&host}, home_{&home}, number_{number} {}

  /// counter: adds; gauge: sets; histogram: observes. One value per label name, in their order.
  void record(double value, std::initializer_list<std::string_view> label_values = {}) const {
    bulkhead_bytes labels[kLabelsMax] = {};
    std::size_t count = 0;
    for (const auto label : label_values) {
      if (count < kLabelsMax) labels[count++] = waist::bytes(label);
    }
    host_->record_metric(home_, number_, labels, count, value);
  }

 private:
  static constexpr std::size_t kLabelsMax = 8;
  const bulkhead_host* host_;
  bulkhead_home* home_;
  std::uint32_t number_;
};

/// The services of the host: store, outside services, log, clock, randomness. Cheap to copy; valid
/// until the plugin's destructor returned; callable from any thread that the host called in on.
class Host {
 public:
  using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

  Host(const bulkhead_host& host, bulkhead_home& home) : host_{&host}, home_{&home} {}

  /// Runs `closure(ReadTransaction&)` on a snapshot and returns what it returns.
  template <class Closure>
  auto read(const Context& context, const Closure& closure) const {
    return run<ReadTransaction>(host_->db_read, context.handle(), closure);
  }
  /// Runs `closure(Transaction&)` and returns what it returned once the commit is durable. It may
  /// run more than once.
  template <class Closure>
  auto write(const Context& context, const Closure& closure) const {
    return run<Transaction>(host_->db_write, context.handle(), closure);
  }
  /// The same outside any request, e.g. in start(); the deadline is the plugin's default.
  template <class Closure>
  auto read(const Closure& closure) const {
    return run<ReadTransaction>(host_->db_read, nullptr, closure);
  }
  template <class Closure>
  auto write(const Closure& closure) const {
    return run<Transaction>(host_->db_write, nullptr, closure);
  }

  /// Sends a request to an outside service and waits for what comes of it: at most until the
  /// context's deadline, or the plugin's own where there is no context. Never within a transaction.
  /// What the service does is no exception; look at the outcome, and repeat only what it allows.
  OutboundAnswer send(const Context& context, const OutboundRequest& request) const {
    return waist::sendOutbound(*host_, *home_, context.handle(), request);
  }
  OutboundAnswer send(const OutboundRequest& request) const {
    return waist::sendOutbound(*host_, *home_, nullptr, request);
  }

  /// Logs one line with optional fields: `host.info("Event stored", "event", id)`. Never a secret.
  template <class... Members>
  void debug(std::string_view message, const Members&... members) const {
    log(BULKHEAD_LOG_DEBUG, message, members...);
  }
  template <class... Members>
  void info(std::string_view message, const Members&... members) const {
    log(BULKHEAD_LOG_INFO, message, members...);
  }
  template <class... Members>
  void warn(std::string_view message, const Members&... members) const {
    log(BULKHEAD_LOG_WARN, message, members...);
  }
  template <class... Members>
  void error(std::string_view message, const Members&... members) const {
    log(BULKHEAD_LOG_ERROR, message, members...);
  }

  /// Wall clock. A fake one in tests: never ask the system's.
  WallTime now() const { return WallTime{std::chrono::microseconds{host_->now_us(home_)}}; }
  std::chrono::microseconds monotonic() const {
    return std::chrono::microseconds{host_->monotonic_us(home_)};
  }

  /// `size` bytes from the system's cryptographic source.
  std::string randomBytes(std::size_t size) const {
    std::string bytes(size, '\0');
    waist::ErrorCatcher caught;
    caught.check(host_->random_bytes(home_, bytes.data(), size, caught.sink()));
    return bytes;
  }
  /// A UUIDv7 in text (RFC 9562 §5.7): sorts by time of making.
  std::string newId() const {
    std::string bytes = randomBytes(16);
    const auto milliseconds = static_cast<std::uint64_t>(host_->now_us(home_) / 1000);
    for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<char>(milliseconds >> (40 - 8 * i));
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x70);
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
      text += kHex[static_cast<unsigned char>(bytes[i]) >> 4];
      text += kHex[static_cast<unsigned char>(bytes[i]) & 15];
    }
    return text;
  }

 private:
  using Verb = bulkhead_status (*)(bulkhead_home*, bulkhead_context*, bulkhead_transaction_fn,
                                   void*, const bulkhead_error_sink*);

  template <class TransactionType, class Closure>
  auto run(Verb verb, bulkhead_context* context, const Closure& closure) const {
    using Result = std::invoke_result_t<const Closure&, TransactionType&>;
    using Held = std::conditional_t<std::is_void_v<Result>, bool, Result>;
    struct Call {
      const Host& host;
      const Closure& closure;
      std::optional<Held> result;
    } call{*this, closure, std::nullopt};
    const auto invoke = [](void* self, bulkhead_transaction* transaction,
                           const bulkhead_error_sink* sink) noexcept {
      auto& running = *static_cast<Call*>(self);
      return waist::guarded(sink, [&] {
        TransactionType current{*running.host.host_, *transaction};
        if constexpr (std::is_void_v<Result>) {
          running.closure(current);
          running.result.emplace(true);
        } else {
          running.result.emplace(running.closure(current));
        }
      });
    };
    waist::ErrorCatcher caught;
    caught.check(verb(home_, context, invoke, &call, caught.sink()));
    if constexpr (!std::is_void_v<Result>) return std::move(*call.result);
  }

  template <class... Members>
  void log(std::int32_t level, std::string_view message, const Members&... members) const {
    std::string fields;
    if constexpr (sizeof...(Members) > 0) {
      JsonWriter{fields, JsonWriter::NotFinite::Null}.object(members...);
    }
    host_->log(home_, nullptr, level, waist::bytes(message), waist::bytes(fields));
  }

  const bulkhead_host* host_;
  bulkhead_home* home_;
};

}  // namespace bulkhead
