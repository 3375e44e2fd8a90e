#pragma once

#include <string_view>

namespace bulkhead {

/// An address as operators write it, without the slashes at its end: a target, which begins with
/// one, is put behind it. Borrows `url`.
inline std::string_view withoutSlash(std::string_view url) noexcept {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

}  // namespace bulkhead
