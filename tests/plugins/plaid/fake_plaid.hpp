#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/testing/test_host.hpp>

namespace plaid {

inline constexpr const char* kApi = "https://sandbox.plaid.com";

/// Plaid as its API's documents describe it: each path has one answer, which a test may change.
/// Thread-safe.
class FakePlaid {
 public:
  explicit FakePlaid(bulkhead::testing::TestHost& host) {
    answer(
        "/link/token/create", 200,
        R"({"link_token":"link-sandbox-1","expiration":"2026-01-05T12:00:00Z","request_id":"r1"})");
    answer("/item/public_token/exchange", 200,
           R"({"access_token":"access-sandbox-1","item_id":"item1","request_id":"r2"})");
    answer(
        "/accounts/get", 200,
        R"({"accounts":[{"account_id":"a1","name":"Everyday","type":"depository","subtype":"checking",)"
        R"("balances":{"current":1.5,"iso_currency_code":"USD"}}],"request_id":"r3"})");
    answer("/item/remove", 200, R"({"request_id":"r4"})");
    answer("/institutions/get_by_id", 200, R"({"institution":{},"request_id":"r5"})");
    host.wire().serve(kApi, [state = state_](const bulkhead::OutboundRequest& request) {
      const std::lock_guard lock{state->mutex};
      const auto found = state->answers.find(request.url.substr(std::string{kApi}.size()));
      return found == state->answers.end() ? bulkhead::testing::httpAnswer(404, "{}")
                                           : found->second;
    });
  }

  void answer(const std::string& path, int status, std::string body) {
    const std::lock_guard lock{state_->mutex};
    state_->answers[path] = bulkhead::testing::httpAnswer(status, body);
  }
  void refuse(const std::string& path, const std::string& type, const std::string& code,
              const std::string& message = "told to nobody") {
    const nlohmann::json body{{"error_type", type},
                              {"error_code", code},
                              {"error_message", message},
                              {"request_id", "r9"}};
    answer(path, 400, body.dump());
  }

  static bulkhead::testing::TestHost::Settings settings() {
    static const std::initializer_list<std::pair<std::string, bulkhead::testing::SettingValue>>
        kSettings{{"base_url", kApi},
                  {"client_id", "client-id-of-plaid"},
                  {"secret", "a-secret-of-plaid"}};
    return kSettings;
  }

 private:
  struct State {
    std::mutex mutex;
    std::map<std::string, bulkhead::OutboundAnswer> answers;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace plaid
