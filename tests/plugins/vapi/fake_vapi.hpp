#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <bulkhead/testing/test_host.hpp>

namespace vapi {

using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::testing::httpAnswer;
using bulkhead::testing::httpFailure;
using bulkhead::testing::TestHost;
using nlohmann::json;

inline const std::string kApi = "https://api.vapi.ai";

/// Vapi as far as a test needs it: keeps the calls that it was asked for, and lists them.
class FakeVapi {
 public:
  enum class Next { Answer, LoseTheAnswer, LoseTheRequest };

  explicit FakeVapi(TestHost& host) : state_{std::make_shared<State>()} {
    host.wire().serve("https://", [state = state_](const OutboundRequest& request) {
      return state->serve(request);
    });
  }

  void next(Next what) { state_->next = what; }
  /// People's telephones ring once for each.
  std::vector<json>& calls() { return state_->calls; }
  void hide() { state_->hidden = true; }
  /// A list takes its time.
  void whenListed(std::function<void()> hook) { state_->listed = std::move(hook); }

 private:
  struct State {
    Next next = Next::Answer;
    bool hidden = false;
    std::function<void()> listed = [] {};
    std::vector<json> calls;

    OutboundAnswer serve(const OutboundRequest& request) {
      if (request.url == "https://control.vapi.example/c1") {
        calls.at(0)["status"] = "ended";
        return httpAnswer(200);
      }
      const std::string target = request.url.substr(kApi.size());
      if (request.method == "POST") return create(json::parse(request.body));
      if (target.starts_with("/assistant")) return httpAnswer(200, "[]");
      if (target.starts_with("/call?")) {
        listed();
        return httpAnswer(200, hidden ? "[]" : json(calls).dump());
      }
      for (const auto& one : calls) {
        if (target == "/call/" + one.value("id", "")) return httpAnswer(200, one.dump());
      }
      return httpAnswer(404, R"({"message":"Not found","statusCode":404})");
    }
    OutboundAnswer create(json call) {
      const auto what = std::exchange(next, Next::Answer);
      if (what == Next::LoseTheRequest)
        return httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST");
      call["id"] = "c" + std::to_string(calls.size() + 1);
      call["status"] = "queued";
      call["monitor"] = {{"controlUrl", "https://control.vapi.example/" + call.value("id", "")}};
      calls.push_back(call);
      if (what == Next::LoseTheAnswer)
        return httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST");
      return httpAnswer(201, call.dump());
    }
  };

  std::shared_ptr<State> state_;
};

}  // namespace vapi
