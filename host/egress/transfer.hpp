#pragma once

#include <chrono>
#include <cstddef>
#include <curl/curl.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/outbound.hpp>

#include "egress/address_guard.hpp"
#include "egress/egress_options.hpp"
#include "egress/open_connections.hpp"
#include "egress/outbound_target.hpp"

namespace bulkhead::host::egress {

/// One request on its way: a handle of libcurl, and what has come of it so far. Used by one thread
/// at a time.
class Transfer {
 public:
  using Done = std::function<void(OutboundAnswer)>;
  using Time = std::chrono::steady_clock::time_point;

  /// What it shares with all others; outlives it.
  struct Surroundings {
    const EgressOptions& options;
    const AddressGuard& guard;
    OpenConnections& connections;
    std::size_t& held_bytes;  ///< of bodies that are not whole yet
    std::size_t& share;       ///< of those, the caller's: half of them at most
  };
  /// So many answers of the longest length are held together at most.
  static constexpr std::size_t kHeldBodiesMax = 32;

  Transfer(OutboundRequest request, OutboundTarget target, const Surroundings& surroundings);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Makes the handle ready: for these addresses when the target is a name. Those that are
  /// `forgotten`, "host:port", libcurl remembers no longer.
  void prepare(const Addresses& addresses, const std::vector<std::string>& forgotten);
  /// It was given a connection that had ended: it is sent on a new one, when it may be.
  bool restartsAfter(CURLcode result);
  /// Gives the body back, and answers. `result` is libcurl's, of a transfer that has ended.
  OutboundAnswer finish(CURLcode result);
  /// The answer of one that ends before its end, for that reason.
  OutboundAnswer giveUp(std::string_view code, std::string_view message);

  CURL* handle() const noexcept { return handle_.get(); }
  const OutboundTarget& target() const noexcept { return target_; }
  const OutboundRequest& request() const noexcept { return request_; }
  /// It was handed to a connection: the service may have got it.
  bool isSent() const noexcept { return attempts_ > 0; }

 private:
  struct Slist {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using TextList = std::unique_ptr<curl_slist, Slist>;
  /// Why this side ended it.
  struct Reason {
    std::string_view code;
    std::string_view message;
  };

  void setTarget(const Addresses& addresses, const std::vector<std::string>& forgotten);
  void setSafety();
  void setMessage();
  void setHeaders();
  void setCallbacks();
  void append(TextList& list, const std::string& text) const;
  static curl_socket_t openSocket(void* self, curlsocktype, curl_sockaddr* address);
  static int closeSocket(void* connections, curl_socket_t socket);
  static int beforeRequest(void* self, char*, char*, int, int local_port);
  static std::size_t takeHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t takeBody(char* data, std::size_t size, std::size_t count, void* self);
  bool takeHeaderLine(std::string_view line);
  void takeField(std::string_view line);
  bool isWhole() const;
  OutboundAnswer answer(Outcome outcome, Reason reason);
  OutboundAnswer failed(CURLcode result);
  OutboundAnswer answered();

  const OutboundRequest request_;
  const OutboundTarget target_;
  const EgressOptions& options_;
  const AddressGuard& guard_;
  OpenConnections& connections_;
  std::size_t& held_bytes_;
  std::size_t& share_;
  std::size_t own_bytes_ = 0;  ///< of those
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
  TextList headers_;
  TextList addresses_;
  char error_[CURL_ERROR_SIZE] = {};
  Reason reason_{};
  bool opens_ = false;  ///< a connection of its own
  bool spent_ = false;  ///< the kept connection that it was given has ended
  int attempts_ = 0;
  int status_ = 0;
  std::size_t head_bytes_ = 0;
  bool head_ended_ = false;
  bool length_told_ = false;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string body_;
};

}  // namespace bulkhead::host::egress
