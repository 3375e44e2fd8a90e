#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/client_socket.hpp"
#include "http/listener.hpp"
#include "http/shared_state.hpp"
#include "http/tls_context.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// What a connection begins with before its first request, as its listener demands: a PROXY header,
/// then the handshake of TLS. One per connection, gone when that is done.
class Opening {
 public:
  enum class State {
    Waiting,
    Done,
    PlainHttp,  ///< nothing was read: whoever sent it can be answered in clear
    Refused,    ///< for reason()
    Gone        ///< the client left
  };

  /// `tls` is null where the listener speaks in clear.
  Opening(bool proxy_header, std::shared_ptr<const TlsContext> tls)
      : proxy_header_{proxy_header}, tls_{std::move(tls)} {}

  /// Goes as far as the bytes reach. Puts into `peer` what was learned: the client's address, and
  /// that the connection is secure. Throws nothing.
  State advance(ClientSocket& socket, Peer& peer);
  /// True since bytes have come.
  bool hasBegun() const noexcept { return begun_; }
  Rejection reason() const noexcept { return reason_; }

 private:
  State readProxyHeader(ClientSocket& socket, Peer& peer);
  State beginTls(ClientSocket& socket);
  State refuse(Rejection reason);

  bool proxy_header_;
  std::shared_ptr<const TlsContext> tls_;  ///< null once the session has it
  std::string header_;
  bool begun_ = false;
  Rejection reason_ = Rejection::ProxyHeader;
};

}  // namespace bulkhead::host
