#include <gtest/gtest.h>
#include <string>

#include "host/runtime/silent_sinks.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/home_settings.hpp"
#include "plugins/library.hpp"
#include "plugins/manifest.hpp"

namespace bulkhead::host {
namespace {

/// One plugin file in the real runtime.
class Running {
 public:
  explicit Running(const std::string& file, HomeSettings overrides = {})
      : library_{PluginLibrary::load(file)},
        home_{library_.table(),
              options(file, std::move(overrides)),
              {clock_, log_, metrics_, nullptr}} {
    home_.create();
    home_.start();
  }

  HttpResponse get(const std::string& name) {
    HttpRequest request;
    request.method = "GET";
    request.path = home_.routes().at(0)->path;
    request.path_parameters = {{"name", name}};
    return home_.handle(*home_.routes().at(0), request,
                        std::chrono::steady_clock::now() + std::chrono::seconds{5});
  }
  PluginHome& home() { return home_; }

 private:
  static HomeOptions options(const std::string& file, HomeSettings overrides) {
    const auto manifest = Manifest::parse(readPluginNotes(readPluginFile(file)).manifest, file);
    HomeOptions options;
    options.plugin = manifest.id;
    options.settings = homeSettings(manifest.settings, {});
    for (auto& [name, value] : overrides) options.settings[name] = std::move(value);
    return options;
  }

  SystemClock clock_;
  SilentLog log_;
  SilentMetrics metrics_;
  PluginLibrary library_;
  PluginHome home_;
};

constexpr const char* kC = BULKHEAD_BUILD_DIR "/test-plugins/c-greeter.so";
/// Built against the waist of version 1.0.
constexpr const char* kOldC = BULKHEAD_BUILD_DIR "/hostile/c-greeter.so";
constexpr const char* kCxx = BULKHEAD_BUILD_DIR "/plugins/greeter.so";

TEST(Waist, APluginInPlainCAnswersAsOneInCxxDoes) {
  Running c{kC};
  EXPECT_EQ(c.get("Ann").status, 200);
  EXPECT_EQ(c.get("Ann").body, R"({"hello":"hello Ann"})");
  Running cxx{kCxx};
  EXPECT_EQ(cxx.get("Ann").status, 200);
  EXPECT_EQ(cxx.get("Ann").body, R"({"hello":"Ann"})");
}

// Goal: a plugin of the first version loads and answers. Method: the same source, against the
// header of that time; the control is that it knows less than this host gives.
TEST(Waist, APluginThatWasBuiltForItsFirstVersionAnswersAsBefore) {
  EXPECT_EQ(PluginLibrary::load(kOldC).table().abi_minor, 0);
  EXPECT_NE(PluginLibrary::load(kC).table().abi_minor, 0);
  Running old{kOldC, {{"greeting", std::string{"moin"}}}};
  EXPECT_EQ(old.get("Ann").body, R"({"hello":"moin Ann"})");
  EXPECT_NE(old.get("\"").body.find("\"STRANGE_NAME\""), std::string::npos);
  EXPECT_EQ(old.home().checkHealth(old.home().contributors().at(0),
                                   std::chrono::steady_clock::now() + std::chrono::seconds{5}),
            R"({"status":"healthy"})");
}

TEST(Waist, SettingsReachBoth) {
  Running c{kC, {{"greeting", std::string{"moin"}}}};
  EXPECT_EQ(c.get("Ann").body, R"({"hello":"moin Ann"})");
  Running cxx{kCxx, {{"max_length", std::int64_t{3}}}};
  EXPECT_EQ(cxx.get("Ann").status, 200);
  EXPECT_EQ(cxx.get("Anna").status, 422);
}

TEST(Waist, RefusalsOfBothBecomeTheSameErrorBody) {
  Running c{kC};
  const HttpResponse refused = c.get("\"");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("\"STRANGE_NAME\""), std::string::npos);
  Running cxx{kCxx, {{"max_length", std::int64_t{1}}}};
  EXPECT_NE(cxx.get("Anna").body.find("\"NAME_TOO_LONG\""), std::string::npos);
}

TEST(Waist, AContributorInPlainCIsAsked) {
  Running c{kC};
  ASSERT_EQ(c.home().contributors().size(), 1U);
  EXPECT_EQ(c.home().checkHealth(c.home().contributors()[0],
                                 std::chrono::steady_clock::now() + std::chrono::seconds{5}),
            R"({"status":"healthy"})");
}

}  // namespace
}  // namespace bulkhead::host
