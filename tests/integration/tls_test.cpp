#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "host/http/certificates.hpp"
#include "host/http/tls_client.hpp"
#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using host::test::CertificateFolder;
using host::test::PemFiles;
using host::test::TlsClient;
using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kExitConfiguration = 78;
constexpr std::string_view kQuick = "GET /health/quick HTTP/1.1\r\nHost: localhost\r\n\r\n";

class Tls : public testing::Test {
 protected:
  void configure(const PemFiles& files, std::string_view more = {}) const {
    folder_.writeConfiguration(fmt::format("tls.certificate = {}\ntls.key = {}\n{}",
                                           files.certificate.string(), files.key.string(), more));
  }
  /// What a running host says of its certificate to a client that comes now.
  static std::string subjectAt(const HostProcess& host) { return TlsClient{host.port()}.subject(); }
  static json reload(const HostProcess& host) {
    host.awaitLogLine([](const json& line) { return line.value("message", "") == "Ready"; });
    host.signal(SIGHUP);
    return host.awaitLogLine([](const json& line) {
      return line.value("message", "").starts_with("Configuration reload");
    });
  }

  const HostFolder folder_;
  CertificateFolder certificates_;
};

TEST_F(Tls, TheToolsOfTheTradeAreServed) {
  const PemFiles files = certificates_.make("localhost");
  configure(files);
  HostProcess host{folder_};
  ASSERT_EQ(host.portFor("https"), host.port());
  const auto curl = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--silent", "--show-error", "--max-time", "5", "--cacert",
                               files.certificate.string(),
                               fmt::format("https://localhost:{}/health/quick", host.port())});
    return folder_.runProgram("/usr/bin/curl", words);
  };
  for (const char* version : {"--tlsv1.3", "--tlsv1.2"}) {
    const CommandEnd end =
        curl({version, "--http2", "--write-out", " %{http_version} %{http_code}"});
    EXPECT_EQ(end.code, 0) << end.errors;
    EXPECT_THAT(end.output, HasSubstr(" 1.1 200"));
  }
  EXPECT_NE(curl({"--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0"}).code, 0);
  const CommandEnd seen = folder_.runProgram(
      "/usr/bin/openssl", {"s_client", "-connect", fmt::format("localhost:{}", host.port()),
                           "-alpn", "http/1.1", "-CAfile", files.certificate.string(), "-brief"});
  EXPECT_THAT(seen.errors, HasSubstr("Verification: OK"));
  EXPECT_THAT(seen.errors, HasSubstr("TLSv1.3"));
  EXPECT_EQ(host.client().get("/health/quick").errorCode(), "TLS_REQUIRED");
  EXPECT_EQ(folder_
                .run({"probe", "live", "--config", folder_.configuration().string()},
                     {{"PORT", std::to_string(host.port())}})
                .code,
            0)
      << "by the admin socket";
  EXPECT_EQ(host.stop(), 0);
}

// Goal: a renewed certificate is taken over without a restart and without a failed request. Method:
// clients that keep their connection, and clients that make a new one for each request, over three
// renewals under the same names.
TEST_F(Tls, AReloadTakesTheRenewedCertificateAndFailsNoRequest) {
  const PemFiles files = certificates_.make("served");
  configure(files);
  HostProcess host{folder_};
  ASSERT_EQ(subjectAt(host), "served");
  std::atomic<bool> ended{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  const auto count = [&](TlsClient& client) {
    const bool good = client.isConnected() && client.send(kQuick) &&
                      client.readUntil("\r\n\r\n{").find(" 200 ") != std::string::npos;
    ++(good ? answered : failed);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      TlsClient kept{host.port()};
      while (!ended) {
        count(kept);
        kept.readUntil("}");
      }
    });
    threads.emplace_back([&] {
      while (!ended) {
        TlsClient fresh{host.port()};
        count(fresh);
      }
    });
  }
  for (const char* name : {"second", "third", "fourth"}) {
    const PemFiles renewed = certificates_.make(name);
    std::filesystem::rename(renewed.key, files.key);
    std::filesystem::rename(renewed.certificate, files.certificate);
    const int before = answered;
    reload(host);
    EXPECT_TRUE(await([&] { return subjectAt(host) == name; })) << host.logText();
    EXPECT_TRUE(await([&] { return answered > before + 20; }));
  }
  ended = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_THAT(host.logText(), HasSubstr("TLS certificate renewed"));
  EXPECT_EQ(host.stop(), 0);
}

TEST_F(Tls, AFailedReloadKeepsTheOldOneAndSaysWhy) {
  const PemFiles files = certificates_.make("served");
  const PemFiles other = certificates_.make("other");
  configure(files);
  HostProcess host{folder_};
  ASSERT_TRUE(await([&] { return subjectAt(host) == "served"; }));
  std::filesystem::rename(other.key, files.key);
  const json report = reload(host);
  EXPECT_EQ(report.value("outcome", ""), "refused") << report;
  EXPECT_THAT(host.logText(), HasSubstr("does not belong to tls.certificate"));
  EXPECT_EQ(subjectAt(host), "served");
  EXPECT_EQ(host.stop(), 0);
}

TEST_F(Tls, WhatIsWrongWithTheFilesIsSaidAtOnceAndEndsIt) {
  const PemFiles files = certificates_.make("served");
  const auto refusal = [&](const PemFiles& pair) {
    configure(pair);
    HostProcess host{folder_};
    EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration);
    const CommandEnd check =
        folder_.run({"config", "check", "--config", folder_.configuration().string()});
    EXPECT_EQ(check.code, kExitConfiguration) << check.output;
    return host.errorText();
  };
  EXPECT_THAT(refusal({files.certificate, certificates_.make("other").key}),
              HasSubstr("does not belong"));
  EXPECT_THAT(refusal({certificates_.path() / "none.pem", files.key}), HasSubstr("none.pem"));
  chmod(files.key.c_str(), 0644);
  EXPECT_THAT(refusal(files), HasSubstr("chmod 600 " + files.key.string()));
  folder_.writeConfiguration("tls.certificate = " + files.certificate.string() + "\n");
  HostProcess half{folder_};
  EXPECT_EQ(half.awaitEnd(seconds{9}), kExitConfiguration);
  EXPECT_THAT(half.errorText(), HasSubstr("TLS_KEY"));
}

TEST_F(Tls, ACertificateThatEndsSoonIsDegradedHealthAndAMetric) {
  configure(certificates_.make("ending", 3), "server.management_port = 0\n");
  HostProcess host{folder_};
  const auto ask = [&](const std::string& path) {
    return folder_
        .runProgram("/usr/bin/curl", {"--silent", "--insecure", "--max-time", "5",
                                      fmt::format("https://localhost:{}{}", host.port(), path)})
        .output;
  };
  EXPECT_TRUE(await([&] {
    return ask("/health?details=true").find("The TLS certificate ends on") != std::string::npos;
  })) << ask("/health?details=true");
  EXPECT_THAT(ask("/metrics"), HasSubstr("tls_certificate_expiry_timestamp_seconds 1"));
  EXPECT_EQ(host.stop(), 0);
}

TEST_F(Tls, C24_HstsForTlsAloneIsSentOverTlsAlone) {
  configure(certificates_.make("served"));
  HostProcess secure{folder_, {{"HSTS", "tls-only"}}};
  TlsClient client{secure.port()};
  client.send(kQuick);
  EXPECT_THAT(client.readUntil("\r\n\r\n"), HasSubstr("Strict-Transport-Security: max-age="));
  EXPECT_EQ(secure.stop(), 0);
  folder_.writeConfiguration("");
  HostProcess plain{folder_, {{"HSTS", "tls-only"}, {"TRUSTED_PROXIES", "127.0.0.1"}}};
  const auto sent = [&](const Fields& headers) {
    return plain.client().get("/health/quick", headers).has("strict-transport-security");
  };
  EXPECT_FALSE(sent({}));
  EXPECT_TRUE(sent({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}}));
  EXPECT_FALSE(sent({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "http"}}));
  EXPECT_EQ(plain.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
