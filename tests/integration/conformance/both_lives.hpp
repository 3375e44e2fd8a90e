#pragma once

#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {

/// A host whose plugin lives in one of its two lives, and what was told there since reset().
class Life {
 public:
  Life(std::string isolation, std::string plugin);

  const std::string& name() const { return isolation_; }
  bool isWorker() const { return isolation_ == "worker"; }
  bool isReady() const { return ready_; }
  HostProcess& host() { return *host_; }
  const HostFolder& folder() const { return folder_; }
  /// The plugin's own process; 0 when it lives in the host's.
  pid_t workerId() const;

  /// Below /api/PLUGIN/v1, with a key and a tenant. The ids of the n-th request since reset()
  /// are the same in each life; what is answered is told.
  HttpAnswer get(std::string_view path, const Fields& headers = {}) {
    return send("GET", path, {}, headers);
  }
  HttpAnswer post(std::string_view path, std::string_view body, const Fields& headers = {}) {
    return send("POST", path, body, headers);
  }
  HttpAnswer send(std::string_view method, std::string_view path, std::string_view body,
                  const Fields& headers = {});
  /// The same without a credential.
  HttpAnswer getPublic(std::string_view path, const Fields& headers = {});
  /// The answer of the probe of that member, which has to be there.
  nlohmann::json probe(std::string_view of, std::string_view member);

  /// Anything else that has to be equal in both lives.
  void tell(std::string_view what, const nlohmann::json& told);
  /// The lines of the log whose message begins so, without what is of the moment.
  std::vector<nlohmann::json> logLines(std::string_view message_begin) const;

  void reset(std::string_view test);
  const std::vector<std::string>& transcript() const { return transcript_; }
  /// The X-Request-Id of the request that was sent last.
  const std::string& lastId() const { return last_id_; }

 private:
  HttpAnswer tellAnswer(std::string_view what, HttpAnswer answer);
  Fields nextIds();
  std::string steady(std::string text) const;

  const std::string isolation_;
  const std::string plugin_;
  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  bool ready_ = false;
  std::string tenant_;
  std::string test_;
  std::size_t requests_ = 0;
  std::string last_id_;
  std::vector<std::string> transcript_;
};

/// Tests that run once in each life of the plugin. Beside what they expect, all that was told has
/// to be the same in both: the plugin cannot tell where it lives, and nor can its clients.
class BothLives : public testing::Test {
 protected:
  static void SetUpTestSuite() { begin("conformance"); }
  /// With another plugin.
  static void begin(const std::string& plugin);
  static void TearDownTestSuite();

  void inBothLives(const std::function<void(Life&)>& body);
  static Life& inProcess() { return *lives_[0]; }
  static Life& worker() { return *lives_[1]; }

 private:
  inline static std::string plugin_;
  inline static std::array<std::unique_ptr<Life>, 2> lives_;
};

}  // namespace bulkhead::integration
