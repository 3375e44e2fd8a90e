#pragma once

#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/outbound.hpp>
#include <bulkhead/waist.hpp>

/// Outbound requests across the waist. Authors use Host::send.
namespace bulkhead::waist {

inline OutboundAnswer answerFrom(const bulkhead_http_answer& crossing) {
  OutboundAnswer answer;
  answer.outcome =
      crossing.outcome >= BULKHEAD_HTTP_OK && crossing.outcome <= BULKHEAD_HTTP_REJECTED
          ? static_cast<Outcome>(crossing.outcome)
          : Outcome::Ambiguous;
  answer.status = crossing.status;
  answer.retry_after_s = crossing.retry_after_s;
  answer.attempts = crossing.attempts;
  answer.elapsed = std::chrono::microseconds{crossing.elapsed_us};
  answer.code = view(crossing.code);
  answer.message = view(crossing.message);
  answer.body = view(crossing.body);
  for (std::size_t i = 0; i < crossing.header_count; ++i)
    answer.headers.emplace_back(view(crossing.headers[i].name), view(crossing.headers[i].value));
  return answer;
}

inline std::vector<bulkhead_field> fieldsOf(
    const std::vector<std::pair<std::string, std::string>>& headers) {
  std::vector<bulkhead_field> fields;
  fields.reserve(headers.size());
  for (const auto& [name, value] : headers) fields.push_back({bytes(name), bytes(value)});
  return fields;
}

/// Receives the answer, and throws once the call is back on this side.
class AnswerCatcher {
 public:
  static void receive(void* self, const bulkhead_http_answer* answer) noexcept {
    auto& catcher = *static_cast<AnswerCatcher*>(self);
    try {
      catcher.answer_ = answerFrom(*answer);
    } catch (...) {
      catcher.thrown_ = std::current_exception();
    }
  }
  OutboundAnswer take() {
    if (thrown_) std::rethrow_exception(thrown_);
    return std::move(answer_);
  }

 private:
  OutboundAnswer answer_{};
  std::exception_ptr thrown_;
};

inline OutboundAnswer sendOutbound(const bulkhead_host& host, bulkhead_home& home,
                                   bulkhead_context* context, const OutboundRequest& request) {
  const auto headers = fieldsOf(request.headers);
  const bulkhead_http_request crossing{
      sizeof(bulkhead_http_request),
      request.repeatable ? 1 : 0,
      bytes(request.method),
      bytes(request.url),
      headers.data(),
      headers.size(),
      bytes(request.body),
      bytes(request.operation),
      std::chrono::duration_cast<std::chrono::microseconds>(request.timeout).count()};
  AnswerCatcher answer;
  ErrorCatcher caught;
  caught.check(
      host.http_send(&home, context, &crossing, &AnswerCatcher::receive, &answer, caught.sink()));
  return answer.take();
}

}  // namespace bulkhead::waist
