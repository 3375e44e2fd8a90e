#include "plugins/worker_http.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::host {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// More are refused by the egress; of an answer its head has a limit of its own.
constexpr std::uint64_t kHeadersMax = 100'000;
constexpr std::uint64_t kTimeoutMaxMs = 86'400'000;
constexpr std::uint64_t kIntMax = std::numeric_limits<int>::max();

/// Fields behind each other, as FieldReader reads them.
class Fields final {
 public:
  Fields& number(std::uint64_t value) { return bytes(value); }
  Fields& text(std::string_view value) {
    bytes(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
    return *this;
  }
  Fields& headers(const Headers& all) {
    number(all.size());
    for (const auto& [name, value] : all) text(name).text(value);
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  template <class Integer>
  Fields& bytes(Integer value) {
    std::array<char, sizeof value> raw{};
    std::memcpy(raw.data(), &value, sizeof value);
    out_.append(raw.data(), raw.size());
    return *this;
  }

  std::string out_;
};

Headers readHeaders(FieldReader& reader) {
  Headers all;
  for (std::uint64_t left = reader.numberUpTo(kHeadersMax); left > 0; --left) {
    std::string name{reader.text()};
    all.emplace_back(std::move(name), reader.text());
  }
  return all;
}

std::string headOf(const OutboundRequest& request) {
  Fields fields;
  fields.text(request.method).text(request.url).text(request.operation);
  fields.number(request.repeatable ? 1 : 0);
  fields.number(static_cast<std::uint64_t>(request.timeout.count()));
  return fields.headers(request.headers).take();
}

OutboundRequest requestFrom(const HostAsk& ask) {
  FieldReader reader{ask.head};
  OutboundRequest request;
  request.method = reader.text();
  request.url = reader.text();
  request.operation = reader.text();
  request.repeatable = reader.flag();
  request.timeout = std::chrono::milliseconds{reader.numberUpTo(kTimeoutMaxMs)};
  request.headers = readHeaders(reader);
  reader.finish();
  request.body = ask.body;
  return request;
}

HostAnswer crossing(OutboundAnswer answer) {
  Fields fields;
  fields.number(static_cast<std::uint64_t>(answer.outcome));
  fields.number(static_cast<std::uint64_t>(answer.status));
  fields.number(static_cast<std::uint64_t>(answer.retry_after_s));
  fields.number(static_cast<std::uint64_t>(answer.attempts));
  fields.number(static_cast<std::uint64_t>(answer.elapsed.count()));
  fields.text(answer.code).text(answer.message).headers(answer.headers);
  return {fields.take(), std::move(answer.body)};
}

OutboundAnswer answerFrom(HostAnswer crossed) {
  FieldReader reader{crossed.head};
  OutboundAnswer answer;
  answer.outcome =
      static_cast<Outcome>(reader.numberUpTo(static_cast<std::uint64_t>(Outcome::Rejected)));
  answer.status = static_cast<int>(reader.numberUpTo(kIntMax));
  answer.retry_after_s = static_cast<int>(reader.numberUpTo(kIntMax));
  answer.attempts = static_cast<int>(reader.numberUpTo(kIntMax));
  answer.elapsed = std::chrono::microseconds{reader.integer()};
  answer.code = reader.text();
  answer.message = reader.text();
  answer.headers = readHeaders(reader);
  reader.finish();
  answer.body = std::move(crossed.body);
  return answer;
}

/// What the way to the host refused, as the host would have told it; nothing goes out then, but
/// where time was over nobody knows.
OutboundAnswer answerFrom(const Error& problem) {
  OutboundAnswer answer;
  answer.code = problem.code();
  answer.message = problem.message();
  const std::string& code = problem.code();
  const bool is_untried = code == "OVERLOADED" || code == "PAYLOAD_TOO_LARGE" || code == "DRAINING";
  answer.outcome = is_untried ? Outcome::Rejected : Outcome::Ambiguous;
  return answer;
}

}  // namespace

OutboundAnswer WorkerHttp::send(OutboundRequest request, const HttpCaller& caller) {
  const std::string head = headOf(request);
  try {
    return answerFrom(
        asks_.ask({HostAskKind::SendHttp, caller.deadline, caller.link_call, head, request.body}));
  } catch (const Error& problem) {
    if (problem.kind() == ErrorKind::Configuration) throw;  // there is no way out at all
    return answerFrom(problem);
  }
}

HostAnswer answerHttp(HttpSender* sender, const HttpCaller& caller, const HostAsk& ask) {
  if (sender == nullptr) throw noEgress();
  return crossing(sender->send(requestFrom(ask), caller));
}

}  // namespace bulkhead::host
