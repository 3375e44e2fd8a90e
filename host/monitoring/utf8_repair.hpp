#pragma once

#include <string>
#include <string_view>

namespace bulkhead::host::monitoring {

/// True when `text` is valid UTF-8 (RFC 3629) without NUL.
bool isUtf8(std::string_view text);

/// `text` with each byte that is not part of valid UTF-8, and NUL, replaced by U+FFFD: one bad byte
/// in a label fails a whole scrape (ops §5.1).
std::string repairUtf8(std::string_view text);

}  // namespace bulkhead::host::monitoring
