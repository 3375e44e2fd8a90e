#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "http/middleware/accept_encoding.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// Decides how an answer is coded and says so in its fields: Vary: Accept-Encoding where the coding
/// depends on the request, Content-Encoding, and an ETag of its own for each coding. Identity for
/// what is small, coded already or no text, for 204, 206 and 304, and under Cache-Control:
/// no-transform, which is how a route says that it mixes secrets with what a client sent.
ContentCoding chooseCoding(const HttpRequest& request, HttpResponse& response);
/// Codes the body. Takes milliseconds for a large one: never on a loop.
void encodeBody(ContentCoding coding, HttpResponse& response);

/// Accepts the Content-Encoding of a request; nothing has no coding. True when decodeBody() has to
/// follow. Throws Error 415 UNSUPPORTED_CONTENT_CODING for one that is neither gzip nor identity.
bool isCoded(const HttpRequest& request);
/// Takes the coding of a body away, and asks `hold` for room as it grows, with its size so far.
/// Throws Error: 413 PAYLOAD_TOO_LARGE when it would have more than `limit` bytes, or a hundred
/// times what was sent; 503 OVERLOADED when there is no room; 400 VALIDATION_ERROR when it is no
/// gzip.
std::string decodedBody(const std::string& coded, std::size_t limit_bytes,
                        const std::function<bool(std::size_t bytes)>& hold);

/// A tag without what chooseCoding() added to it.
std::string withoutCoding(std::string field);

}  // namespace bulkhead::host
