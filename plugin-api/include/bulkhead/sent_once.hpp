#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/provider_error.hpp>

namespace bulkhead {

/// Has something done once by an outside service that has no idempotency key: a message sent, a
/// call placed. The plugin keeps each such thing in its store, with the moment at which a try at it
/// began and whose end is not known. Before a second try it looks for what the first one left at
/// the service, and that look begins no sooner than `settle_time` after the first, so that the
/// first is over and can be seen. Of many who ask at once one tries. Thread-safe, outside
/// transactions.
///
///   auto taken = once.take(context, fresh, find, insert, isThere);  // who is here first may send
///   if (isThere(taken.kept)) return taken.kept;
///   if (!taken.may_send) {
///     const auto look = once.beginLook(taken.kept);
///     if (auto found = lookFor(look.since)) return *found;
///     once.beginAgain(context, taken.kept, look);
///   }
///   return once.attempt(taken.kept, [&] { return client.create(...); });
class SentOnce {
 public:
  struct Options {
    std::string service;  ///< its name, for whoever reads a refusal
    std::chrono::microseconds request_timeout;
    std::chrono::microseconds settle_time;
  };
  using Time = std::optional<std::int64_t>;
  /// Notes in the store that a try at `id` begins at `now`, where the last one was that of
  /// `before`; without `now`, that it has had no effect. False when another one was there first, or
  /// the service has it already.
  using Note = std::function<bool(Transaction&, std::string_view id, Time before, Time now)>;

  /// What is looked for, and when the look began.
  struct Look {
    std::chrono::microseconds since;  ///< what the try has left is not older than this
    std::int64_t began_us = 0;
  };

  /// So long after it was noted a try begins, or not at all: the store and our own queue take time.
  static constexpr std::chrono::seconds kBeginsWithin{5};
  /// How far the service's clock may be from ours.
  static constexpr std::chrono::minutes kClockSkew{5};

  /// Something of the plugin's, copyable, with members `std::string id` and `Time attempted_us`.
  template <class Kept>
  struct Taken {
    Kept kept;
    bool may_send = false;  ///< this call has begun the try
  };

  /// Throws Error (configuration, SETTLE_TIME_TOO_SHORT) for a settle_time within which the first
  /// try may still be under way: it is kBeginsWithin and request_timeout at least.
  SentOnce(Host host, Options options, Note note)
      : host_{host}, options_{std::move(options)}, note_{std::move(note)} {
    if (options_.settle_time >= options_.request_timeout + kBeginsWithin) return;
    throw Error::configuration(
        "SETTLE_TIME_TOO_SHORT",
        "settle_time (" + inMilliseconds(options_.settle_time) +
            ") is shorter than request_timeout (" + inMilliseconds(options_.request_timeout) +
            ") and " + inMilliseconds(kBeginsWithin) +
            " for its beginning: the first try may still be under way when the second begins.");
  }

  /// What `find(Transaction&)` gives, or else `fresh`, which `insert(Transaction&, const Kept&)`
  /// keeps. `is_there(const Kept&)` tells what the service is known to have.
  template <class Kept, class Find, class Insert, class IsThere>
  Taken<Kept> take(const Context& context, Kept fresh, const Find& find, const Insert& insert,
                   const IsThere& is_there) const {
    fresh.attempted_us = nowUs();
    return host_.write(context, [&](Transaction& transaction) {
      Taken<Kept> taken{fresh, true};
      if (auto kept = find(transaction)) {
        taken.kept = *std::move(kept);
        taken.may_send = !is_there(taken.kept) && !taken.kept.attempted_us &&
                         note_(transaction, taken.kept.id, std::nullopt, fresh.attempted_us);
        if (taken.may_send) taken.kept.attempted_us = fresh.attempted_us;
      } else {
        insert(transaction, fresh);
      }
      return taken;
    });
  }

  /// Before the service is asked for what a try has left.
  template <class Kept>
  Look beginLook(const Kept& kept) const {
    const std::chrono::microseconds attempted{kept.attempted_us.value_or(0)};
    return {attempted - kClockSkew, nowUs()};
  }

  /// Begins another try after a look that has found nothing. Throws PROVIDER_AMBIGUOUS, with the
  /// time that is to be waited, when the look began so early that it proves nothing, or when
  /// somebody else has begun a try.
  template <class Kept>
  void beginAgain(const Context& context, Kept& kept, const Look& look) const {
    const std::chrono::microseconds settled{look.began_us - kept.attempted_us.value_or(0)};
    if (settled < options_.settle_time) throw unknown(options_.settle_time - settled);
    const std::int64_t now_us = nowUs();
    const bool is_ours = host_.write(context, [&](Transaction& transaction) {
      return note_(transaction, kept.id, kept.attempted_us, now_us);
    });
    if (!is_ours) throw unknown(options_.settle_time);
    kept.attempted_us = now_us;
  }

  /// What `send()` gives. After an error that is known to have had no effect, the next call may
  /// send at once; after any other it has to look first, which PROVIDER_AMBIGUOUS says. After an
  /// exception that is no Error it has to look, too, and that is passed on. A try that would begin
  /// later than kBeginsWithin does not: PROVIDER_UNREACHABLE.
  template <class Kept, class Send>
  auto attempt(const Kept& kept, const Send& send) const {
    try {
      const std::chrono::microseconds waited{nowUs() - kept.attempted_us.value_or(0)};
      if (waited > kBeginsWithin) throw provider::unreachable(options_.service);
      return send();
    } catch (const Error& error) {
      if (provider::mayHaveHadItsEffect(error)) throw unknown(options_.settle_time);
      host_.write([&](Transaction& transaction) {
        note_(transaction, kept.id, kept.attempted_us, std::nullopt);
      });
      throw;
    }
  }

 private:
  static std::string inMilliseconds(std::chrono::microseconds time) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
  }
  Error unknown(std::chrono::microseconds time) const {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(time);
    return provider::ambiguous(options_.service).withRetryAfter(static_cast<int>(seconds.count()));
  }
  std::int64_t nowUs() const { return host_.now().time_since_epoch().count(); }

  const Host host_;
  const Options options_;
  const Note note_;
};

}  // namespace bulkhead
