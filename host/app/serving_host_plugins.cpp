#include <algorithm>
#include <fmt/format.h>

#include "app/installed_stores.hpp"
#include "app/plugin_change_routes.hpp"
#include "app/serving_host.hpp"
#include "plugins/bare_store.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

/// Its settings as they are written now.
PluginConf confOf(const std::filesystem::path& folder, const std::string& id,
                  const Variables& variables) {
  const auto file = folder / (id + ".properties");
  std::error_code error;
  if (!isPluginId(id) || !std::filesystem::exists(file, error)) {
    throw Error::notFound("NOT_FOUND", fmt::format("No plugin '{}' is configured: there is no {}.",
                                                   id, isPluginId(id) ? file.string() : "such id"));
  }
  return readPluginConf(file, variables);
}

}  // namespace

void ServingHost::countCapabilityCall(const CapabilityRecord& call) {
  auto& family = call.kind == EntryKind::Ask ? capability_asks_ : capability_calls_;
  family.histogram({call.capability, call.call, call.caller, call.outcome})
      .observe(std::chrono::duration<double>(call.duration).count());
}

/// Its store is nobody's then: a home without the plugin answers.
ClosedJobs ServingHost::closedJobs() {
  return
      [this](const std::string& plugin, const std::string& request) -> std::optional<std::string> {
        if (has_elder_) return std::nullopt;
        return supervisor_.askClosedJobs(plugin, request);
      };
}

PluginVerbs ServingHost::pluginVerbs() {
  PluginVerbs verbs;
  verbs.reload = [this](const std::string& id, const PluginChangeOptions& options) {
    return renewPlugin(id, options, false);
  };
  verbs.enable = [this](const std::string& id, const PluginChangeOptions& options) {
    return renewPlugin(id, options, true);
  };
  verbs.disable = [this](const std::string& id, const PluginChangeOptions& options) {
    requireReady();
    PluginChange change = supervisor_.disable(id, patienceFor(id, options.patience));
    registry_.remove(id, milliseconds{0});
    logPluginChange(change);
    return change;
  };
  verbs.release = [this](const std::string& id, const PluginChangeOptions&) {
    requireReady();
    PluginChange change = supervisor_.release(id);
    logPluginChange(change);
    return change;
  };
  return verbs;
}

/// An operator who enables it knows what its settings file says of that, which counts at the next
/// start.
PluginChange ServingHost::renewPlugin(const std::string& id, const PluginChangeOptions& options,
                                      bool enable) {
  requireReady();
  const auto running = live_.current();
  PluginConf conf = confOf(settings_.paths.plugin_conf_dir, id, running->variables());
  if (enable) {
    const auto known = supervisor_.find(id);
    if (known && known->home()) {
      throw Error::conflict(
          "PLUGIN_ENABLED",
          fmt::format("'{}' is enabled already; reload takes over what is new.", id));
    }
    conf.enabled = true;
  }
  const auto patience = patienceFor(id, options.patience);
  PluginChange change =
      options.pause ? supervisor_.reloadPaused(std::move(conf), running->variables(), patience)
                    : supervisor_.reload(std::move(conf), running->variables(), patience);
  if (change.succeeded()) live_.retake(id);
  logPluginChange(change);
  // it was put back as it was, or was not: neither is nothing
  if (!change.succeeded() && !change.kept_store.empty())
    audit_.record(options.by, {"plugin.pause", "plugin:" + id, {}, pluginChangeJson(change)});
  return change;
}

/// The host reads its own store, and no other one.
data::BackupOrder ServingHost::backup(const std::filesystem::path& directory) {
  data::BackupOrder order = backupOrder(configuration_, directory);
  for (auto& store : order.stores) {
    if (store.owner == "host") continue;
    store.take_moment = [this, owner = store.owner] {
      return supervisor_.bareStore(owner)->takeMoment();
    };
  }
  return order;
}

void ServingHost::requireReady() const {
  if (state_.phase() != health::Phase::Ready) {
    throw Error::conflict("HOST_NOT_READY",
                          "The host is starting or stopping; try again when it is ready.");
  }
  if (!alone_) {
    throw Error::conflict("HOST_TAKEN_OVER",
                          "Two hosts work on the stores until one has taken the other's place; ask "
                          "again then.");
  }
}

milliseconds ServingHost::patienceFor(const std::string& id,
                                      std::optional<milliseconds> asked) const {
  if (asked) return *asked;
  const auto compartment = supervisor_.find(id);
  return std::min(compartment ? compartment->deadline() : milliseconds{0}, kPluginPatienceMax);
}

}  // namespace bulkhead::host
