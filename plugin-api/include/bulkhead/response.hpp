#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// An answer: status, headers, body. The host adds ids, dates, lengths and security headers.
class Response {
 public:
  /// 200 with the value that `write(JsonWriter&)` writes, or with anything that has `dump()`
  /// (nlohmann::json).
  template <class Write>
  static Response json(const Write& write) {
    return json(200, write);
  }
  template <class Write>
  static Response json(int status, const Write& write) {
    Response response{status};
    response.withHeader("Content-Type", "application/json");
    if constexpr (std::is_invocable_v<const Write&, JsonWriter&>) {
      JsonWriter writer{response.body_};
      writer.value(write);
    } else {
      response.body_ = write.dump();
    }
    return response;
  }
  /// JSON text as it is; nobody checks that it is JSON.
  static Response jsonText(int status, std::string text) {
    Response response{status};
    response.withHeader("Content-Type", "application/json");
    response.body_ = std::move(text);
    return response;
  }
  static Response text(int status, std::string_view body,
                       std::string_view content_type = "text/plain; charset=utf-8") {
    Response response{status};
    response.withHeader("Content-Type", content_type);
    response.body_ = body;
    return response;
  }
  static Response noContent() { return Response{204}; }

  Response& withHeader(std::string_view name, std::string_view value) & {
    headers_.emplace_back(name, value);
    return *this;
  }
  Response&& withHeader(std::string_view name, std::string_view value) && {
    headers_.emplace_back(name, value);
    return std::move(*this);
  }

  /// Hands it to the host. Throws Error (INVALID_HEADER) for a header that HTTP does not allow.
  void writeTo(const bulkhead_response& out) const {
    out.status(out.self, status_);
    for (const auto& [name, value] : headers_) {
      if (out.header(out.self, waist::bytes(name), waist::bytes(value)) != 0)
        throw Error::app("INVALID_HEADER", "The handler set a header that HTTP does not allow.");
    }
    out.body(out.self, body_.data(), body_.size());
  }

  int status() const noexcept { return status_; }
  const std::vector<std::pair<std::string, std::string>>& headers() const noexcept {
    return headers_;
  }
  const std::string& body() const noexcept { return body_; }

 private:
  explicit Response(int status) : status_{status} {}

  int status_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string body_;
};

}  // namespace bulkhead
