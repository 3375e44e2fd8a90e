#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// Overwrites memory in a way that the compiler keeps even when the memory is freed next.
void wipe(void* memory, std::size_t bytes) noexcept;

/// An allocator that wipes what it gives back to `Upstream`.
template <typename T, typename Upstream = std::allocator<T>>
class WipingAllocator {
 public:
  using value_type = T;

  WipingAllocator() = default;
  template <typename U, typename V>
  explicit WipingAllocator(const WipingAllocator<U, V>&) noexcept {}

  T* allocate(std::size_t count) { return upstream_.allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(memory, count * sizeof(T));
    upstream_.deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const noexcept { return true; }

 private:
  [[no_unique_address]] Upstream upstream_;
};

/// A value that must not be shown: it cannot be streamed, formatted or turned into JSON, and its
/// memory is wiped when it goes. `reveal()` is the only door, so that a search for it lists every
/// use. Copies are independent; one object is not for several writing threads.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}

  /// Valid as long as this object is neither changed nor destroyed.
  std::string_view reveal() const noexcept { return {bytes_.data(), bytes_.size()}; }
  bool empty() const noexcept { return bytes_.empty(); }
  /// What may be printed: "******" for a value, "" for none.
  std::string_view redacted() const noexcept { return empty() ? "" : "******"; }

  /// In time that depends on the lengths only.
  bool operator==(const Secret& other) const noexcept;

 private:
  std::vector<char, WipingAllocator<char>> bytes_;
};

template <typename Stream>
Stream& operator<<(Stream&, const Secret&) = delete;

}  // namespace bulkhead::host
