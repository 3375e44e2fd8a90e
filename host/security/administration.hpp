#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/store.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// Who changes the installation, as its audit names them.
struct Administrator {
  std::string actor;   ///< "key:ID", or "unix:UID" on this machine
  std::string origin;  ///< the address of the peer, "admin.sock", or "command" while no host runs
  std::string request_id;
};

/// The sender of an admitted request.
Administrator administratorOf(const HttpRequest& request);

/// One change of the installation.
struct AdministrativeChange {
  std::string action;                 ///< "key.revoke"
  std::string object;                 ///< "key:ID"
  std::optional<std::string> before;  ///< JSON without secrets; nothing when it is new
  std::optional<std::string> after;   ///< JSON without secrets; nothing when it is gone

  bool changesSomething() const { return before != after; }
};

/// Writes the change into the audit of the host's store, in the transaction of its effect; nothing
/// when nothing changes. data::audit::prepare() has made the tables, which KeyStore::refresh() sees
/// to.
void recordChange(data::Transaction& transaction, const Administrator& by,
                  const AdministrativeChange& change, std::int64_t now_us);

/// One line in the log, after the commit.
void logChange(const Administrator& by, const AdministrativeChange& change);

}  // namespace bulkhead::host
