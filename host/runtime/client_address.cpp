#include "runtime/client_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <utility>

namespace bulkhead::host {

ClientAddress::ClientAddress(std::string text) : text_{std::move(text)} {
  constexpr std::string_view kMappedPrefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
  if (inet_pton(AF_INET, text_.c_str(), bytes_.data()) == 1) {
    size_ = 4;
  } else if (inet_pton(AF_INET6, text_.c_str(), bytes_.data()) == 1) {
    const bool mapped = std::string_view{bytes_.data(), bytes_.size()}.starts_with(kMappedPrefix);
    if (mapped) std::copy(bytes_.begin() + kMappedPrefix.size(), bytes_.end(), bytes_.begin());
    size_ = mapped ? 4 : 16;
  }
}

}  // namespace bulkhead::host
