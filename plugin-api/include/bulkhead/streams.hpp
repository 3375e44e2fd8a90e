#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>
#include <bulkhead/route.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// The body of a request, as it comes: as large as the route's `body_limit_bytes` says, in bounded
/// memory. Used by the handler, on its thread.
///
///   while (const std::size_t size = body.read(buffer.data(), buffer.size()))
///     digest.update(buffer.data(), size);
class RequestStream {
 public:
  RequestStream(const bulkhead_host& host, const bulkhead_request& request)
      : host_{host}, context_{request.context} {}
  RequestStream(const RequestStream&) = delete;
  RequestStream& operator=(const RequestStream&) = delete;

  /// Waits for the next bytes, at most `size` > 0, and tells how many came; 0 at the body's end.
  /// Throws Error (BODY_INCOMPLETE) when the rest will not come: the client has gone, was too slow
  /// or broke HTTP, or the route's deadline has passed. What was read is then no whole body.
  std::size_t read(char* out, std::size_t size) {
    std::size_t taken = 0;
    waist::ErrorCatcher caught;
    caught.check(host_.body_read(context_, out, size, &taken, caught.sink()));
    return taken;
  }

 private:
  const bulkhead_host& host_;
  bulkhead_context* context_;
};

/// An answer whose body is sent as it is written, waiting while the client is slower. It is whole
/// when the handler returns; a handler that throws after begin() breaks it off, which clients
/// notice. One that throws before, or never begins, is answered as on any route. Used by the
/// handler, on its thread.
class ResponseStream {
 public:
  explicit ResponseStream(const bulkhead_response& response) : response_{response} {}
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;

  /// Before begin(). Throws Error (INVALID_HEADER) for what HTTP does not allow.
  ResponseStream& withHeader(std::string_view name, std::string_view value) {
    if (response_.header(response_.self, waist::bytes(name), waist::bytes(value)) != 0)
      throw Error::app("INVALID_HEADER", "The handler set a header that HTTP does not allow.");
    return *this;
  }
  /// Sends status and headers. Throws Error (STREAM_ENDED) when it is too late for an answer.
  void begin(int status = 200) {
    response_.status(response_.self, status);
    waist::ErrorCatcher caught;
    caught.check(response_.begin(response_.self, caught.sink()));
  }
  /// After begin(). Throws Error (STREAM_ENDED) when nobody reads any more; let it leave the
  /// handler.
  void write(std::string_view bytes) {
    waist::ErrorCatcher caught;
    caught.check(response_.send(response_.self, bytes.data(), bytes.size(), caught.sink()));
  }
  /// After begin(), for an answer without an end of its own: waits at most so long. True when it
  /// has to end, because the client has gone or the host stops.
  bool pause(std::chrono::microseconds duration) {
    return response_.pause(response_.self, duration.count()) != 0;
  }

 private:
  const bulkhead_response& response_;
};

/// Server-sent events (HTML standard §9.2) over a ResponseStream.
///
///   EventStream events{answer};
///   do {
///     events.send({.event = "state", .data = stateAsJson()});
///   } while (!events.pause(std::chrono::seconds{5}));
class EventStream {
 public:
  struct Event {
    std::string_view event = {};  ///< its type; "message" when empty
    std::string_view data;        ///< text of any number of lines
    std::string_view id = {};     ///< what the client sends as Last-Event-ID when it comes again
  };

  /// Begins the answer.
  explicit EventStream(ResponseStream& stream) : stream_{stream} {
    stream_.withHeader("Content-Type", "text/event-stream")
        .withHeader("Cache-Control", "no-store")
        .withHeader("X-Accel-Buffering", "no");
    stream_.begin();
  }

  void send(const Event& event) {
    std::string text;
    field(text, "event", event.event);
    field(text, "id", event.id);
    std::string_view rest = event.data;
    for (;;) {
      const auto end = rest.find_first_of("\r\n");
      text.append("data: ").append(rest.substr(0, end)).append("\n");
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    stream_.write(text.append("\n"));
  }

  /// Waits as ResponseStream::pause() does, and sends a comment every 15 s meanwhile, so that
  /// neither proxies nor clients take the silence for an end.
  bool pause(std::chrono::microseconds duration) {
    constexpr std::chrono::microseconds kBeat = std::chrono::seconds{15};
    while (duration > kBeat) {
      if (stream_.pause(kBeat)) return true;
      stream_.write(":\n\n");
      duration -= kBeat;
    }
    return stream_.pause(duration);
  }

 private:
  /// A line break in a type or an id would be another field.
  static void field(std::string& text, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos)
      throw Error::app("INVALID_EVENT", "An event's type and id have one line each.");
    text.append(name).append(": ").append(value).append("\n");
  }

  ResponseStream& stream_;
};

namespace detail {

/// What a handler streams, as its parameters say.
template <class Handler>
inline constexpr Streams kStreams =
    std::is_invocable_v<Handler&, const Request&, RequestStream&, ResponseStream&> ? Streams::Both
    : std::is_invocable_v<Handler&, const Request&, ResponseStream&>            ? Streams::Response
    : std::is_invocable_r_v<Response, Handler&, const Request&, RequestStream&> ? Streams::Request
                                                                                : Streams::None;

/// The handler as those that do not stream are called.
template <class Handler>
auto streaming(const bulkhead_host& host, Handler handler) {
  return [&host, handler = std::move(handler)](const Request& request, bulkhead_transaction*,
                                               const bulkhead_response& out) {
    RequestStream body{host, request.raw()};
    ResponseStream answer{out};
    if constexpr (kStreams<Handler> == Streams::Both) {
      handler(request, body, answer);
    } else if constexpr (kStreams<Handler> == Streams::Response) {
      handler(request, answer);
    } else {
      handler(request, body).writeTo(out);
    }
  };
}

}  // namespace detail

}  // namespace bulkhead
