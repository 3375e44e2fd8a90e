#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/request.hpp>
#include <bulkhead/transaction.hpp>

/// What stands behind Registrar::provide() and Registrar::answer().
namespace bulkhead::detail {

template <class Handler, class... Means>
inline constexpr bool kAnswers =
    std::is_invocable_r_v<std::string, const Handler&, const Request&, Means&...>;

/// A handler that takes a ReadTransaction takes a Transaction, too.
template <class Handler>
inline constexpr bool kCallReads = kAnswers<Handler, ReadTransaction>;
template <class Handler>
inline constexpr bool kCallWrites = !kCallReads<Handler> && kAnswers<Handler, Transaction>;

/// The options of register_call.
template <class Handler>
inline constexpr std::string_view kCallOptions =
    kCallReads<Handler>    ? R"({"transaction":"read"})"
    : kCallWrites<Handler> ? R"({"transaction":"write"})"
                           : std::string_view{};

/// The handler as those of routes are called.
template <class Handler>
auto answering(const bulkhead_host& host, Handler handler) {
  static_assert(kCallReads<Handler> || kCallWrites<Handler> || kAnswers<Handler>,
                "the handler of a call, or of an ask, is std::string(const Request&), alone or "
                "with one more of "
                "ReadTransaction& and Transaction&");
  return
      [&host, handler = std::move(handler)](
          const Request& request, bulkhead_transaction* transaction, const bulkhead_response& out) {
        std::string answer;
        if constexpr (kCallReads<Handler>) {
          ReadTransaction snapshot{host, *transaction};
          answer = handler(request, snapshot);
        } else if constexpr (kCallWrites<Handler>) {
          Transaction write{host, *transaction};
          answer = handler(request, write);
        } else {
          static_cast<void>(host);  // only transactions need it
          answer = handler(request);
        }
        out.body(out.self, answer.data(), answer.size());
      };
}

}  // namespace bulkhead::detail
