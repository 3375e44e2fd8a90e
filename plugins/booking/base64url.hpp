#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace booking {

/// Appends RFC 4648 §5 without padding. Bytes in multiples of three can be appended piece by piece.
void appendBase64Url(std::string& out, std::string_view bytes);

/// Nothing unless `text` is exactly what appendBase64Url() writes: no padding, no other letters, no
/// stray bits.
std::optional<std::string> fromBase64Url(std::string_view text);

}  // namespace booking
