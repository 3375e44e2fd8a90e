#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/egress/fault_peer.hpp"

namespace bulkhead::integration {

/// What stands-in for the vendors give as tokens and take as credentials; no log line and no body
/// may hold it.
constexpr std::string_view kVendorSecret = "secret-canary-5e0b7c1d";

/// What a vendor's plugin is asked, and what its service answers when it is well.
struct Vendor {
  std::string id;
  std::string route;
  std::function<std::string(int)> body;  ///< of the n-th request
  int success = 201;
  std::function<std::string(std::string_view request)> answer;
  /// Codes for the faults that vendors do not name alike: a 5xx, and an answer that is none.
  std::string failed = "PROVIDER_AMBIGUOUS";
  std::string garbage = "PROVIDER_AMBIGUOUS";
  /// Of an answer that has no end; what only reads, or may be done twice, was just not done.
  std::string endless = "PROVIDER_AMBIGUOUS";
};

const std::vector<Vendor>& vendors();

/// A token, as Google gives them.
std::string vendorToken();
/// Answers each request of a connection; tokens are always given.
host::egress::test::FaultPeer::Script answering(
    std::function<std::string(std::string_view)> answer);

/// The vendors' services, each on a TLS port of loopback that stays the same, all well at first.
class VendorServices {
 public:
  VendorServices();

  void close(const std::string& vendor) { peers_.erase(vendor); }
  void open(const std::string& vendor, host::egress::test::FaultPeer::Script script,
            host::egress::test::FaultPeer::Skin skin = host::egress::test::FaultPeer::Skin::Tls,
            bool is_stranger = false);
  std::string url(const std::string& vendor) const;
  std::filesystem::path authorities() const { return identity_.certificate; }

 private:
  const host::test::CertificateFolder folder_;
  const host::test::PemFiles identity_;
  const host::test::PemFiles stranger_;
  std::map<std::string, std::uint16_t> ports_;
  std::map<std::string, std::unique_ptr<host::egress::test::FaultPeer>> peers_;
};

}  // namespace bulkhead::integration
