#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/link_frame.hpp"
#include "plugins/link_message.hpp"

namespace bulkhead::host {

/// What a worker asks of the host, for what its plugin can only have from there.
enum class HostAskKind : std::uint8_t {
  CallCapability,  ///< see CapabilityCaller
  SendHttp,        ///< see HttpSender
  AskCapability,   ///< see CapabilityCaller
};

/// One such ask; views into who sends it, or into its payload. What `head` and `body` are, its kind
/// says.
struct HostAsk {
  HostAskKind kind = HostAskKind::CallCapability;
  std::chrono::steady_clock::time_point deadline;  ///< nobody waits for the answer after it
  std::uint64_t call = 0;  ///< on the same link, that it is made for; 0: for none
  std::string_view head;
  std::string_view body;
};

/// The answer to one; what head and body are, the kind of the ask says.
struct HostAnswer {
  std::string head;
  std::string body;
};

void writeHostAsk(std::string& out, std::uint64_t id, const HostAsk& ask,
                  BodyPlace body = BodyPlace::InFrame);
/// Throws LinkError.
HostAsk readHostAsk(std::string_view payload);

void writeHostAnswer(std::string& out, std::uint64_t id, const HostAnswer& answer,
                     BodyPlace body = BodyPlace::InFrame);
/// Throws LinkError.
HostAnswer readHostAnswer(std::string_view payload);

}  // namespace bulkhead::host
