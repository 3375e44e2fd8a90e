#pragma once

#include <string>

namespace bulkhead::host {

/// C24.
inline constexpr const char* kHstsValue = "max-age=31536000; includeSubDomains";

struct SecurityHeaderOptions {
  std::string x_xss_protection = "1; mode=block";  ///< C23; empty leaves the header out
  bool hsts = true;                                ///< C24
  std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";  ///< C25
};

/// The header lines of S29..S35, each ended by CRLF, that every response carries.
std::string securityHeaderLines(const SecurityHeaderOptions& options);

}  // namespace bulkhead::host
