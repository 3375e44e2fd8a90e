#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <bulkhead/form.hpp>
#include <bulkhead/testing/test_host.hpp>

namespace twilio {

using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::testing::httpAnswer;
using bulkhead::testing::httpFailure;
using bulkhead::testing::TestHost;
using nlohmann::json;

inline const std::string kAccount = "AC" + std::string(32, '0');
inline const std::string kApi = "https://api.twilio.com/2010-04-01/Accounts/" + kAccount;
inline constexpr const char* kToken = "token-of-the-account";
inline constexpr const char* kPublic = "https://api.example.com";

/// Twilio as far as a test needs it: keeps what it was sent, and lists it by its own rules, by
/// which what waits to be sent has no DateSent and is in no list that asks for one.
class FakeTwilio {
 public:
  enum class Next { Answer, LoseTheAnswer, LoseTheRequest };

  explicit FakeTwilio(TestHost& host) : state_{std::make_shared<State>()} {
    host.wire().serve(kApi, [state = state_](const OutboundRequest& request) {
      const std::lock_guard lock{state->mutex};
      return state->serve(request);
    });
  }

  void next(Next what) { state_->next = what; }
  /// What is there; people get one message for each.
  const std::vector<json>& messages() const { return state_->messages; }
  /// Somebody else's, or of another time.
  void add(json message) { state_->messages.push_back(std::move(message)); }
  void hide(bool hidden) { state_->hidden = hidden; }
  /// Everything that waits is sent.
  void sendAll() {
    for (auto& message : state_->messages) {
      message["status"] = "sent";
      message["date_sent"] = message["date_created"];
    }
  }
  /// A list takes its time.
  void whenListed(std::function<void()> hook) { state_->listed = std::move(hook); }
  void listBy(std::size_t page) { state_->page = page; }

 private:
  struct State {
    std::mutex mutex;
    Next next = Next::Answer;
    bool hidden = false;
    std::function<void()> listed = [] {};
    std::size_t page = 1000;
    std::vector<json> messages;

    OutboundAnswer serve(const OutboundRequest& request) {
      if (request.method == "POST") return create(request);
      const std::string target = request.url.substr(kApi.size());
      if (target == ".json") return httpAnswer(200, R"({"status":"active","auth_token":"secret"})");
      if (target.starts_with("/Messages.json"))
        return list(bulkhead::Form::parse(target.substr(target.find('?') + 1)));
      for (const auto& one : messages) {
        if (target == "/Messages/" + one.value("sid", "") + ".json")
          return httpAnswer(200, one.dump());
      }
      return httpAnswer(404, R"({"code":20404,"status":404})");
    }
    OutboundAnswer create(const OutboundRequest& request) {
      const auto what = std::exchange(next, Next::Answer);
      if (what == Next::LoseTheRequest)
        return httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST");
      const auto form = bulkhead::Form::parse(request.body);
      const json message{{"sid", "SM" + std::to_string(messages.size() + 1)},
                         {"status", "queued"},
                         {"to", form.get("To")},
                         {"from", form.get("From")},
                         {"body", form.get("Body")},
                         {"num_segments", "1"},
                         {"date_created", "Mon, 05 Jan 2026 08:00:00 +0000"},
                         {"date_sent", nullptr},
                         {"error_code", nullptr}};
      messages.push_back(message);
      if (what == Next::LoseTheAnswer)
        return httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST");
      return httpAnswer(201, message.dump());
    }
    OutboundAnswer list(const bulkhead::Form& query) const {
      listed();
      json answer{{"messages", json::array()}, {"next_page_uri", nullptr}};
      const std::size_t first = std::stoul(std::string{query.find("Page").value_or("0")}) * page;
      std::size_t count = 0;
      for (auto one = messages.rbegin(); one != messages.rend() && !hidden; ++one) {
        if (!isListed(*one, query)) continue;
        if (count >= first && count < first + page) answer["messages"].push_back(*one);
        ++count;
      }
      if (count > first + page) {
        answer["next_page_uri"] = "/2010-04-01/Accounts/" + kAccount +
                                  "/Messages.json?Page=" + std::to_string(first / page + 1);
      }
      return httpAnswer(200, answer.dump());
    }
    static bool isListed(const json& message, const bulkhead::Form& query) {
      const auto differs = [&](const char* parameter, const char* member) {
        const auto wanted = query.find(parameter);
        return wanted && message.contains(member) && message.at(member) != std::string{*wanted};
      };
      const bool wants_sent = query.find("DateSent>").has_value();
      const bool is_sent = message.contains("date_sent") && !message.at("date_sent").is_null();
      return !differs("To", "to") && !differs("From", "from") && (is_sent || !wants_sent);
    }
  };

  std::shared_ptr<State> state_;
};

}  // namespace twilio
