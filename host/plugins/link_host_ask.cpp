#include "plugins/link_host_ask.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace bulkhead::host {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr auto kLastKind = static_cast<std::uint64_t>(HostAskKind::AskCapability);

/// Of another process: near enough to be counted with.
Time boundedTime(std::chrono::microseconds at) {
  using std::chrono::microseconds;
  constexpr std::chrono::hours kFar{24};
  const auto now = std::chrono::duration_cast<microseconds>(Time::clock::now().time_since_epoch());
  return Time{std::clamp<microseconds>(at, now - kFar, now + kFar)};
}

void finishWith(FrameWriter& frame, std::string_view body, BodyPlace place) {
  if (place == BodyPlace::InFrame) {
    frame.rest(body).finish();
  } else {
    frame.finish(body.size());
  }
}

}  // namespace

void writeHostAsk(std::string& out, std::uint64_t id, const HostAsk& ask, BodyPlace body) {
  FrameWriter frame{out, FrameType::HostAsk, id};
  frame.number(static_cast<std::uint64_t>(ask.kind)).number(ask.call);
  frame.integer(
      std::chrono::duration_cast<std::chrono::microseconds>(ask.deadline.time_since_epoch())
          .count());
  frame.text(ask.head);
  finishWith(frame, ask.body, body);
}

HostAsk readHostAsk(std::string_view payload) {
  FieldReader reader{payload};
  HostAsk ask;
  ask.kind = static_cast<HostAskKind>(reader.numberUpTo(kLastKind));
  ask.call = reader.numberUpTo(std::numeric_limits<std::uint64_t>::max());
  ask.deadline = boundedTime(std::chrono::microseconds{reader.integer()});
  ask.head = reader.text();
  ask.body = reader.rest();
  return ask;
}

void writeHostAnswer(std::string& out, std::uint64_t id, const HostAnswer& answer, BodyPlace body) {
  FrameWriter frame{out, FrameType::HostReply, id};
  frame.text(answer.head);
  finishWith(frame, answer.body, body);
}

HostAnswer readHostAnswer(std::string_view payload) {
  FieldReader reader{payload};
  HostAnswer answer;
  answer.head = reader.text();
  answer.body = reader.rest();
  return answer;
}

}  // namespace bulkhead::host
