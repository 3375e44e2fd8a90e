#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/secret.hpp"

namespace bulkhead::host {

enum class Environment { Development, Production, Test };

/// Every setting of the host as it holds, read once at start. What each one is for, its bounds and
/// its default stand in `hostDeclarations()` and in conf/bulkhead.properties.
struct HostSettings {
  struct Server {
    Environment environment = Environment::Development;
    std::string service_name;
    std::string version;                      ///< empty: the version of the build
    std::vector<std::string> bind_addresses;  ///< IP literals or "localhost"; at least one
    std::uint16_t port = 0;                   ///< 0: any free port
    bool compat_listen_3000 = false;          ///< never together with a port that was given
    std::uint16_t management_port = 0;        ///< 0: no second listener
    std::string management_address;           ///< IP literal or "localhost"
    std::filesystem::path unix_socket;        ///< empty: none
    unsigned unix_socket_mode = 0;
    bool proxy_protocol = false;
    std::int64_t shutdown_delay_ms = 0;
    std::int64_t drain_timeout_ms = 0;
    std::int64_t memory_limit_mb = 0;  ///< 0: what the machine or its cgroup allows
    bool exit_on_unhandled = false;
    std::int64_t crash_records = 0;  ///< 0: none are written
  };
  struct Tls {
    std::filesystem::path certificate;  ///< empty: the port speaks in clear
    std::filesystem::path key;          ///< given together with it

    bool isOn() const noexcept { return !certificate.empty(); }
  };
  struct Limits {
    std::int64_t request_line_bytes = 0;
    std::int64_t head_bytes = 0;
    std::int64_t header_fields = 0;
    std::int64_t body_bytes = 0;
    std::int64_t requests_bytes = 0;
    std::int64_t answers_bytes = 0;
    std::int64_t connections = 0;  ///< 0: half of the descriptors that the process may have
    std::int64_t connections_per_address = 0;
    std::int64_t requests_per_connection = 0;
    std::int64_t pipelined_requests = 0;
    std::int64_t handshake_timeout_ms = 0;
    std::int64_t head_timeout_ms = 0;
    std::int64_t body_timeout_ms = 0;
    std::int64_t body_grace_ms = 0;
    std::int64_t body_bytes_per_second = 0;
    std::int64_t idle_timeout_ms = 0;
    std::int64_t write_timeout_ms = 0;
    std::int64_t write_bytes_per_second = 0;
  };
  /// Requests; 0: no limit.
  struct RateLimits {
    std::int64_t per_minute = 0;
    std::int64_t per_hour = 0;
    std::int64_t address_per_minute = 0;
    std::int64_t address_per_hour = 0;
    std::int64_t refused_per_minute = 0;
    std::int64_t clients = 0;
  };
  struct Paths {
    std::filesystem::path data_dir;
    std::filesystem::path plugin_dir;  ///< empty: `../plugins` beside the folder of the program
    std::filesystem::path plugin_conf_dir;
    std::string plugin_isolation;  ///< "worker" or "inprocess"
  };
  struct Database {
    Secret url;                     ///< "sqlite:DIR" or "postgresql://..."; never empty
    std::int64_t sessions_min = 0;  ///< of PostgreSQL, as what follows
    std::int64_t sessions_max = 0;
    std::int64_t idle_timeout_ms = 0;
    std::int64_t checkout_timeout_ms = 0;
    std::int64_t connect_timeout_ms = 0;
  };
  struct Redis {
    bool wanted = false;  ///< somebody said where it is
    std::string host;
    std::uint16_t port = 0;
    std::filesystem::path unix_socket;  ///< empty: host and port
    std::string user;                   ///< empty: the default one
    Secret password;
    std::int64_t database = 0;
    bool tls = false;
    std::filesystem::path ca_file;  ///< empty: the system's
    std::string prefix;             ///< of every key
    std::int64_t timeout_ms = 0;
  };
  struct Egress {
    std::vector<std::string> allow_networks;
    bool plain_http = false;
    std::filesystem::path ca_file;  ///< empty: the system's
    std::int64_t timeout_ms = 0;
    std::int64_t connect_timeout_ms = 0;
    std::int64_t idle_timeout_ms = 0;
    std::int64_t body_bytes = 0;
    std::int64_t connections_per_host = 0;
    std::int64_t requests = 0;
  };
  struct Messages {
    std::int64_t keep_events_ms = 0;
    std::int64_t keep_bodies_ms = 0;
    std::int64_t keep_keys_ms = 0;
  };
  struct Jobs {
    std::int64_t keep_finished_ms = 0;
    std::int64_t keep_dead_ms = 0;
  };
  struct Logging {
    std::string level;           ///< debug, info, warn, error or fatal
    std::filesystem::path file;  ///< empty: standard output alone
  };
  struct Monitoring {
    std::int64_t slow_request_ms = 0;  ///< a warning in the log
    std::int64_t slow_api_ms = 0;      ///< membership of /slow-apis
    std::int64_t slow_query_ms = 0;
    std::vector<std::string> allow_cidrs;
    std::int64_t stall_after_ms = 0;
    std::vector<std::string> readiness_require;  ///< names of checks
    std::string health_details;                  ///< never, when-authorized or always
  };
  struct Security {
    Secret api_key;  ///< empty: no bootstrap key
    bool api_key_allow_short = false;
    std::int64_t auth_stale_max_ms = 0;  ///< how long keys count that the database cannot confirm
    Secret jwt_secret;                   ///< empty in development when none was given
    Secret session_secret;               ///< as jwt_secret
    std::vector<std::string> frontend_urls;
    std::vector<std::string> trusted_proxies;
    std::string hsts;              ///< always, tls-only or off
    std::string x_xss_protection;  ///< the header's value, or "off"
  };

  Server server;
  Tls tls;
  Limits limits;
  RateLimits rate_limits;
  Paths paths;
  Database database;
  Redis redis;
  Egress egress;
  Messages messages;
  Jobs jobs;
  Logging logging;
  Monitoring monitoring;
  Security security;

  bool isProduction() const noexcept { return server.environment == Environment::Production; }
};

}  // namespace bulkhead::host
