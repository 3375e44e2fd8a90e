#include "security/authenticator.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "host/security/key_fixture.hpp"
#include "security/access.hpp"

namespace bulkhead::host {
namespace {

constexpr std::string_view kBootstrap = "an operator's own long bootstrap key, 32 or more";

class Authentication : public ::testing::Test, protected KeyFixture {
 protected:
  Authentication() { keys->refresh(); }

  AuthenticatorOptions options() {
    return {.bootstrap_key = kBootstrap,
            .on_event =
                [this](const SecurityEvent& event) {
                  refusals.push_back(std::string{event.reason} + " " + std::string{event.key_id} +
                                     " " + std::string{event.address});
                },
            .now_us = [this] { return now_us; }};
  }
  Principal ask(Fields headers) {
    HttpRequest request;
    request.headers = std::move(headers);
    request.peer.address = "192.0.2.7";
    return Authenticator{*keys, options()}.authenticate(request);
  }
  std::string refusal(Fields headers) {
    return codeOf([&] { ask(std::move(headers)); });
  }
  static Fields keyHeader(std::string_view text) { return {{"x-api-key", std::string{text}}}; }
  static Fields bearer(std::string_view text) {
    return {{"authorization", "Bearer " + std::string{text}}};
  }

  std::vector<std::string> refusals;
};

TEST_F(Authentication, S42_TakesEitherHeader) {
  const Tenant clinic = tenant("clinic");
  const auto created = key({"clinic"});
  for (const Fields& headers :
       {keyHeader(created.text), bearer(created.text),
        Fields{{"authorization", "bEARER   " + created.text}},
        Fields{{"x-api-key", created.text}, {"authorization", "Bearer " + created.text}}}) {
    const Principal principal = ask(headers);
    EXPECT_TRUE(principal.authenticated);
    EXPECT_EQ(principal.key_id, created.record.id);
    EXPECT_EQ(principal.tenant, clinic.id);
    EXPECT_TRUE(principal.has("booking:read"));
    EXPECT_FALSE(principal.has("accounting:read"));
  }
  EXPECT_TRUE(refusals.empty());
}

TEST_F(Authentication, S42_TwoThatDifferAreRefused) {
  tenant("clinic");
  const auto first = key({"clinic"});
  const auto second = key({"clinic"});
  EXPECT_EQ(refusal({{"x-api-key", first.text}, {"authorization", "Bearer " + second.text}}),
            "CONFLICTING_CREDENTIALS");
  EXPECT_EQ(refusal({{"x-api-key", first.text}, {"x-api-key", second.text}}),
            "CONFLICTING_CREDENTIALS");
  EXPECT_EQ(refusal({{"x-api-key", first.text}, {"authorization", "Basic eDp5"}}),
            "CONFLICTING_CREDENTIALS");
  EXPECT_EQ(refusals.back(), "conflicting_credentials  192.0.2.7");
}

TEST_F(Authentication, NothingSentIsAnonymousAndNoFault) {
  EXPECT_FALSE(ask({{"accept", "*/*"}}).authenticated);
  EXPECT_TRUE(refusals.empty());
}

TEST_F(Authentication, C15_WhatIsNoKeyOfOursIsRefusedByItsLook) {
  EXPECT_EQ(refusal(bearer("eyJhbGciOiJub25lIn0.e30.")), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal(bearer("something")), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal({{"authorization", "Basic eDp5"}}), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal({{"authorization", "Bearer"}}), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusal({{"x-api-key", ""}}), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusals.at(0), "session_token  192.0.2.7");
  EXPECT_EQ(refusals.at(1), "no_known_form  192.0.2.7");
  EXPECT_EQ(refusals.at(2), "no_known_scheme  192.0.2.7");
}

TEST_F(Authentication, S44_EveryRefusalIsToldToTheLogAndNothingToTheSender) {
  tenant("clinic");
  const auto created = key({"clinic"});
  const auto forgotten = key({"clinic"});
  keys->revokeKey(forgotten.record.id, kOperator);
  const std::string stranger = makeApiKey();
  std::string damaged = created.text;
  damaged.back() = damaged.back() == '0' ? '1' : '0';

  std::vector<std::string> messages;
  for (const std::string& text : {damaged, stranger, forgotten.text}) {
    try {
      ask(keyHeader(text));
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Authentication);
      messages.push_back(error.message());
    }
  }
  EXPECT_EQ(messages[0], messages[1]);
  EXPECT_EQ(messages[1], messages[2]);
  EXPECT_EQ(refusals.at(0), "damaged_key  192.0.2.7");
  EXPECT_EQ(refusals.at(1), "unknown_key " + stranger.substr(8, 12) + " 192.0.2.7");
  EXPECT_EQ(refusals.at(2), "revoked_key " + forgotten.record.id + " 192.0.2.7");
}

TEST_F(Authentication, S44_WhoSendsNothingWhereAKeyIsNeededIsToldToTheLog) {
  const Authenticator authenticator{*keys, options()};
  HttpRequest request;
  request.peer.address = "192.0.2.7";
  EXPECT_NO_THROW(authenticator.admit(request, Access::Public, {}));
  EXPECT_TRUE(refusals.empty());
  EXPECT_THROW(authenticator.admit(request, Access::Key, "booking:read"), Error);
  EXPECT_EQ(refusals, (std::vector<std::string>{"no_credential  192.0.2.7"}));
}

TEST_F(Authentication, S44_AKnownKeyOnWhatIsNotItsOwnIsToldToTheLog) {
  tenant("clinic");
  const Tenant other = tenant("other");
  const auto created = key({"clinic"}, {"booking:read"});
  std::vector<std::string> events;
  AuthenticatorOptions telling{
      .bootstrap_key = {},
      .on_event =
          [&](const SecurityEvent& event) {
            events.push_back(std::string{nameOf(event.kind)} + " " + std::string{event.reason} +
                             " " + std::string{event.key_id} + " " + std::string{event.tenant} +
                             " " + std::string{event.scope} + " " + std::string{event.user_agent});
          },
      .now_us = [this] { return now_us; }};
  const Authenticator authenticator{*keys, telling};
  HttpRequest request;
  request.headers = {{"x-api-key", created.text}, {"user-agent", "probe/1"}};
  const std::string& id = created.record.id;
  const std::string clinic = keys->directory()->findTenant("clinic")->id;
  EXPECT_NO_THROW(authenticator.admit(request, Access::Key, "booking:read"));
  EXPECT_TRUE(events.empty());
  EXPECT_THROW(authenticator.admit(request, Access::Key, "booking:write"), Error);
  EXPECT_EQ(events.back(),
            "authorization_denied missing_scope " + id + " " + clinic + " booking:write probe/1");
  EXPECT_THROW(authenticator.admit(request, Access::Admin, "admin"), Error);
  EXPECT_EQ(events.back(),
            "authorization_denied bound_to_tenants " + id + " " + clinic + " admin probe/1");
  request.headers.emplace_back("x-tenant-id", "other");
  EXPECT_THROW(authenticator.admit(request, Access::Key, "booking:read"), Error);
  EXPECT_EQ(events.back(), "tenant_refused unknown_tenant " + id + " other  probe/1");
  request.headers.pop_back();
  keys->setTenantStatus("clinic", TenantStatus::Suspended, kOperator);
  EXPECT_THROW(authenticator.admit(request, Access::Key, "booking:read"), Error);
  EXPECT_EQ(events.back(), "tenant_refused suspended_tenant " + id + " " + clinic + "  probe/1");
  EXPECT_EQ(events.size(), 4U) << "each of them once";
}

// Everything about the key is right but the hash that is kept: only the comparison is in the way.
TEST_F(Authentication, AWrongSecretUnderARightIdIsRefused) {
  tenant("clinic");
  const auto created = key({"clinic"});
  data::run(*store, "UPDATE api_key SET secret_hash = $1 WHERE id = $2",
            {data::value(toHex(hashSecret("another"))), data::value(created.record.id)});
  EXPECT_TRUE(ask(keyHeader(created.text)).authenticated) << "the mirror does not know yet";
  keys->refresh();
  EXPECT_EQ(refusal(keyHeader(created.text)), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusals.at(0), "wrong_secret " + created.record.id + " 192.0.2.7");
}

TEST_F(Authentication, AKeyEndsAtItsExpiry) {
  tenant("clinic");
  NewApiKey wanted{"desk", {"booking:read"}, {"clinic"}, {}, {}, now_us + 10 * kSecondUs};
  const auto created = keys->createKey(wanted, kOperator);
  EXPECT_TRUE(ask(keyHeader(created.text)).authenticated);
  now_us += 10 * kSecondUs;
  EXPECT_EQ(refusal(keyHeader(created.text)), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusals.at(0), "expired_key " + created.record.id + " 192.0.2.7");
}

TEST_F(Authentication, BothKeysOfARotationWorkUntilTheOverlapEnds) {
  tenant("clinic");
  const auto old = key({"clinic"});
  const auto next =
      keys->rotateKey(old.record.id, {.overlap = std::chrono::seconds{10}}, kOperator);
  now_us += 10 * kSecondUs - 1;
  EXPECT_TRUE(ask(keyHeader(old.text)).authenticated);
  EXPECT_EQ(ask(keyHeader(next.text)).key_id, next.record.id);
  now_us += 1;
  EXPECT_EQ(refusal(keyHeader(old.text)), "AUTHENTICATION_ERROR");
  EXPECT_EQ(refusals.at(0), "expired_key " + old.record.id + " 192.0.2.7");
  EXPECT_TRUE(ask(keyHeader(next.text)).authenticated);
}

TEST_F(Authentication, WithoutAnOverlapTheOldKeyEndsAtOnce) {
  tenant("clinic");
  const auto old = key({"clinic"});
  keys->rotateKey(old.record.id, {.overlap = std::chrono::seconds{0}}, kOperator);
  EXPECT_EQ(refusal(keyHeader(old.text)), "AUTHENTICATION_ERROR");
}

// Nothing may be looked up at the moment: who gets that far is told so. One wrong character in any
// place of the key ends before it, in the words for any wrong key.
TEST_F(Authentication, AMistypedKeyIsRefusedWithoutALookUp) {
  tenant("clinic");
  const auto created = key({"clinic"});
  takeDatabaseAway();
  now_us += 3601 * kSecondUs;
  ASSERT_EQ(refusal(keyHeader(created.text)), "DATABASE_UNAVAILABLE") << "the control";
  for (std::size_t i = std::string_view{"bh_live_"}.size(); i < created.text.size(); ++i) {
    std::string mistyped = created.text;
    mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
    ASSERT_EQ(refusal(keyHeader(mistyped)), "AUTHENTICATION_ERROR") << i;
    ASSERT_EQ(refusals.back(), "damaged_key  192.0.2.7");
  }
}

TEST_F(Authentication, S43_TheTenantComesFromTheCredentialAndAnothersIsNotFound) {
  const Tenant clinic = tenant("clinic");
  const Tenant other = tenant("other");
  const auto created = key({"clinic"});
  const auto with = [&](const std::string& wanted) {
    return Fields{{"x-api-key", created.text}, {"x-tenant-id", wanted}};
  };
  EXPECT_EQ(ask(with(clinic.id)).tenant, clinic.id);
  EXPECT_EQ(ask(with("clinic")).tenant, clinic.id);
  EXPECT_EQ(refusal(with(other.id)), "NOT_FOUND");
  EXPECT_EQ(refusal(with("nobody")), "NOT_FOUND") << "the same as one that exists";
}

TEST_F(Authentication, AKeyOfSeveralTenantsChoosesByHeader) {
  const Tenant first = tenant("first");
  const Tenant second = tenant("second");
  tenant("third");
  const auto created = key({"first", "second"});
  const auto with = [&](const std::string& wanted) {
    return Fields{{"x-api-key", created.text}, {"x-tenant-id", wanted}};
  };
  EXPECT_EQ(ask(with(second.id)).tenant, second.id);
  EXPECT_EQ(refusal(with("third")), "NOT_FOUND");
  const Principal undecided = ask(keyHeader(created.text));
  EXPECT_TRUE(undecided.authenticated);
  EXPECT_EQ(codeOf([&] { requireTenant(undecided); }), "TENANT_REQUIRED");
  EXPECT_EQ(
      refusal({{"x-api-key", created.text}, {"x-tenant-id", "first"}, {"x-tenant-id", "second"}}),
      "VALIDATION_ERROR");
}

TEST_F(Authentication, ASuspendedTenantIsRefused) {
  tenant("clinic");
  const auto created = key({"clinic"});
  EXPECT_TRUE(ask(keyHeader(created.text)).authenticated);
  keys->setTenantStatus("clinic", TenantStatus::Suspended, kOperator);
  EXPECT_EQ(refusal(keyHeader(created.text)), "AUTHORIZATION_ERROR");
  EXPECT_TRUE(ask(keyHeader(kBootstrap)).tenant.empty()) << "the operator still comes in";
}

TEST_F(Authentication, S64_TheBootstrapKeyHasEveryScopeOverEveryTenant) {
  EXPECT_TRUE(ask(keyHeader(kBootstrap)).tenant.empty());
  const Tenant first = tenant("first");
  for (const Fields& headers : {keyHeader(kBootstrap), bearer(kBootstrap)}) {
    const Principal principal = ask(headers);
    EXPECT_EQ(principal.key_id, "bootstrap");
    EXPECT_TRUE(principal.has("anything:at-all"));
    EXPECT_EQ(principal.tenant, first.id) << "the only one there is";
  }
  const Tenant second = tenant("second");
  EXPECT_TRUE(ask(keyHeader(kBootstrap)).tenant.empty());
  EXPECT_EQ(ask({{"x-api-key", std::string{kBootstrap}}, {"x-tenant-id", "second"}}).tenant,
            second.id);
  EXPECT_EQ(refusal({{"x-api-key", std::string{kBootstrap}}, {"x-tenant-id", "nobody"}}),
            "NOT_FOUND");
}

TEST_F(Authentication, S64_WithoutABootstrapKeyNothingPassesForOne) {
  const Authenticator none{*keys, {}};
  HttpRequest request;
  for (const std::string_view text : {std::string_view{}, kBootstrap}) {
    request.headers = keyHeader(text);
    EXPECT_EQ(codeOf([&] { none.authenticate(request); }), "AUTHENTICATION_ERROR");
  }
}

TEST_F(Authentication, KeysThatNobodyConfirmedForTooLongAreNotTaken) {
  tenant("clinic");
  const auto created = key({"clinic"});
  keys->refresh();
  takeDatabaseAway();
  EXPECT_TRUE(ask(keyHeader(created.text)).authenticated);
  now_us += 3601 * kSecondUs;
  EXPECT_EQ(refusal(keyHeader(created.text)), "DATABASE_UNAVAILABLE");
  EXPECT_TRUE(ask(keyHeader(kBootstrap)).authenticated) << "its hash is not the database's";
}

TEST_F(Authentication, MarksTheUseOfAKey) {
  tenant("clinic");
  const auto created = key({"clinic"});
  ask(keyHeader(created.text));
  EXPECT_EQ(*keys->directory()->findKey(created.record.id)->used_us, now_us);
}

TEST_F(Authentication, ManyLoopsAskWhileKeysChange) {
  tenant("clinic");
  const auto created = key({"clinic"});
  const Authenticator authenticator{*keys, options()};
  std::atomic<bool> done{false};
  std::vector<std::thread> loops;
  for (int i = 0; i < 4; ++i) {
    loops.emplace_back([&] {
      HttpRequest request;
      request.headers = keyHeader(created.text);
      while (!done) EXPECT_TRUE(authenticator.authenticate(request).authenticated);
    });
  }
  for (int i = 0; i < 20; ++i) {
    key({"clinic"});
    keys->refresh();
  }
  done = true;
  for (auto& loop : loops) loop.join();
}

}  // namespace
}  // namespace bulkhead::host
