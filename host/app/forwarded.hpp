#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// What one proxy says of the connection that it took in. Texts that are no address, scheme or
/// host are empty.
struct ForwardedHop {
  std::string address;  ///< IP literal; empty for "unknown" and for obfuscated names
  std::string scheme;   ///< "http" or "https"
  std::string host;     ///< with its port, where it has one
};

/// True for `forwarded` and `x-forwarded-...` (names in lower case).
bool isForwardingField(std::string_view name);
/// True when somebody forwarded the request, or says so: one of these fields, or Via.
bool isForwarded(const Fields& fields);

using TrustedProxy = std::function<bool(std::string_view address)>;

/// The client's hop: from the proxy next to us to the left, the first whose address is no trusted
/// proxy's, by Forwarded (RFC 7239) or by X-Forwarded-For, -Proto and -Host. Of -Proto and -Host
/// each value belongs to the hop at the same place from the right; a single one belongs to all.
/// Nothing when there is none, when that hop hides its address, when Forwarded is malformed, and
/// when both kinds are there and name different clients: a proxy that appends to one of them
/// passes on whatever its client wrote into the other.
std::optional<ForwardedHop> forwardedClient(const Fields& fields, const TrustedProxy& is_trusted);

}  // namespace bulkhead::host
