#pragma once

#include <string_view>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// How a body is coded on the wire.
enum class ContentCoding { Identity, Gzip, Brotli };

/// "gzip" and so on, as in Content-Encoding.
std::string_view nameOf(ContentCoding coding);

/// What Accept-Encoding of a request asks for (RFC 9110 §12.5.3): the coding of ours with the
/// highest weight, brotli before gzip before none where weights are equal; Identity where the field
/// is absent, forbids all of ours or cannot be read.
ContentCoding acceptedCoding(const HttpRequest& request);

}  // namespace bulkhead::host
