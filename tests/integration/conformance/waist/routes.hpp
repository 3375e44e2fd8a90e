#pragma once

#include <cstdint>
#include <string_view>

#include "probe.hpp"

namespace conformance {

/// A route, and what answers it.
struct WaistRoute {
  std::uint32_t number;
  std::string_view method;
  std::string_view path;
  std::string_view contract;
  bulkhead_status (*handle)(const Call& call, const bulkhead_error_sink* error);
};

/// Numbers are the plugin's own: they are not in order, and two routes share one.
struct WaistRoutes {
  const WaistRoute* begin;
  std::size_t count;
};
WaistRoutes waistRoutes();

/// The value of a path parameter; empty when there is none of that name.
std::string_view parameter(const bulkhead_request& request, std::string_view name);
/// Answers with a JSON text.
void answer(const Call& call, std::int32_t status, std::string_view json);

bulkhead_status answerOddly(const Call& call, const bulkhead_error_sink* error);
bulkhead_status answerInPieces(const Call& call, const bulkhead_error_sink* error);
bulkhead_status takePieces(const Call& call, const bulkhead_error_sink* error);
bulkhead_status sendBack(const Call& call, const bulkhead_error_sink* error);
bulkhead_status readStore(const Call& call, const bulkhead_error_sink* error);
bulkhead_status writeStore(const Call& call, const bulkhead_error_sink* error);
bulkhead_status recover(const Call& call, const bulkhead_error_sink* error);

/// The plugin's own number of the call of its capability, and what answers that.
inline constexpr std::uint32_t kReflect = 900;
/// And of its inbox.
inline constexpr std::uint32_t kSlips = 901;
inline constexpr std::uint32_t kChits = 902;
/// A job of that queue: shows that it was run.
bulkhead_status workOnChit(const Call& call, const bulkhead_error_sink* error);
bulkhead_status reflect(const Call& call, const bulkhead_error_sink* error);

}  // namespace conformance
