#pragma once

#include <string_view>

#include <bulkhead/outbound.hpp>

#include "egress/egress_options.hpp"

namespace bulkhead::host::egress {

std::string_view nameOf(Outcome outcome) noexcept;

/// One line for a request that has come to its end: method, host, operation, status, outcome and
/// times. Never its path or query, headers or bodies of either side. A whole answer is a debug
/// line, anything else a warning.
void logOutbound(const OutboundRequest& request, std::string_view host,
                 const OutboundCaller& caller, const OutboundAnswer& answer) noexcept;

}  // namespace bulkhead::host::egress
