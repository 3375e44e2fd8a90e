#include "host/http/front_fixture.hpp"

#include <thread>
#include <utility>

namespace bulkhead::host::test {

FrontTest::~FrontTest() {
  front_.reset();
}

void FrontTest::start(FrontOptions options, Handler handler) {
  if (options.loops == 0) options.loops = 1;
  if (!handler) handler = [this](std::shared_ptr<Exchange> exchange) { handle(exchange); };
  Tail tail;
  tail.header_lines = [](const HttpRequest&, const ExchangeLabels&, const HttpResponse&,
                         std::string& lines) { lines += "X-Tail: passed\r\n"; };
  tail.completed = [this](const CompletedExchange& completed) { report(completed); };
  front_ = std::make_unique<Front>(std::move(options), std::move(handler), std::move(tail));
  if (tls_) front_->setTls(tls_);
  front_->listen(listenTcp("127.0.0.1", 0, front_->loops()), service_);
  front_->start();
}

int FrontTest::statusOf(std::string_view bytes) {
  RawClient client = this->client();
  client.send(bytes);
  const auto answer = client.read();
  return answer ? answer->status : 0;
}

std::shared_ptr<Exchange> FrontTest::parked() {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, RawClient::kPatience, [this] { return !parked_.empty(); }))
    throw std::runtime_error{"no exchange was parked"};
  std::shared_ptr<Exchange> exchange = parked_.front();
  parked_.pop_front();
  return exchange;
}

std::vector<Reported> FrontTest::reports(std::size_t count) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, RawClient::kPatience, [&] { return reported_.size() >= count; });
  return reported_;
}

void FrontTest::handle(const std::shared_ptr<Exchange>& exchange) {
  ++handled_;
  const HttpRequest& request = exchange->request();
  exchange->labels().route = "/echo";
  if (request.path.starts_with("/park")) {
    const std::lock_guard lock{mutex_};
    parked_.push_back(exchange);
    changed_.notify_all();
    return;
  }
  exchange->respond(HttpResponse::text(
      200, request.method + " " + request.path + "|" + request.body, "text/plain"));
}

void FrontTest::report(const CompletedExchange& completed) {
  const std::lock_guard lock{mutex_};
  reported_.push_back({.status = completed.status,
                       .path = completed.request.path,
                       .error_code = completed.refusal.code,
                       .route = completed.labels.route,
                       .bytes_in = completed.bytes_in,
                       .bytes_out = completed.bytes_out,
                       .client_gone = completed.client_gone,
                       .answered_by_front = completed.answered_by_front});
  changed_.notify_all();
}

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + RawClient::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    // allowed: between two looks at the condition
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace bulkhead::host::test
