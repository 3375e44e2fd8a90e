#pragma once

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Goes with a request that somebody answers: told of the answer, at most once, by the thread that
/// answers, and gone right after it; at the latest with the request.
class AnswerWatcher {
 public:
  AnswerWatcher() = default;
  virtual ~AnswerWatcher() = default;
  AnswerWatcher(const AnswerWatcher&) = delete;
  AnswerWatcher& operator=(const AnswerWatcher&) = delete;

  virtual void answered(const HttpResponse& response) noexcept = 0;
};

}  // namespace bulkhead::host
