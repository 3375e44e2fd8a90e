#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/request.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// What came of an ask.
struct AskAnswer {
  std::string json;          ///< by the capability's contract
  bool is_fallback = false;  ///< nobody answered: it is what the contract has for that
  std::string reason =
      {};  ///< then why, in a word: "missing", "closed", "overloaded", "deadline" ...
};

/// The asks of a capability that plugin.json provides: "voice/1". Another plugin answers them, and
/// who that is is the host's business. Cheap to copy; callable from any thread that the host called
/// in on, outside transactions.
class AskSource {
 public:
  AskSource(const bulkhead_host& host, bulkhead_home& home, std::string name)
      : host_{&host}, home_{&home}, name_{std::move(name)} {}

  /// `request` is JSON text by the capability's contract. Waits as long as `context` has, no longer
  /// than the contract says, and no longer than `timeout` when one is given: whoever has not
  /// answered by then, or cannot, leaves the contract's fall-back. Throws Error: what the one who
  /// answers refuses with, as the contract allows it, or what is wrong with the ask itself.
  AskAnswer ask(const Context& context, std::string_view name, std::string_view request,
                std::chrono::microseconds timeout = std::chrono::microseconds{0}) const {
    return ask(context.handle(), name, request, timeout);
  }
  /// The same outside any request, e.g. in start(); the deadline is the plugin's default.
  AskAnswer ask(std::string_view name, std::string_view request,
                std::chrono::microseconds timeout = std::chrono::microseconds{0}) const {
    return ask(static_cast<bulkhead_context*>(nullptr), name, request, timeout);
  }

  const std::string& name() const noexcept { return name_; }

 private:
  AskAnswer ask(bulkhead_context* context, std::string_view name, std::string_view request,
                std::chrono::microseconds timeout) const {
    AskAnswer answer;
    const auto receive = [](void* self, const bulkhead_ask_answer* crossing) noexcept {
      waist::guarded(nullptr, [&] {
        *static_cast<AskAnswer*>(self) = {std::string{waist::view(crossing->json)},
                                          crossing->is_fallback != 0,
                                          std::string{waist::view(crossing->reason)}};
      });
    };
    waist::ErrorCatcher caught;
    caught.check(host_->ask_capability(home_, context, waist::bytes(name_), waist::bytes(name),
                                       waist::bytes(request), timeout.count(), receive, &answer,
                                       caught.sink()));
    return answer;
  }

  const bulkhead_host* host_;
  bulkhead_home* home_;
  std::string name_;
};

}  // namespace bulkhead
