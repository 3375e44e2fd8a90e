#include "config/secret.hpp"

#include <cstring>

namespace bulkhead::host {

void wipe(void* memory, std::size_t bytes) noexcept {
  if (bytes != 0) explicit_bzero(memory, bytes);
}

bool Secret::operator==(const Secret& other) const noexcept {
  if (bytes_.size() != other.bytes_.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    difference |= static_cast<unsigned char>(bytes_[i]) ^
                  static_cast<unsigned>(static_cast<unsigned char>(other.bytes_[i]));
  }
  return difference == 0;
}

}  // namespace bulkhead::host
