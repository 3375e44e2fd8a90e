#include "pieces.hpp"

#include <array>
#include <chrono>
#include <string>

namespace sdk_conformance {
namespace {

using bulkhead::Access;
using bulkhead::EventStream;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::RequestStream;
using bulkhead::Response;
using bulkhead::ResponseStream;

void sendPieces(const Request&, ResponseStream& answer) {
  answer.withHeader("X-Mark", "of the plugin").begin(207);
  std::string piece(1000, '\0');
  for (std::size_t at = 0; at < 100'000; at += piece.size()) {
    for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>((at + i) % 251);
    answer.write(piece);
  }
}

void sendEvents(const Request&, ResponseStream& answer) {
  EventStream events{answer};
  events.send({.event = "tick", .data = "one\ntwo", .id = "1"});
  const bool has_to_end = events.pause(std::chrono::milliseconds{1});
  events.send({.data = has_to_end ? "ends" : "goes on"});
}

Response count(const Request&, RequestStream& body) {
  std::array<char, 4096> piece{};
  std::size_t bytes = 0;
  while (const std::size_t size = body.read(piece.data(), piece.size())) bytes += size;
  return Response::json([&](JsonWriter& out) { out.object("bytes", bytes); });
}

void sendBack(const Request&, RequestStream& body, ResponseStream& answer) {
  answer.begin();
  std::array<char, 4096> piece{};
  while (const std::size_t size = body.read(piece.data(), piece.size()))
    answer.write({piece.data(), size});
}

}  // namespace

Pieces::Pieces(bulkhead::Registrar& host) {
  host.route({.method = "GET",
              .path = "/pieces",
              .summary = "Sends pieces",
              .access = Access::Public,
              .media_type = "application/octet-stream"},
             sendPieces);
  host.route({.method = "GET",
              .path = "/events",
              .summary = "Sends events",
              .access = Access::Public,
              .media_type = "text/event-stream"},
             sendEvents);
  host.route({.method = "POST",
              .path = "/pieces",
              .summary = "Counts what comes",
              .access = Access::Public,
              .response = R"({"type":"object"})"},
             count);
  host.route({.method = "PUT",
              .path = "/pieces",
              .summary = "Sends back what comes",
              .access = Access::Public,
              .media_type = "application/octet-stream"},
             sendBack);
}

}  // namespace sdk_conformance
