#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client_socket.hpp"
#include "http/event_loop.hpp"
#include "http/exchange.hpp"
#include "http/opening.hpp"
#include "http/output_buffer.hpp"
#include "http/request_reader.hpp"
#include "http/timer_wheel.hpp"

namespace bulkhead::host {

/// One client's connection: reads requests, hands them out, writes answers in order. Belongs to one
/// loop and its thread. Idle it holds no buffer.
class Connection {
 public:
  Connection(EventLoop& loop, FileDescriptor fd, Peer peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// After the loop has put it into its list of idle connections.
  void start(EventLoop::Connections::iterator position, const Service& service);
  /// Answers 503 without having read anything, or closes where no answer can be read: the cap is
  /// reached.
  void turnAway();
  /// epoll reported `events`.
  void onEvents(std::uint32_t events);
  void onTimer();
  /// Notes that the sink was told of an answer; the connection that flush() is due for, if any.
  static Connection* deliver(EventLoop& loop, const Arrival& arrival);
  void flush();
  /// Closes without an answer to what is open.
  void close();
  /// The front drains: answers without an end end soon.
  void askStreamsToEnd();
  /// The front drains: an idle connection ends, unless its first request or its next one is on its
  /// way.
  void endIfIdle();
  /// The loop stopped accepting: what is half sent has less time from now on.
  void reschedule() { loop_.schedule(timer_, dueTime()); }
  /// The front stops: 503 to what has no answer yet.
  void refuseOpen();

  static Connection& of(TimerNode& node);
  bool isClosed() const noexcept { return closed_; }
  /// When the connection came to stand where it stands.
  std::int64_t standingSince() const noexcept { return standing_since_us_; }
  /// When the client last took a part of what is being sent; nothing while nothing is.
  std::optional<std::int64_t> readingSince() const noexcept {
    return output_.empty() ? std::nullopt : std::optional{write_progress_us_};
  }
  bool countedByIp() const noexcept { return counted_by_ip_; }
  void countByIp() noexcept { counted_by_ip_ = true; }

 private:
  struct Timer : TimerNode {
    Connection* owner = nullptr;
  };
  struct Upload {
    std::shared_ptr<Exchange> exchange;
    std::shared_ptr<ByteStream> stream;
    HttpRequest part;  ///< what the reader reads into
    std::int64_t full_since_us = 0;
    bool full = false;
    bool last_request = false;
  };

  void onWritable();
  bool beginOpening(const Service& service);
  void open();
  void onOpened();
  void refuseOpening(Rejection reason);
  void readSome();
  void onPeerClosed();
  void consume(std::string_view bytes);
  bool readStep(std::string_view& bytes);
  bool readBody(std::string_view& bytes);
  bool act(RequestReader::Status status);
  void resume();
  void beginRequest();
  bool headArrived(std::string_view rest);
  bool mustWait() const;
  bool allowBody(std::string_view rest);
  void dispatch();
  template <class Handler>
  static void runHandler(Exchange& exchange, const Handler& handler) {
    try {
      handler();
    } catch (const std::exception&) {
      refuseThrown(exchange);
    }
  }
  /// Answers with what is being handled.
  static void refuseThrown(Exchange& exchange);
  void refuse(const Error& error, Rejection reason);
  void refuseForRoom();
  void countWaiting(Exchange& exchange);
  std::shared_ptr<Exchange> enqueue();

  std::size_t render(std::string& out);
  void beginAnswer(Exchange& exchange, bool is_last, std::string& out);
  bool prepare(Exchange& exchange);
  void renderHead(Exchange& exchange, bool length_known, std::string& out);
  void endWhenDraining(Exchange& exchange);
  bool continueStream(Exchange& exchange, std::string& out);
  void flushAgain();

  void beginUpload();
  bool readUpload(std::string_view& bytes);
  void resumeUpload();
  void endUpload();
  void failUpload(const Error& error, Rejection reason);
  void giveUpUpload();
  void send(std::string_view bytes);
  void afterWrite();
  void startWriting();
  static std::optional<Rejection> rejectionBehind(const Exchange& exchange);
  static void report(EventLoop& loop, Exchange& exchange, bool client_gone);
  void abandon(Exchange& exchange);

  void endConnection();
  void settle();
  bool flushIsNext() const;
  void countUnsent();
  EventLoop::Standing standing() const;
  std::uint32_t wantedEvents() const;
  std::int64_t dueTime() const;
  std::int64_t openingDue() const;
  std::int64_t idleDue() const;
  std::int64_t headDue() const;
  std::int64_t bodyDue() const;
  std::int64_t endingDue() const;
  std::int64_t writeDue() const;
  void expire();
  void expireOpening();
  void expireReading();
  void expireAnswers();

  EventLoop& loop_;
  EventLoop::Connections::iterator position_;
  EventLoop::Standing standing_ = EventLoop::Standing::Idle;
  Timer timer_;
  ClientSocket socket_;
  std::uint32_t watched_ = 0;
  std::unique_ptr<Opening> opening_;  ///< null once requests may come
  Peer peer_;
  RequestReader reader_;
  std::shared_ptr<Exchange> current_;               ///< being read
  std::vector<std::shared_ptr<Exchange>> pending_;  ///< handed out, in order
  std::unique_ptr<Upload> upload_;                  ///< a body that goes to its handler as it comes
  std::string input_;                               ///< arrived while reading had to wait
  OutputBuffer output_;
  std::int64_t standing_since_us_;
  std::int64_t phase_since_us_ = 0;  ///< first byte of the current head or body
  std::int64_t write_since_us_ = 0;
  std::int64_t write_progress_us_ = 0;
  std::uint64_t write_bytes_ = 0;  ///< sent since write_since_us_
  std::uint64_t linger_bytes_ = 0;
  std::size_t waiting_bytes_ = 0;  ///< of answers that are there and not rendered
  std::int64_t unsent_bytes_ = 0;  ///< what the front counts of this connection's answers
  std::uint32_t requests_ = 0;
  bool held_ = false;          ///< a head waits until the requests before it are answered
  bool last_request_ = false;  ///< nothing is read as a request any more
  bool closing_ = false;       ///< the last response was rendered
  bool must_linger_ = false;
  bool lingering_ = false;
  bool peer_closed_ = false;
  bool flush_queued_ = false;
  bool has_served_ = false;  ///< since it last settled
  bool closed_ = false;
  bool resets_ = false;      ///< an answer without chunks was cut: its end must not look like one
  bool streams_on_ = false;  ///< the answer being sent may have more bytes at once
  bool counted_by_ip_ = false;
};

}  // namespace bulkhead::host
