#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <bulkhead/form.hpp>
#include <bulkhead/testing/test_host.hpp>

namespace stripe {

inline constexpr const char* kApi = "https://api.stripe.com";
inline constexpr const char* kApiKey = "sk_test_1234567890";

/// Stripe as its API's documents describe it, as far as payments need it: Checkout Sessions that
/// are made once for a key, refused where the key comes with another body, and whatever a test says
/// of them. Thread-safe.
class FakeStripe {
 public:
  using Answer = bulkhead::OutboundAnswer;
  using Request = bulkhead::OutboundRequest;

  explicit FakeStripe(bulkhead::testing::TestHost& host) {
    host.wire().serve(std::string{kApi} + "/",
                      [state = state_](const Request& request) { return state->answer(request); });
  }

  /// From now on a GET or POST of that path is answered so.
  void answer(const std::string& method_and_path, int status, std::string body) {
    const std::lock_guard lock{state_->mutex};
    state_->answers[method_and_path] = bulkhead::testing::httpAnswer(status, body);
  }
  /// Sessions that Stripe made, by their keys.
  std::size_t sessions() const {
    const std::lock_guard lock{state_->mutex};
    return state_->sessions.size();
  }

  /// As a day after the last request: what was made stays, its key is forgotten.
  void forgetKeys() {
    const std::lock_guard lock{state_->mutex};
    state_->sessions.clear();
    for (auto& refund : state_->refunds) refund.key.clear();
  }
  /// Refunds that Stripe made, the newest first in pages of so many.
  std::size_t refunds() const {
    const std::lock_guard lock{state_->mutex};
    return state_->refunds.size();
  }
  /// The next refund is made, and nobody hears of it.
  void loseNextRefund() {
    const std::lock_guard lock{state_->mutex};
    state_->loses_refund = true;
  }
  void listRefundsBy(std::size_t page) {
    const std::lock_guard lock{state_->mutex};
    state_->page = page;
  }

  static std::string headerOf(const Request& request, const std::string& name) {
    const auto found = std::find_if(request.headers.begin(), request.headers.end(),
                                    [&](const auto& field) { return field.first == name; });
    return found == request.headers.end() ? std::string{} : found->second;
  }
  static std::string refusal(const std::string& type, const std::string& code,
                             const std::string& param = {}) {
    return fmt::format(R"({{"error":{{"type":"{}","code":"{}","param":"{}","message":"{}"}}}})",
                       type, code, param, "told to nobody");
  }

 private:
  struct State {
    std::mutex mutex;
    std::map<std::string, Answer> answers;
    struct Session {
      std::string form, body;
    };
    std::map<std::string, Session> sessions;
    struct Refund {
      std::string key, id, form, body;
    };
    bool loses_refund = false;
    std::vector<Refund> refunds;
    std::size_t page = 100;

    Answer answer(const Request& request) {
      const std::lock_guard lock{mutex};
      const std::string target = request.url.substr(std::string{kApi}.size());
      const std::string path = request.method + " " + target.substr(0, target.find('?'));
      if (const auto told = answers.find(path); told != answers.end()) return told->second;
      if (path == "POST /v1/checkout/sessions") return create(request);
      if (path == "POST /v1/refunds") return refund(request);
      if (path == "GET /v1/refunds")
        return listRefunds(bulkhead::Form::parse(target.substr(target.find('?') + 1)));
      if (path == "GET /v1/balance")
        return bulkhead::testing::httpAnswer(200, R"({"object":"balance"})");
      return bulkhead::testing::httpAnswer(404,
                                           refusal("invalid_request_error", "resource_missing"));
    }
    static Answer answerAgain(const std::string& before, const std::string& now,
                              const std::string& body) {
      return before == now ? bulkhead::testing::httpAnswer(200, body)
                           : bulkhead::testing::httpAnswer(400, refusal("idempotency_error", ""));
    }
    Answer refund(const Request& request) {
      const std::string key = headerOf(request, "Idempotency-Key");
      const auto made = std::find_if(refunds.begin(), refunds.end(),
                                     [&](const Refund& one) { return one.key == key; });
      if (made != refunds.end()) return answerAgain(made->form, request.body, made->body);
      const auto form = bulkhead::Form::parse(request.body);
      const std::string id = fmt::format("re_{}", refunds.size() + 1);
      const std::string amount{form.find("amount").value_or("4900")};
      refunds.push_back(
          {key, id, request.body,
           fmt::format(R"({{"id":"{}","object":"refund","status":"succeeded","amount":{},)"
                       R"("currency":"eur","payment_intent":"{}","metadata":{{"refund":"{}"}}}})",
                       id, amount, form.get("payment_intent"),
                       form.find("metadata[refund]").value_or(""))});
      if (std::exchange(loses_refund, false))
        return bulkhead::testing::httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST");
      return bulkhead::testing::httpAnswer(200, refunds.back().body);
    }
    Answer listRefunds(const bulkhead::Form& query) const {
      const std::string after{query.find("starting_after").value_or("")};
      std::string data;
      std::size_t count = 0;
      bool is_behind = after.empty();
      bool has_more = false;
      for (auto one = refunds.rbegin(); one != refunds.rend(); ++one) {
        if (is_behind && count == page) has_more = true;
        if (is_behind && count < page) {
          data += (count++ == 0 ? "" : ",") + one->body;
        }
        is_behind = is_behind || one->id == after;
      }
      return bulkhead::testing::httpAnswer(
          200, fmt::format(R"({{"object":"list","data":[{}],"has_more":{}}})", data, has_more));
    }
    Answer create(const Request& request) {
      const auto form = bulkhead::Form::parse(request.body);
      auto& session = sessions[headerOf(request, "Idempotency-Key")];
      if (session.body.empty()) {
        session.form = request.body;
        session.body = fmt::format(
            R"({{"id":"cs_{}","object":"checkout.session","url":"https://pay.example/{}",)"
            R"("amount_total":{},"currency":"{}","created":1767600000,"status":"open",)"
            R"("payment_status":"unpaid","payment_intent":null}})",
            sessions.size(), sessions.size(), form.get("line_items[0][price_data][unit_amount]"),
            form.get("line_items[0][price_data][currency]"));
      }
      return answerAgain(session.form, request.body, session.body);
    }
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace stripe
