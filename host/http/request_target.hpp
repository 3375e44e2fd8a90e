#pragma once

#include <string_view>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Splits and decodes a request target (RFC 9112 §3.2, RFC 3986) into `request.path` and
/// `request.query`. `target` is in origin-form: it starts with "/" and holds no fragment.
/// The path is decoded exactly once; "." and ".." segments, encoded slashes, control characters and
/// text that is not UTF-8 are refused rather than repaired, so that no layer behind can read the
/// path differently. In the query "+" is a space; NUL and text that is not UTF-8 are refused.
/// Returns nullptr, or why the target is refused.
const char* decodeTarget(std::string_view target, HttpRequest& request);

/// True when `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool isUtf8(std::string_view text);

}  // namespace bulkhead::host
