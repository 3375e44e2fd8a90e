#include "plugins/link_ask.hpp"

#include <limits>

namespace bulkhead::host {

void writeAsk(std::string& out, std::uint64_t id, const Ask& ask) {
  FrameWriter frame{out, FrameType::Ask, id};
  frame.number(static_cast<std::uint64_t>(ask.kind)).number(ask.number);
  frame.integer(
      std::chrono::duration_cast<std::chrono::microseconds>(ask.deadline.time_since_epoch())
          .count());
  frame.rest(ask.text).finish();
}

Ask readAsk(std::string_view payload) {
  FieldReader reader{payload};
  Ask ask;
  ask.kind =
      static_cast<AskKind>(reader.numberUpTo(static_cast<std::uint64_t>(AskKind::AnswerJobs)));
  ask.number = reader.numberUpTo(std::numeric_limits<std::uint32_t>::max());
  ask.deadline = reader.time();
  ask.text = reader.rest();
  return ask;
}

}  // namespace bulkhead::host
