#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <bulkhead/plugin.hpp>

namespace streamer {
namespace {

using bulkhead::Access;
using bulkhead::EventStream;
using bulkhead::Request;
using bulkhead::RequestStream;
using bulkhead::Response;
using bulkhead::ResponseStream;
using bulkhead::Route;

constexpr std::size_t kPieceBytes = 48 * 1024;
constexpr std::size_t kBodyMax = std::size_t{4} << 30;

Route answering(std::string_view path) {
  return {.method = "GET",
          .path = path,
          .summary = "Streams.",
          .access = Access::Public,
          .query = R"({"type":"object","properties":{"bytes":{"type":"integer","minimum":0}}})",
          .media_type = "application/octet-stream",
          .deadline = std::chrono::milliseconds{500}};
}

Route taking(std::string_view path) {
  return {.method = "POST",
          .path = path,
          .summary = "Takes a stream.",
          .access = Access::Public,
          .response = R"({"type":"object"})",
          .body_limit_bytes = kBodyMax,
          .deadline = std::chrono::minutes{10}};
}

std::size_t bytesOf(const Request& request) {
  std::size_t bytes = 0;
  const std::string_view text = request.query("bytes").value_or("0");
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

/// Each byte is that of its place, so that one lost or doubled shows.
void sendPattern(const Request& request, ResponseStream& answer) {
  answer.withHeader("Content-Type", "application/octet-stream").withHeader("ETag", "\"pattern\"");
  answer.begin();
  std::string piece(kPieceBytes, '\0');
  std::size_t at = 0;
  for (std::size_t left = bytesOf(request); left > 0;) {
    const std::size_t size = std::min(left, piece.size());
    for (std::size_t i = 0; i < size; ++i) piece[i] = static_cast<char>((at + i) % 251);
    answer.write(std::string_view{piece}.substr(0, size));
    at += size;
    left -= size;
  }
}

Response measure(const Request&, RequestStream& body) {
  std::array<char, kPieceBytes> piece{};
  std::size_t at = 0;
  std::size_t wrong = 0;
  while (const std::size_t size = body.read(piece.data(), piece.size())) {
    for (std::size_t i = 0; i < size; ++i)
      wrong += piece[i] == static_cast<char>((at + i) % 251) ? 0U : 1U;
    at += size;
  }
  return Response::json(
      [&](bulkhead::JsonWriter& out) { out.object("bytes", at, "wrong", wrong); });
}

void echo(const Request&, RequestStream& body, ResponseStream& answer) {
  answer.begin();
  std::array<char, kPieceBytes> piece{};
  while (const std::size_t size = body.read(piece.data(), piece.size()))
    answer.write({piece.data(), size});
}

class Streamer final : public bulkhead::Plugin {
 public:
  explicit Streamer(bulkhead::Registrar& registrar) {
    registrar.route(answering("/pattern"), sendPattern);
    registrar.route(taking("/measure"), measure);
    registrar.route({.method = "GET",
                     .path = "/short",
                     .summary = "Streams nothing.",
                     .access = Access::Public,
                     .response = R"({"type":"object"})"},
                    [](const Request&) {
                      return Response::json([](bulkhead::JsonWriter& out) { out.object("a", 1); });
                    });
    Route echoes = taking("/echo");
    echoes.response = {};
    echoes.media_type = "application/octet-stream";
    registrar.route(echoes, echo);
    Route slowly = taking("/slowly");
    registrar.route(slowly, [](const Request& request, RequestStream& body) {
      std::this_thread::sleep_for(std::chrono::milliseconds{700});  // allowed: the client must wait
      return measure(request, body);
    });
    registrar.route(taking("/picky"), [](const Request&, RequestStream&) -> Response {
      throw bulkhead::Error::conflict("NOT_THIS_ONE", "It is not wanted.");
    });
    registrar.route(answering("/ticks"), [](const Request&, ResponseStream& answer) {
      EventStream events{answer};
      int count = 0;
      do {
        events.send({.event = "tick", .data = "one\ntwo", .id = std::to_string(++count)});
      } while (!events.pause(std::chrono::milliseconds{20}));
      events.send({.event = "end", .data = "ended"});
    });
    registrar.route(answering("/breaks"), [](const Request&, ResponseStream& answer) {
      answer.begin();
      answer.write("half of it");
      throw std::runtime_error{"the other half is lost"};
    });
    registrar.route(answering("/refuses"), [](const Request&, ResponseStream&) {
      throw bulkhead::Error::notFound("NO_SUCH_FILE", "There is no such file.");
    });
    registrar.route(answering("/late"), [](const Request&, ResponseStream& answer) {
      std::this_thread::sleep_for(std::chrono::seconds{1});  // allowed: its deadline is shorter
      answer.begin();
    });
  }
};

}  // namespace
}  // namespace streamer

BULKHEAD_PLUGIN(streamer::Streamer)
