#pragma once

#include <algorithm>
#include <cctype>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include <bulkhead/form.hpp>
#include <bulkhead/outbound.hpp>

#include "reference_data.hpp"

namespace bulkhead::tests {

/// A request as a vendor's own library sends it. Compared are method, target, decoded body and the
/// headers that are named, but not credentials and keys, which differ by their nature.
struct VendorRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

inline std::map<std::string, std::string> decodedForm(const std::string& body) {
  const Form form = Form::parse(body);
  return {form.fields().begin(), form.fields().end()};
}

/// One of vectors/golden_requests.json; nothing where the reference data is not here.
inline std::optional<VendorRequest> goldenRequest(const std::string& vendor,
                                                  const std::string& name) {
  const auto file = referenceFile("vectors/golden_requests.json");
  if (!file) return std::nullopt;
  const auto document = nlohmann::json::parse(std::ifstream{*file});
  for (const auto& row : document.at("requests")) {
    if (row.at("vendor") != vendor || row.at("name") != name) continue;
    VendorRequest request{row.at("method"), row.at("target"), row.at("headers"), row.at("body")};
    for (const char* own : {"authorization", "idempotency-key", "plaid-client-id", "plaid-secret"})
      request.headers.erase(own);
    return request;
  }
  ADD_FAILURE() << "no reference request of " << vendor << " is named " << name;
  return std::nullopt;
}

inline std::map<std::string, std::string> headersOf(const OutboundRequest& request) {
  std::map<std::string, std::string> headers;
  for (auto [name, value] : request.headers) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    headers[name] = value;
  }
  return headers;
}

/// Method, target and headers are equal.
inline void expectEqualHeads(const OutboundRequest& sent, const VendorRequest& expected,
                             const std::string& base_url) {
  EXPECT_EQ(sent.method, expected.method);
  EXPECT_EQ(sent.url, base_url + expected.target);
  const auto headers = headersOf(sent);
  for (const auto& [name, value] : expected.headers) {
    const auto found = headers.find(name);
    ASSERT_NE(found, headers.end()) << name;
    EXPECT_EQ(found->second, value) << name;
  }
}

inline void expectEqualForms(const OutboundRequest& sent, const VendorRequest& expected,
                             const std::string& base_url) {
  expectEqualHeads(sent, expected, base_url);
  EXPECT_EQ(decodedForm(sent.body), decodedForm(expected.body));
}

}  // namespace bulkhead::tests
