#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/http/front_client.hpp"
#include "http/front.hpp"
#include "http/tls_context.hpp"

namespace bulkhead::host::test {

/// What `completed` reported, copied.
struct Reported {
  int status = 0;
  std::string path;
  std::string error_code;
  std::string route;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  bool client_gone = false;
  bool answered_by_front = false;
};

/// A front on a free port. By default it answers "METHOD path|body"; `/park` keeps the exchange for
/// the test to answer.
class FrontTest : public ::testing::Test {
 protected:
  ~FrontTest() override;

  /// What the listener of start() asks of its clients; before it.
  void serve(const Service& service, std::shared_ptr<const TlsContext> tls = nullptr) {
    service_ = service;
    tls_ = std::move(tls);
  }
  /// Starts the front; options.loops is 1 unless the test set it.
  void start(FrontOptions options = {}, Handler handler = {});
  RawClient client() const { return RawClient{front_->port()}; }
  Front& front() { return *front_; }
  void stopFront() { front_.reset(); }
  /// Sends `bytes` on a connection of its own; the answer's status, 0 when there was none.
  int statusOf(std::string_view bytes);

  /// Waits until the handler parked an exchange.
  std::shared_ptr<Exchange> parked();
  /// Waits until `count` responses were reported; all that were.
  std::vector<Reported> reports(std::size_t count);
  std::uint64_t rejected(const std::string& reason) { return front_->counters().rejected[reason]; }
  int handled() const { return handled_; }

 private:
  void handle(const std::shared_ptr<Exchange>& exchange);
  void report(const CompletedExchange& completed);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Exchange>> parked_;
  std::vector<Reported> reported_;
  std::atomic<int> handled_{0};
  Service service_;
  std::shared_ptr<const TlsContext> tls_;
  std::unique_ptr<Front> front_;
};

/// True when `condition` became true within RawClient::kPatience.
bool eventually(const std::function<bool()>& condition);

}  // namespace bulkhead::host::test
