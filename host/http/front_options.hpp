#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/exchange.hpp"
#include "http/parser.hpp"

namespace bulkhead::host {

/// How the body of a request is taken.
struct BodyRule {
  std::uint64_t bytes_max = 0;  ///< beyond: 413
  /// The handler is called at the head's end and gets the body as it comes. Neither body_deadline
  /// nor bodies_bytes_max is for it: the minimum rate is, while the handler leaves room.
  bool streams = false;
};

/// What a loop did between two looks at its events: one connection's bytes, one timer, some newly
/// accepted connections or answers.
struct LoopStep {
  unsigned loop;
  std::chrono::microseconds took;
  long waits;  ///< times that its thread slept; none is what "nothing blocks" means
};

/// Limits and total deadlines of the edge. A total deadline counts from the first byte of its
/// phase and is not extended by progress, unless its name says so.
struct FrontOptions {
  unsigned loops = 0;        ///< event loops, one thread each; 0 = one per usable processor
  bool development = false;  ///< S60: refusals name their kind

  HeadLimits head{};                                     ///< beyond: 414, 431
  std::size_t body_bytes_max = 1024 * 1024;              ///< beyond: 413; see body_rule
  std::chrono::milliseconds handshake_deadline{10'000};  ///< PROXY header and TLS; then closed
  std::chrono::milliseconds head_deadline{10'000};       ///< beyond: 408
  std::chrono::milliseconds body_deadline{60'000};       ///< whole body; beyond: 408
  std::chrono::milliseconds body_grace{10'000};          ///< before the minimum rate counts
  std::size_t body_rate_min_bytes_per_s = 500;           ///< slower: 408
  std::chrono::milliseconds idle_timeout{60'000};        ///< between requests; then closed silently
  std::chrono::milliseconds write_stall{30'000};      ///< no byte taken by the client; then closed
  std::size_t write_rate_min_bytes_per_s = 500;       ///< slower after write_stall: closed
  std::chrono::milliseconds linger{2'000};            ///< for the client to read a last answer
  std::chrono::milliseconds answer_deadline{30'000};  ///< until a handler sets its own; then 504

  /// Heads and bodies of more than 8 KiB, together, until they are answered; beyond: 503 before
  /// more is read.
  std::size_t requests_bytes_max = 128 * 1024 * 1024;
  /// Answers that clients have not taken yet, together; beyond, who has taken nothing for longest
  /// is closed.
  std::size_t answers_bytes_max = 256 * 1024 * 1024;
  std::uint32_t requests_per_connection_max = 1000;
  std::size_t pipelined_max = 16;
  /// Answers of one connection that wait to be sent; beyond, its next request waits.
  std::size_t waiting_answer_bytes_max = 256 * 1024;
  std::size_t connections_max = 0;  ///< all listeners; 0 = half of the descriptor limit
  std::size_t connections_per_ip_max = 256;

  /// Asked on the loop when the head of a request that has a body is complete; empty:
  /// body_bytes_max, at once.
  std::function<BodyRule(const HttpRequest&)> body_rule{};
  /// True for addresses that connections_per_ip_max does not count, such as trusted proxies; empty:
  /// loopback only.
  std::function<bool(std::string_view address)> exempt_from_ip_cap{};
  /// True for addresses whose PROXY header is believed; empty: nobody's.
  std::function<bool(std::string_view address)> may_send_proxy_header{};
  /// Header lines, each ended by CRLF, that are written into every response as they are.
  std::string fixed_header_lines{};
  /// Called by each loop, with its number, when it has seen Front::wake(); must not wait.
  std::function<void(unsigned loop)> on_wake{};
  /// For tests: called by each loop after each of its steps, which then cost two system calls more.
  std::function<void(const LoopStep&)> on_step{};
};

/// Called on the loop with each complete request. Must not block; answers at once or later from any
/// thread. A bulkhead::Error or std::exception that leaves it becomes the answer.
using Handler = std::function<void(const std::shared_ptr<Exchange>&)>;

/// One answered request, for the log line and the metrics. Valid during the call.
struct CompletedExchange {
  /// Only the fields that lanes never write may be read when `answered_by_front` is true.
  const HttpRequest& request;
  const ExchangeLabels& labels;
  const Refusal& refusal;              ///< empty when the answer is none
  int status;                          ///< 499 when the client left before there was an answer
  std::uint64_t bytes_in;              ///< body bytes received, framing included
  std::uint64_t bytes_out;             ///< head and body; 0 when the client was gone
  std::chrono::microseconds duration;  ///< from the first byte to the answer's hand-over
  bool client_gone;
  bool answered_by_front;   ///< malformed, deadline, drain: the handler's answer was not used
  bool broken_off = false;  ///< a streamed answer that its handler did not bring to its end
};

/// What every response passes, the parser's own errors included; called on the loop.
struct Tail {
  /// Appends header lines, each ended by CRLF, that are written as they are; may be empty.
  std::function<void(const HttpRequest&, const ExchangeLabels&, const HttpResponse&,
                     std::string& lines)>
      header_lines;
  std::function<void(const CompletedExchange&)> completed;  ///< once per request; may be empty
};

}  // namespace bulkhead::host
