#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "plugins/link_frame.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// What crosses the link, and how it is written. Readers take nothing on trust: what they give is
/// as strict as what the front gives, or LinkError.

/// Whether a frame is written with its body, or without it and followed by it.
enum class BodyPlace { InFrame, Apart };

/// A call as it goes to a worker: without credentials, which no plugin is shown.
struct CallMessage {
  std::uint32_t route = 0;  ///< its place among the plugin's
  std::uint32_t slot = 0;   ///< of the black box, where the worker says that it has begun
  std::chrono::steady_clock::time_point deadline;  ///< the machine's; one clock for all processes
  HttpRequest request;
  bool streams_body = false;
};
void writeCall(std::string& out, std::uint64_t id, const CallMessage& call,
               const HttpRequest& request, BodyPlace body = BodyPlace::InFrame);
CallMessage readCall(std::string_view payload);

/// An answer; `streams` when its body follows as Data.
struct AnswerMessage {
  HttpResponse response;
  bool streams = false;
};
void writeAnswer(std::string& out, std::uint64_t id, const HttpResponse& response, bool streams,
                 BodyPlace body = BodyPlace::InFrame);
AnswerMessage readAnswer(std::string_view payload);

void writeError(std::string& out, FrameType type, std::uint64_t id, const Error& error);
Error readError(std::string_view payload);

/// How a body that streams goes on.
enum class StreamEnd : std::uint8_t { Finished, BrokenOff, WantedSoon };
void writeData(std::string& out, std::uint64_t id, std::string_view bytes);
void writeEnd(std::string& out, std::uint64_t id, StreamEnd end);
StreamEnd readEnd(std::string_view payload);
void writeCredit(std::string& out, std::uint64_t id, std::uint64_t bytes);
std::uint64_t readCredit(std::string_view payload);

/// True for a header that holds a credential: Authorization, Cookie, X-API-Key ...
bool isCredential(std::string_view header_name);

}  // namespace bulkhead::host
