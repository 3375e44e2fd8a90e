#include "app/host_listeners.hpp"

#include <Poco/Net/SocketAddress.h>
#include <algorithm>
#include <utility>

#include "app/data_folder.hpp"

namespace bulkhead::host {
namespace {

using Audience = Service::Audience;

constexpr std::uint16_t kCompatiblePort = 3000;

class Opening {
 public:
  Opening(const HostSettings& settings, unsigned loops, std::vector<InheritedListener> inherited)
      : settings_{settings}, loops_{loops}, inherited_{std::move(inherited)} {}

  std::vector<HostListener> open() {
    if (!takePassed(Audience::Public)) openPublic();
    if (!takePassed(Audience::Management)) openManagement();
    openUnix(Audience::Administration, settings_.paths.data_dir / kAdminSocket, 0600);
    return std::move(opened_);
  }

 private:
  Service serviceOf(Audience audience, bool is_unix) const {
    const bool is_public = audience == Audience::Public;
    return {audience, is_public && !is_unix && settings_.tls.isOn(),
            is_public && settings_.server.proxy_protocol};
  }

  void add(Audience audience, Listener listener) {
    const Service service = serviceOf(audience, listener.port == 0);
    opened_.push_back({service, false, std::move(listener)});
  }

  void add(InheritedListener inherited) {
    const Service service = serviceOf(inherited.audience, inherited.listener.port == 0);
    opened_.push_back(
        {service, inherited.by_service_manager, std::move(inherited.listener), inherited.place});
  }

  bool takePassed(Audience audience) {
    bool found = false;
    for (InheritedListener& one : inherited_) {
      if (!one.by_service_manager || one.audience != audience) continue;
      add(std::move(one));
      found = true;
    }
    return found;
  }

  void openPublic() {
    const auto& server = settings_.server;
    std::uint16_t port = server.port;
    for (const auto& address : server.bind_addresses) {
      openTcp(Audience::Public, address, port);
      port = opened_.back().listener.port;  // where any free one is wanted, one for all
    }
    if (server.compat_listen_3000) {
      for (const auto& address : server.bind_addresses)
        openTcp(Audience::Public, address, kCompatiblePort);
    }
    if (!server.unix_socket.empty())
      openUnix(Audience::Public, server.unix_socket, server.unix_socket_mode);
  }

  void openManagement() {
    const auto& server = settings_.server;
    if (server.management_port != 0)
      openTcp(Audience::Management, server.management_address, server.management_port);
  }

  void openTcp(Audience audience, const std::string& address, std::uint16_t port) {
    const Poco::Net::SocketAddress wanted{address, port};
    const bool handed = takeHanded(audience, [&](const Listener& listener) {
      if (listener.port == 0 || (port != 0 && listener.port != port)) return false;
      return Poco::Net::SocketAddress{listener.address}.host() == wanted.host();
    });
    if (handed) return;
    const bool v6_only = settings_.server.bind_addresses.size() > 1;
    add(audience, listenTcp(address, port, loops_, v6_only));
  }

  void openUnix(Audience audience, const std::filesystem::path& path, mode_t mode) {
    const bool handed = takeHanded(audience, [&](const Listener& listener) {
      return listener.port == 0 && listener.address == path.native();
    });
    if (!handed) add(audience, listenUnix(path, mode));
  }

  template <typename Fits>
  bool takeHanded(Audience audience, const Fits& fits) {
    const auto found =
        std::find_if(inherited_.begin(), inherited_.end(), [&](const InheritedListener& one) {
          return !one.by_service_manager && one.audience == audience && fits(one.listener);
        });
    if (found == inherited_.end()) return false;
    add(std::move(*found));
    inherited_.erase(found);
    return true;
  }

  const HostSettings& settings_;
  const unsigned loops_;
  std::vector<InheritedListener> inherited_;
  std::vector<HostListener> opened_;
};

}  // namespace

std::vector<HostListener> openListeners(const HostSettings& settings, unsigned loops,
                                        std::vector<InheritedListener> inherited) {
  return Opening{settings, loops, std::move(inherited)}.open();
}

const char* nameOf(const Service& service) {
  switch (service.audience) {
    case Audience::Management:
      return "management";
    case Audience::Administration:
      return "admin";
    case Audience::Public:
      break;
  }
  return service.tls ? "https" : "http";
}

}  // namespace bulkhead::host
