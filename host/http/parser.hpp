#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <bulkhead/error.hpp>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// How the rest of a message is framed, and what happens to its connection (RFC 9112 §6, §9).
struct Framing {
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expect_continue = false;
  bool http_1_0 = false;

  bool hasBody() const noexcept { return chunked || content_length > 0; }
};

/// Bounds of one head; beyond them the answer is 414 or 431.
struct HeadLimits {
  std::size_t request_line_bytes_max = 8 * 1024;
  std::size_t fields_max = 100;
  std::size_t head_bytes_max = 32 * 1024;
};

/// Either the framing of a well-formed request, or why it is refused. Every refusal closes the
/// connection: where a message ends is only known for well-formed ones.
struct ParseOutcome {
  Framing framing;
  std::optional<Error> refusal;
};

/// Parses one complete request head, from the first byte of its method to its empty line, by
/// RFC 9112 and stricter where it leaves a choice that smuggling has used: no bare LF or CR, no
/// obs-fold, no Content-Length beside Transfer-Encoding, no white space or leading zeros around
/// either, one Host. Fills method, target, path, query and headers of `request`; after a refusal as
/// far as they were understood. Knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS, and no
/// WebSocket. Thread-safe.
ParseOutcome parse(std::string_view head, const HeadLimits& limits, HttpRequest& request);

}  // namespace bulkhead::host
