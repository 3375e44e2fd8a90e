#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <sys/uio.h>
#include <vector>

namespace bulkhead::host {

/// Bytes that go out from where they are: `owner` keeps them, unchanged, until they have gone.
struct BytesApart {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

/// Bytes on their way out, in order: copied into one buffer, but for those that stay apart.
class LinkOutbox {
 public:
  using Owners = std::vector<std::shared_ptr<const void>>;

  void add(std::string_view frames, BytesApart apart);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// What is to be written next, at most `bytes_max`, in at most `most` parts; how many those are.
  std::size_t gather(iovec* parts, std::size_t most, std::size_t bytes_max) const;
  /// So many bytes were written. Who kept what is gone now goes into `owners`: to be let go where
  /// no lock is held.
  void gone(std::size_t bytes, Owners& owners);
  /// Ready for the next, with the buffer that it has.
  void reset();

 private:
  struct Apart {
    std::size_t at = 0;  ///< of the buffer: behind what is before it
    BytesApart bytes;
  };

  std::string buffer_;
  std::vector<Apart> apart_;
  std::size_t buffer_gone_ = 0;
  std::size_t apart_next_ = 0;
  std::size_t apart_gone_ = 0;  ///< of the next
  std::size_t size_ = 0;
};

}  // namespace bulkhead::host
