#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/contract.hpp"

namespace bulkhead::host {

/// A route as /openapi.json shows it.
struct DocumentedRoute {
  std::string owner;  ///< plugin id, or "host"; becomes the tag
  std::string path;   ///< full template
  std::shared_ptr<const RouteContract> contract;
};

/// The OpenAPI 3.1 document of what is registered, as JSON text: one operation per route, its
/// schemas as registered, the error body for every refusal, and the API key in both of its headers
/// (S42).
std::string openApiDocument(const std::vector<DocumentedRoute>& routes, const std::string& version);

}  // namespace bulkhead::host
