#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <thread>

namespace bulkhead::host::test {

/// What a network does to a service: stands before it on loopback, and passes bytes on, or not.
class TcpGate {
 public:
  enum class Mode {
    Open,
    Refuse,  ///< nobody listens, and what stood is closed
    CloseAtOnce,
    Silent,     ///< takes everything and gives nothing back
    Deaf,       ///< takes nothing
    Cut,        ///< closes in the middle of an answer
    Corrupt,    ///< the first byte of each piece is another one
    Lie,        ///< an answer says that it has four gigabytes
    Delay,      ///< of each piece, by 200 ms
    Drip,       ///< a byte each 50 ms
    HalfClose,  ///< the service's direction ends, the client's does not
  };

  explicit TcpGate(std::uint16_t to);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  std::uint16_t port() const { return port_; }
  /// From now on, also for what stands already.
  void set(Mode mode) { mode_ = mode; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  struct Pair {
    int client = -1;
    int service = -1;
    std::deque<Piece> to_client{};
    bool ended = false;
  };

  void run();
  void listen();
  void accept();
  void fromClient(Pair& pair) const;
  void fromService(Pair& pair) const;
  void toClient(Pair& pair) const;
  static void close(Pair& pair);

  const std::uint16_t to_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::list<Pair> pairs_;
  std::atomic<Mode> mode_{Mode::Open};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace bulkhead::host::test
