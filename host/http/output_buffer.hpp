#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/client_socket.hpp"

namespace bulkhead::host {

/// Bytes that a socket has not taken yet. Small pieces are joined, large bodies are kept as they
/// are. Holds no memory while empty.
class OutputBuffer {
 public:
  enum class Progress { Done, Blocked, Broken };

  bool empty() const noexcept { return segments_.empty(); }
  std::size_t size() const noexcept { return size_; }

  void append(std::string_view bytes);
  void append(std::string&& bytes);
  /// Sends what the socket takes; Broken when the connection is gone.
  Progress flush(ClientSocket& socket);

 private:
  void drop(std::size_t bytes);

  std::vector<std::string> segments_;
  std::size_t sent_of_first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace bulkhead::host
