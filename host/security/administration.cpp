#include "security/administration.hpp"

#include "data/audit_log.hpp"
#include "logging/log.hpp"

namespace bulkhead::host {

Administrator administratorOf(const HttpRequest& request) {
  const Peer& peer = request.peer;
  if (peer.address.isUnix())
    return {peer.address.text(), peer.admin_socket ? "admin.sock" : "command", request.request_id};
  return {"key:" + request.principal.key_id, peer.address.text(), request.request_id};
}

void recordChange(data::Transaction& transaction, const Administrator& by,
                  const AdministrativeChange& change, std::int64_t now_us) {
  if (!change.changesSomething()) return;
  data::audit::append(transaction, {.at_us = now_us,
                                    .actor = by.actor,
                                    .origin = by.origin,
                                    .action = change.action,
                                    .object = change.object,
                                    .before = change.before,
                                    .after = change.after,
                                    .request_id = by.request_id});
}

void logChange(const Administrator& by, const AdministrativeChange& change) {
  if (!change.changesSomething()) return;
  LogContext context;
  context.request_id = by.request_id;
  const LogScope scope{context};
  log(Level::Info, "security", "Administrative change",
      {{"event", "administration"},
       {"action", change.action},
       {"object", change.object},
       {"actor", by.actor},
       {"ip", by.origin}});
}

}  // namespace bulkhead::host
