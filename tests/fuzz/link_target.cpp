#include <algorithm>
#include <cstring>
#include <string>

#include <bulkhead/error.hpp>

#include "fuzz/fuzz_target.hpp"
#include "plugins/link_ask.hpp"
#include "plugins/link_host_ask.hpp"
#include "plugins/link_message.hpp"
#include "plugins/link_records.hpp"
#include "plugins/worker_order.hpp"

namespace {

using namespace bulkhead::host;  // NOLINT(google-build-using-namespace): one test of one module
using bulkhead::fuzz::require;

void requireSameAnswer(const Frame& frame) {
  const AnswerMessage answer = readAnswer(frame.payload);
  require(answer.response.status >= 200 && answer.response.status <= 599, "HTTP knows the status");
  std::string written;
  writeAnswer(written, frame.id, answer.response, answer.streams);
  require(
      written.substr(Frame::kHeadBytes) == frame.payload || !answer.response.refusal.code.size(),
      "what is written again is the same");
}

/// As the host and the worker read them.
void readPayload(const Frame& frame) {
  switch (frame.type) {
    case FrameType::Begin:
      workerOrderFrom(frame.payload);
      return;
    case FrameType::Request:
      readCall(frame.payload);
      return;
    case FrameType::Ask:
      readAsk(frame.payload);
      return;
    case FrameType::Answer:
      requireSameAnswer(frame);
      return;
    case FrameType::Reply:
      try {
        workerRegistrationFrom(frame.payload);
      } catch (const bulkhead::Error&) {  // a contract that is refused
      }
      tableRowsFrom(frame.payload);
      return;
    case FrameType::HostAsk:
      readHostAsk(frame.payload);
      return;
    case FrameType::HostReply:
      readHostAnswer(frame.payload);
      return;
    case FrameType::Failure:
    case FrameType::HostFailure:
      readError(frame.payload);
      return;
    case FrameType::Log:
      readLogLine(frame.payload);
      return;
    case FrameType::Records:
      readRecords(frame.payload,
                  {[](std::uint32_t, const auto&, double) {},
                   [](std::string_view, std::chrono::microseconds, bool) {}, [](std::size_t) {}});
      return;
    case FrameType::End:
      readEnd(frame.payload);
      return;
    case FrameType::Credit:
      readCredit(frame.payload);
      return;
    default:
      return;
  }
}

}  // namespace

/// The first byte says whose frames follow, the second how many bytes come at a time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  FrameReader reader{data[0] % 2 == 0 ? LinkEnd::Host : LinkEnd::Worker};
  const std::size_t step = data[1] == 0 ? size : data[1];
  try {
    for (std::size_t at = 2; at < size; at += step) {
      std::size_t room = 0;
      char* const to = reader.room(room);
      const std::size_t count = std::min({step, size - at, room});
      std::memcpy(to, data + at, count);
      reader.took(count);
      while (const auto frame = reader.next()) {
        try {
          readPayload(*frame);
        } catch (const LinkError&) {  // ends the link; here the next frame is looked at
        }
      }
    }
  } catch (const LinkError&) {
  }
  return 0;
}
