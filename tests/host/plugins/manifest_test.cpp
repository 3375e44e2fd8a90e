#include "plugins/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include "host/plugins/plugin_files.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

json minimal() {
  return {{"id", "shop"}, {"version", "1.2.3"}, {"api", "1"}, {"summary", "Sells things."}};
}

std::string refusal(const std::string& text) {
  return test::refusalOf([&] { Manifest::parse(text, "shop.so"); });
}
std::string refusalOf(const json& document) {
  return refusal(document.dump());
}

/// The refusal of a manifest that differs in one member.
std::string with(const char* pointer, const json& value) {
  json document = minimal();
  document[json::json_pointer{pointer}] = value;
  return refusalOf(document);
}

TEST(Manifest, ReadsAllThatItDeclares) {
  json document = minimal();
  document["settings"] = {{"wait", {{"type", "duration_ms"}, {"default", 500}, {"help", "h"}}}};
  document["replaces"] = {"old-shop"};
  document["provides"] = {"payments/1"};
  document["wants"] = {{"voice/2", "required"}, {"calendar/1", "optional"}};
  document["queues"] = {"report-generation"};
  document["limits"] = {{"threads", 4}, {"queue", 64}, {"deadline_ms", 5000}};
  document["store"] = true;
  document["schema"] = {{"min", 2}, {"max", 3}};
  document["service"] = "googleCalendar";
  const Manifest manifest = Manifest::parse(document.dump(), "shop.so");
  EXPECT_EQ(manifest.id, "shop");
  ASSERT_EQ(manifest.settings.size(), 1U);
  EXPECT_EQ(manifest.settings[0].default_text, "500");
  EXPECT_EQ(manifest.replaces[0], "old-shop");
  EXPECT_EQ(manifest.provides[0].text(), "payments/1");
  ASSERT_EQ(manifest.wants.size(), 2U);
  EXPECT_FALSE(manifest.wants[0].required);
  EXPECT_EQ(manifest.wants[1].capability, (Capability{"voice", 2}));
  EXPECT_TRUE(manifest.wants[1].required);
  EXPECT_EQ(manifest.queues[0], "report-generation");
  EXPECT_EQ(manifest.limits.threads, 4);
  EXPECT_EQ(manifest.limits.deadline_ms, 5000);
  EXPECT_EQ(manifest.schema->max, 3);
  EXPECT_EQ(manifest.service, "googleCalendar");
  EXPECT_EQ(refusalOf(minimal()), "");
}

TEST(Manifest, NamesEachProblemWithFilePointerValueAndExpectation) {
  EXPECT_EQ(refusal(R"({"id":"Shop!","version":"1.0","api":"1"})"),
            "shop.so: in its manifest /id is \"Shop!\", expected [a-z][a-z0-9-]{0,62}; "
            "/version is \"1.0\", expected a semantic version, like \"1.0.0\"; "
            "/summary is missing, expected one sentence of at most 300 bytes");
}

TEST(Manifest, RefusesTheHostsOwnIds) {
  for (const char* id : {"host", "admin", "monitoring", "bulkhead"}) {
    EXPECT_THAT(with("/id", id), HasSubstr("an id that the host does not have for itself")) << id;
    EXPECT_THAT(with("/replaces", {id}), HasSubstr("/replaces/0")) << id;
  }
  EXPECT_THAT(with("/replaces", {"{id}"}), HasSubstr("/replaces/0 is \"{id}\""));
  EXPECT_EQ(with("/replaces", {"old-shop", "googleCalendar"}), "");
}

TEST(Manifest, RefusesUnknownMembersWithTheNearestName) {
  EXPECT_THAT(with("/setings", json::object()), HasSubstr("did you mean \"settings\"?"));
  EXPECT_THAT(with("/zzz", 1), HasSubstr("/zzz is unknown, expected one of: id, version"));
  EXPECT_THAT(with("/settings/a", {{"type", "string"}, {"hlep", "x"}}),
              AllOf(HasSubstr("/settings/a/hlep is unknown; did you mean \"help\"?"),
                    HasSubstr("/settings/a/help is missing")));
}

TEST(Manifest, RefusesTextThatLenientReadersPass) {
  EXPECT_THAT(refusal(""), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("the document is [], expected an object"));
  EXPECT_THAT(refusal(R"({"id":"a","id":"b"})"), HasSubstr("gives \"id\" twice"));
  EXPECT_THAT(refusal("{\"id\":\"\xff\"}"), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal(std::string(200'000, '[')), HasSubstr("nested deeper than 32"));
  EXPECT_THAT(refusal(minimal().dump() + "x"), HasSubstr("is not JSON"));
}

TEST(Manifest, ChecksVersionsAsSemverOrgSays) {
  for (const char* good : {"0.0.0", "1.2.3-rc.1", "1.2.3+build.01", "1.0.0-x-y.0+5"}) {
    EXPECT_EQ(with("/version", good), "") << good;
  }
  for (const char* bad : {"1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "v1.2.3",
                          "1.2.3-a..b", "1.2.3 ", "99999999999.0.0"}) {
    EXPECT_THAT(with("/version", bad), HasSubstr("/version is")) << bad;
  }
}

TEST(Manifest, ChecksTheApiAgainstThisHost) {
  EXPECT_EQ(with("/api", "1.0"), "");
  for (const char* bad : {"2", "1.999", "1.", "one", "01"}) {
    EXPECT_THAT(with("/api", bad), HasSubstr("which this host offers")) << bad;
  }
}

TEST(Manifest, ChecksNames) {
  EXPECT_EQ(with("/id", std::string(63, 'a')), "");
  for (const char* bad : {"", "A", "1a", "a_b", "a/b", "a-", "../x", "\u00fc"}) {
    EXPECT_THAT(with("/id", bad), HasSubstr("/id is")) << bad;
  }
  EXPECT_THAT(with("/id", std::string(64, 'a')), HasSubstr("/id is"));
  EXPECT_THAT(with("/service", "Stripe"), HasSubstr("/service is"));
  EXPECT_THAT(with("/queues", {"a", "a"}), HasSubstr("/queues/1 names \"a\" again"));
  for (const char* bad : {"payments", "payments/0", "payments/01", "Payments/1", "a/1/2", "/1"}) {
    EXPECT_THAT(with("/provides", {bad}), HasSubstr("/provides/0 is")) << bad;
  }
  EXPECT_THAT(with("/wants", {{"payments/1", "maybe"}}),
              HasSubstr("/wants/payments~11 is \"maybe\", expected \"required\" or \"optional\""));
}

struct SettingCase {
  const char* setting;
  const char* expected;  ///< part of the refusal; "" when it is accepted
};

class ManifestSetting : public testing::TestWithParam<SettingCase> {};

TEST_P(ManifestSetting, IsChecked) {
  const std::string reason = with("/settings/a", json::parse(GetParam().setting));
  if (*GetParam().expected == '\0') {
    EXPECT_EQ(reason, "") << GetParam().setting;
  } else {
    EXPECT_THAT(reason, HasSubstr(GetParam().expected)) << GetParam().setting;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Declarations, ManifestSetting,
    testing::Values(
        SettingCase{R"({"type":"integer","help":"h","default":5,"min":1,"max":9})", ""},
        SettingCase{R"({"type":"integer","help":"h","default":10,"min":1,"max":9})",
                    "/settings/a/default is 10, expected"},
        SettingCase{R"({"type":"integer","help":"h","default":5.5})", "/default is 5.5, expected"},
        SettingCase{R"({"type":"integer","help":"h","default":"5"})", "/default is \"5\""},
        SettingCase{R"({"type":"integer","help":"h","min":9,"max":1})", "expected at most max"},
        SettingCase{R"({"type":"integer","help":"h","min":"a"})",
                    "/min is \"a\", expected an integer"},
        SettingCase{R"({"type":"number","help":"h","default":0.5,"min":0,"max":0.9})", ""},
        SettingCase{R"({"type":"number","help":"h","default":1,"max":0.9})", "/default is 1"},
        SettingCase{R"({"type":"boolean","help":"h","default":true})", ""},
        SettingCase{R"({"type":"boolean","help":"h","default":1})", "/default is 1"},
        SettingCase{R"({"type":"boolean","help":"h","min":1})", "/min has no meaning for boolean"},
        SettingCase{R"({"type":"duration_ms","help":"h","default":1500})", ""},
        SettingCase{R"({"type":"duration_ms","help":"h","default":"1s"})", "/default is \"1s\""},
        SettingCase{R"({"type":"url","help":"h","default":"https://example.org"})", ""},
        SettingCase{R"({"type":"url","help":"h","default":"no url"})", "/default is \"no url\""},
        SettingCase{R"({"type":"secret","help":"h"})", ""},
        SettingCase{R"({"type":"secret","help":"h","default":"x"})", "a secret has no default"},
        SettingCase{R"({"type":"string","help":"h","default":""})", ""},
        SettingCase{R"({"type":"string","help":"h","default":"x","required":true})",
                    "the setting is required"},
        SettingCase{R"({"type":"enum","help":"h","values":["a","b"],"default":"b"})", ""},
        SettingCase{R"({"type":"enum","help":"h","values":["a","b"],"default":"c"})",
                    "/default is \"c\""},
        SettingCase{R"({"type":"enum","help":"h"})", "/values is missing"},
        SettingCase{R"({"type":"enum","help":"h","values":["a","a"]})", "different texts"},
        SettingCase{R"({"type":"string","help":"h","values":["a"]})", "no meaning but for enum"},
        SettingCase{R"({"type":"strin","help":"h"})", "did you mean \"string\"?"},
        SettingCase{R"({"type":7,"help":"h"})", "/type is 7"},
        SettingCase{R"({"help":"h"})", "/type is missing"},
        SettingCase{R"({"type":"string"})", "/help is missing"},
        SettingCase{R"({"type":"string","help":""})", "/help is \"\""},
        SettingCase{"5", "/settings/a is 5, expected an object"}));

TEST(Manifest, RefusesSettingsThatCannotBeWritten) {
  const json declaration = {{"type", "string"}, {"help", "h"}};
  for (const char* bad : {"A", "a-b", "1a", "a.b"}) {
    EXPECT_THAT(with("/settings", {{bad, declaration}}), HasSubstr("is no name of a setting"));
  }
  for (const char* reserved : {"enabled", "library", "isolation", "required", "limits"}) {
    EXPECT_THAT(with("/settings", {{reserved, declaration}}), HasSubstr("key of the host's own"));
  }
}

TEST(Manifest, ChecksStoreAndSchema) {
  EXPECT_THAT(with("/schema", {{"min", 1}, {"max", 1}}), HasSubstr("\"store\" is not true"));
  json document = minimal();
  document["store"] = true;
  document["schema"] = {{"min", 3}, {"max", 2}};
  EXPECT_THAT(refusalOf(document), HasSubstr("with m <= n"));
  EXPECT_THAT(with("/store", "yes"), HasSubstr("/store is \"yes\", expected true or false"));
  EXPECT_THAT(with("/limits", {{"threads", 0}}), HasSubstr("expected an integer from 1 to 256"));
}

/// A manifest with these members beside the required ones.
std::string manifestWithMembers(const std::string& more) {
  return R"({"id":"x","version":"1.0.0","api":"1","summary":"s")" + more + "}";
}

TEST(Manifest, ItsListsHaveABound) {
  const auto queues = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += (i == 0 ? "\"q" : ",\"q") + std::to_string(i) + "\"";
    return manifestWithMembers(",\"queues\":[" + list + "]");
  };
  EXPECT_EQ(refusal(queues(256)), "");
  EXPECT_THAT(refusal(queues(257)), ::testing::HasSubstr("an array of at most 256 elements"));
}

TEST(Manifest, ItsBoundsAreExactNumbers) {
  const auto with = [](const char* bound) {
    return manifestWithMembers(
        std::string{R"(,"settings":{"d":{"type":"duration_ms","help":"h","min":)"} + bound + "}}");
  };
  EXPECT_EQ(refusal(with("9007199254740992")), "");
  EXPECT_THAT(refusal(with("18446744073709551615")), ::testing::HasSubstr("/settings/d/min"));
}

TEST(Manifest, WhatIsWrongEverywhereIsASentenceAndNoFlood) {
  std::string members;
  for (int i = 0; i < 50'000; ++i) members += ",\"m" + std::to_string(i) + "\":0";
  members += ",\"" + std::string(100'000, 'n') + "\":0";
  const std::string reason = refusal(manifestWithMembers(members));
  EXPECT_LT(reason.size(), 16U * 1024);
  EXPECT_THAT(reason, ::testing::HasSubstr("and 49981 more"));
}

}  // namespace
}  // namespace bulkhead::host
