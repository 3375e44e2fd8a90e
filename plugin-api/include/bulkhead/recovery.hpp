#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/abi.h>
#include <bulkhead/host.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// The recovery points of one keyed request whose handler calls out. Each step has a result that is
/// kept before the next one begins, so that a repeat of the request, after a crash or a 5xx, goes
/// on where the last attempt stopped and gets the results of the steps before. A step whose result
/// could not be kept runs again: give an outside service token(), so that its second run is no
/// second effect. What the handler answers or refuses at its end is stored as with every keyed
/// route; commits before a refusal stay. Used by the handler, on its thread.
///
///   const std::string charge = recovery.call("charged", [&] {
///     return client.charge(amount, recovery.token("charged"));
///   });
///   const std::string id = recovery.commit("booked", [&](Transaction& write) {
///     return book(write, charge);
///   });
class Recovery {
 public:
  Recovery(const bulkhead_host& host, bulkhead_home& home, const Context& context)
      : host_{host}, home_{home}, context_{context} {}
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  /// What `work()` gave, a text, in this attempt or in an earlier one. Outside any transaction.
  template <class Work>
  std::string call(std::string_view point, const Work& work) {
    if (auto kept = find(point)) return *std::move(kept);
    std::string result = work();
    keep(point, result, nullptr);
    return result;
  }

  /// The same for `change(Transaction&)`, whose statements commit together with its result.
  template <class Change>
  std::string commit(std::string_view point, const Change& change) {
    if (auto kept = find(point)) return *std::move(kept);
    return Host{host_, home_}.write(context_, [&](Transaction& write) {
      std::string result = change(write);
      keep(point, result, write.handle());
      return result;
    });
  }

  /// A text of 64 hexadecimal digits that is equal in every attempt at this request, and no
  /// other's.
  std::string token(std::string_view point) const {
    std::string text;
    const bulkhead_sink sink = waist::sinkInto(text);
    waist::ErrorCatcher caught;
    caught.check(
        host_.recovery_token(&home_, context_.handle(), waist::bytes(point), &sink, caught.sink()));
    return text;
  }

 private:
  std::optional<std::string> find(std::string_view point) const {
    std::optional<std::string> kept;
    const auto receive = [](void* self, const bulkhead_value* columns, std::size_t) {
      const bulkhead_bytes bytes = columns[0].bytes;
      static_cast<std::optional<std::string>*>(self)->emplace(waist::view(bytes));
      return std::int32_t{0};
    };
    waist::ErrorCatcher caught;
    caught.check(host_.recovery_read(&home_, context_.handle(), waist::bytes(point), receive, &kept,
                                     caught.sink()));
    return kept;
  }

  void keep(std::string_view point, std::string_view result, bulkhead_transaction* transaction) {
    waist::ErrorCatcher caught;
    caught.check(host_.recovery_keep(&home_, context_.handle(), transaction, waist::bytes(point),
                                     waist::bytes(result), caught.sink()));
  }

  const bulkhead_host& host_;
  bulkhead_home& home_;
  const Context context_;
};

}  // namespace bulkhead
