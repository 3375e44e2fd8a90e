#include "capabilities/capability_contract.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

Json goodContract() {
  return Json::parse(R"({"capability":"loans/1","summary":"Lends.","calls":{"lend":{
    "summary":"Lends.","request":{"type":"object"},"response":{"type":"object"},
    "errors":["NO_MONEY"],"deadline_ms":1000,"safe":true}}})");
}

std::string refusalOf(const Json& document) {
  try {
    CapabilityContract::parse(document.dump(), "loans.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "CAPABILITY_REFUSED");
    return error.message();
  }
  return "none";
}

TEST(CapabilityContract, SaysWhatBothSidesPromise) {
  const auto contract = CapabilityContract::parse(goodContract().dump(), "loans.json");
  EXPECT_EQ(contract.capability(), "loans/1");
  const CallContract* const lend = contract.find("lend");
  ASSERT_NE(lend, nullptr);
  EXPECT_TRUE(lend->errors.contains("NO_MONEY"));
  EXPECT_EQ(lend->deadline, std::chrono::milliseconds{1000});
  EXPECT_TRUE(lend->safe);
  EXPECT_EQ(contract.find("borrow"), nullptr);
}

TEST(CapabilityContract, WhatIsWrongIsToldWithItsPlace) {
  const auto changed = [](const char* pointer, const Json& value) {
    Json document = goodContract();
    document[Json::json_pointer{pointer}] = value;
    return refusalOf(document);
  };
  const auto without = [](const char* member) {
    Json document = goodContract();
    document["calls"]["lend"].erase(member);
    return refusalOf(document);
  };
  EXPECT_EQ(refusalOf(goodContract()), "none") << "the control";
  for (const char* name : {"loans", "loans/0", "loans/01", "Loans/1", "loans/one", "/1", "loans/"})
    EXPECT_NE(changed("/capability", name).find("/capability"), std::string::npos) << name;
  EXPECT_NE(changed("/extra", 1).find("/extra"), std::string::npos);
  EXPECT_NE(changed("/calls", Json::object()).find("/calls"), std::string::npos);
  EXPECT_NE(changed("/calls/Lend", Json::object()).find("/calls/Lend"), std::string::npos);
  EXPECT_NE(changed("/calls/lend/extra", 1).find("/calls/lend/extra"), std::string::npos);
  EXPECT_NE(changed("/calls/lend/deadline_ms", 0).find("deadline_ms"), std::string::npos);
  EXPECT_NE(changed("/calls/lend/deadline_ms", 700'000).find("deadline_ms"), std::string::npos);
  EXPECT_NE(changed("/calls/lend/errors", Json::array({1})).find("errors"), std::string::npos);
  EXPECT_NE(changed("/calls/lend/safe", "yes").find("safe"), std::string::npos);
  const Json reference = {{"$ref", "#/elsewhere"}};
  EXPECT_NE(changed("/calls/lend/request", reference).find("$ref"), std::string::npos);
  for (const char* member : {"summary", "request", "response"})
    EXPECT_NE(without(member).find(member), std::string::npos) << member;
  EXPECT_THROW(CapabilityContract::parse("[]", "loans.json"), Error);
  EXPECT_THROW(CapabilityContract::parse("{", "loans.json"), Error);
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_THROW(CapabilityContract::parse(R"({"summary":)" + deep + "}", "loans.json"), Error);
}

TEST(CapabilityContract, TheProgramIsBuiltWithThoseOfTheDomains) {
  std::set<std::string> names;
  for (const auto& contract : builtInContracts()) names.insert(contract.capability());
  const std::set<std::string> expected{"bank-feed/1", "calendar/1", "messaging/1", "payments/1",
                                       "voice/1"};
  EXPECT_EQ(names, expected);
}

// What moves money, calls or writes may be asked again after a failure: each such call has a name
// of the caller's own for its effect.
TEST(CapabilityContract, WhatActsCanBeAskedForOnce) {
  const std::set<std::string> named{"idempotency_key", "reference",    "id",
                                    "connection",      "public_token", "user"};
  for (const auto& contract : builtInContracts()) {
    for (const auto& [name, call] : contract.calls()) {
      if (call.safe) continue;
      const auto problems = call.request.validate(Json::object());
      const bool asks = std::any_of(problems.begin(), problems.end(), [&](const auto& problem) {
        return std::any_of(named.begin(), named.end(), [&](const std::string& member) {
          return problem.detail.find(member) != std::string::npos;
        });
      });
      EXPECT_TRUE(asks) << contract.capability() << " " << name;
    }
  }
}

Json goodAsks() {
  return Json::parse(R"({"capability":"loans/1","summary":"Lends.","asks":{"may":{
    "summary":"May I?","request":{"type":"object"},
    "response":{"type":"object","required":["may"]},"errors":["NOT_NOW"],"deadline_ms":1000,
    "bytes_max":100,"fallback":{"may":false}}}})");
}

TEST(CapabilityContract, AnAskHasAFallBackThatIsAnAnswer) {
  const auto contract = CapabilityContract::parse(goodAsks().dump(), "loans.json");
  EXPECT_TRUE(contract.calls().empty());
  const AskContract* const may = contract.findAsk("may");
  ASSERT_NE(may, nullptr);
  EXPECT_EQ(may->fallback, R"({"may":false})");
  EXPECT_EQ(may->bytes_max, 100U);
  EXPECT_EQ(contract.findAsk("lend"), nullptr);
  const auto changed = [](const char* member, const Json& value) {
    Json document = goodAsks();
    document["asks"]["may"][member] = value;
    return refusalOf(document);
  };
  EXPECT_EQ(refusalOf(goodAsks()), "none") << "the control";
  EXPECT_NE(changed("fallback", Json::object()).find("/asks/may/fallback"), std::string::npos);
  EXPECT_NE(changed("safe", true).find("/asks/may/safe"), std::string::npos);
  EXPECT_NE(changed("bytes_max", kCallBytesMax + 1).find("bytes_max"), std::string::npos);
  for (const char* code : {"CAPABILITY_UNAVAILABLE", "OVERLOADED", "DEADLINE_EXCEEDED", "DRAINING"})
    EXPECT_NE(changed("errors", Json::array({code})).find(code), std::string::npos);
  Json document = goodAsks();
  document["asks"]["may"].erase("fallback");
  EXPECT_NE(refusalOf(document).find("/asks/may/fallback"), std::string::npos);
  document.erase("asks");
  EXPECT_NE(refusalOf(document).find("calls, asks or events"), std::string::npos);
}

TEST(CapabilityContract, WhatIsParsedIsBounded) {
  const auto contract = CapabilityContract::parse(goodAsks().dump(), "loans.json");
  const AskContract& may = *contract.findAsk("may");
  const auto fits = [&](std::size_t bytes) {
    const std::string text = R"({"a":")" + std::string(bytes - 8, 'x') + "\"}";
    EXPECT_EQ(text.size(), bytes);
    return !problemsOf(may.request, text, may.bytes_max);
  };
  EXPECT_TRUE(fits(100));
  EXPECT_FALSE(fits(101));
  EXPECT_EQ(kCallBytesMax, std::size_t{1} << 20) << "where the contract says nothing";
}

TEST(CapabilityContract, WhoAsksIsToldTheTermsOfWhatItProvides) {
  PluginCapabilities said;
  said.provides = {"loans/1", "messaging/1"};
  said.contracts = "[" + goodAsks().dump() + "]";
  const AsksTerms terms = askTermsOf("lender", said);
  ASSERT_TRUE(terms.contains("loans/1/may"));
  EXPECT_EQ(terms.at("loans/1/may").fallback, R"({"may":false})");
  EXPECT_EQ(terms.at("loans/1/may").deadline, std::chrono::milliseconds{1000});
  EXPECT_TRUE(terms.contains("messaging/1/inbound_message"));
  EXPECT_EQ(terms.size(), 2U) << "and of nothing else";
}

// A provider may have to ask again what it has asked: each ask names what it is about.
TEST(CapabilityContract, AsksOfTheDomainsCanBeToldApart) {
  std::set<std::string> asks;
  for (const auto& contract : builtInContracts()) {
    for (const auto& [name, ask] : contract.asks()) {
      asks.insert(contract.capability() + "/" + name);
      EXPECT_FALSE(ask.request.validate(Json::object()).empty()) << name;
      EXPECT_LE(ask.deadline, std::chrono::seconds{10}) << name << ": somebody waits on the line";
    }
  }
  const std::set<std::string> expected{"messaging/1/inbound_message", "voice/1/assistant_request",
                                       "voice/1/tool_call"};
  EXPECT_EQ(asks, expected);
}

}  // namespace
}  // namespace bulkhead::host
