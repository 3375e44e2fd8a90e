#include "http/middleware/security_headers.hpp"

#include <string_view>

namespace bulkhead::host {

std::string securityHeaderLines(const SecurityHeaderOptions& options) {
  std::string lines;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    lines.append(name).append(": ").append(value).append("\r\n");
  };
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("X-XSS-Protection", options.x_xss_protection);
  add("Referrer-Policy", "strict-origin-when-cross-origin");
  add("Permissions-Policy", "geolocation=(), microphone=(), camera=()");
  add("Strict-Transport-Security", options.hsts ? kHstsValue : "");
  add("Content-Security-Policy", options.content_security_policy);
  return lines;
}

}  // namespace bulkhead::host
