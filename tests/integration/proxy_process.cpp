#include "proxy_process.hpp"

#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "http_client.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using Kind = ProxyProcess::Kind;

constexpr std::string_view kNginx = R"(daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/proxy.err info;
events {{}}
http {{
  log_format seen escape=none '$request_method\t$request_uri\t$status\t$upstream_addr';
  access_log {folder}/proxy.log seen;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/answer;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream host {{ server 127.0.0.1:{host}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{port};
    client_header_timeout 2s;
    client_body_timeout 2s;
    location / {{
      proxy_pass http://host;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }}
  }}
}}
)";

constexpr std::string_view kHaproxy = R"(global
  log stdout format raw local0 info
defaults
  mode http
  log global
  log-format "%HM\t%HU\t%ST\t%s"
  timeout connect 2s
  timeout client 2s
  timeout server 5s
  timeout http-request 2s
frontend in
  bind 127.0.0.1:{port}
  default_backend host
backend host
  http-reuse always
  server one 127.0.0.1:{host}
)";

constexpr std::string_view kCaddy = R"({{
  admin off
  auto_https off
  servers {{
    timeouts {{
      read_body 2s
      read_header 2s
    }}
  }}
}}
http://:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{host}
  log {{
    output file {folder}/proxy.log
    format json
  }}
}}
)";

std::string configurationOf(Kind kind, const fs::path& folder, std::uint16_t port,
                            std::uint16_t host) {
  const std::string_view text = kind == Kind::Nginx     ? kNginx
                                : kind == Kind::Haproxy ? kHaproxy
                                                        : kCaddy;
  return fmt::format(fmt::runtime(text), fmt::arg("folder", folder.string()),
                     fmt::arg("port", port), fmt::arg("host", host));
}

std::vector<std::string> wordsOf(Kind kind, const std::string& file) {
  if (kind == Kind::Nginx) return {"-c", file, "-e", "stderr"};
  if (kind == Kind::Haproxy) return {"-f", file, "-db"};
  return {"run", "--config", file, "--adapter", "caddyfile"};
}

int numberOf(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// A line with tabs between; nothing for what no server of the host's got.
std::optional<SeenRequest> seenIn(const std::string& line) {
  std::istringstream columns{line};
  std::string method, url, status, server;
  std::getline(columns, method, '\t');
  std::getline(columns, url, '\t');
  std::getline(columns, status, '\t');
  std::getline(columns, server);
  if (server.empty() || server == "-" || server == "<NOSRV>") return std::nullopt;
  return SeenRequest{method, pathOf(url), numberOf(status)};
}

/// Caddy logs the target as it came, and hands on its path with what no URI has encoded.
std::string handedOnByCaddy(std::string target) {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    const auto path = target.find('/', kScheme.size());
    target = path == std::string::npos ? "/" : target.substr(path);
  }
  std::string encoded;
  for (const char byte : target) {
    const bool plain = byte > ' ' && byte < '\x7f' && std::strchr("#\"<>\\^`{|}", byte) == nullptr;
    encoded += plain ? std::string{byte} : fmt::format("%{:02X}", static_cast<unsigned char>(byte));
  }
  return encoded;
}

std::optional<SeenRequest> seenInJson(const std::string& line) {
  const auto entry = nlohmann::json::parse(line, nullptr, false);
  if (!entry.is_object() || !entry.contains("request")) return std::nullopt;
  const auto& request = entry.at("request");
  return SeenRequest{request.value("method", ""), pathOf(handedOnByCaddy(request.value("uri", ""))),
                     entry.value("status", 0)};
}

}  // namespace

std::string pathOf(std::string_view url) {
  return std::string{url.substr(0, url.find('?'))};
}

fs::path ProxyProcess::programOf(Kind kind) {
  if (kind == Kind::Nginx) return "/usr/sbin/nginx";
  return kind == Kind::Haproxy ? "/usr/sbin/haproxy" : "/usr/bin/caddy";
}

ProxyProcess::ProxyProcess(Kind kind, const fs::path& folder, std::uint16_t host_port)
    : kind_{kind},
      port_{TakenPort{}.number()},
      log_{folder / "proxy.log"},
      errors_{folder / "proxy.err"} {
  const fs::path file = folder / "proxy.conf";
  std::ofstream{file} << configurationOf(kind, folder, port_, host_port);
  const fs::path output = kind == Kind::Haproxy ? log_ : folder / "proxy.out";
  program_ = std::make_unique<ChildProgram>(
      ChildProgram::Start{programOf(kind),
                          wordsOf(kind, file.string()),
                          {{"PATH", "/usr/bin:/bin"}, {"HOME", folder.string()}},
                          folder,
                          output,
                          errors_});
}

std::vector<SeenRequest> ProxyProcess::forwarded() const {
  std::vector<SeenRequest> seen;
  std::istringstream lines{logText()};
  for (std::string line; std::getline(lines, line);) {
    auto request = kind_ == Kind::Caddy ? seenInJson(line) : seenIn(line);
    if (request) seen.push_back(*std::move(request));
  }
  return seen;
}

}  // namespace bulkhead::integration
