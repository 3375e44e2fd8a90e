#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::integration {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct HttpAnswer {
  int status = 0;  ///< 0: there was no answer, `fault` says why
  Fields headers;  ///< names in lower case
  std::string body;
  std::string fault;

  /// The first value of a header, or "".
  std::string header(std::string_view name) const;
  bool has(std::string_view name) const;
  /// The body; discarded when it is no JSON.
  nlohmann::json json() const;
  /// `error.code` of the body, or "".
  std::string errorCode() const;
};

/// A client of one loopback port. Each call has a connection of its own, so that calls from many
/// threads are independent; the constant parts are shared, so set `headers` before that.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, Fields headers = {})
      : port_{port}, headers_{std::move(headers)} {}

  /// A body is JSON unless `headers` has a Content-Type.
  HttpAnswer get(std::string_view target, const Fields& headers = {}) const;
  HttpAnswer post(std::string_view target, std::string_view body, const Fields& headers = {}) const;
  HttpAnswer put(std::string_view target, std::string_view body, const Fields& headers = {}) const;
  HttpAnswer send(std::string_view method, std::string_view target, std::string_view body,
                  const Fields& headers) const;
  /// Sends the bytes as they are and reads until the host closes the connection.
  HttpAnswer sendRaw(std::string_view bytes, bool has_body = true) const;
  /// The same; gives back all the bytes that came.
  std::string exchange(std::string_view bytes) const;

 private:
  std::uint16_t port_;
  Fields headers_;
};

/// A loopback port that is listened on for as long as this lives.
class TakenPort {
 public:
  TakenPort();
  ~TakenPort();
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

  std::uint16_t number() const { return number_; }

 private:
  int socket_;
  std::uint16_t number_ = 0;
};

}  // namespace bulkhead::integration
