#include "security/access.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

Principal with(std::vector<std::string> scopes) {
  return {"key", "", std::move(scopes), true, false};
}

std::string outcome(const Principal& principal, Access access, std::string_view scope) {
  try {
    authorize(principal, access, scope);
    return "let in";
  } catch (const Error& error) {
    return error.code();
  }
}

TEST(AccessDecision, NobodyUnknownGetsBeyondPublic) {
  EXPECT_EQ(outcome({}, Access::Public, ""), "let in");
  EXPECT_EQ(outcome({}, Access::Key, "booking:read"), "AUTHENTICATION_ERROR");
  EXPECT_EQ(outcome({}, Access::Admin, "admin"), "AUTHENTICATION_ERROR");
  EXPECT_EQ(outcome({}, Access::Session, "admin"), "AUTHENTICATION_ERROR");
}

TEST(AccessDecision, AKeyNeedsTheScopeAndIsToldWhich) {
  EXPECT_EQ(outcome(with({"booking:read"}), Access::Key, "booking:read"), "let in");
  EXPECT_EQ(outcome(with({"booking:*"}), Access::Key, "booking:read"), "let in");
  EXPECT_EQ(outcome(with({"*"}), Access::Key, "booking:read"), "let in");
  EXPECT_EQ(outcome(with({"booking:write"}), Access::Key, "booking:read"), "AUTHORIZATION_ERROR");
  EXPECT_EQ(outcome(with({"book:*"}), Access::Key, "booking:read"), "AUTHORIZATION_ERROR");
  EXPECT_EQ(outcome(with({}), Access::Key, "booking:read"), "AUTHORIZATION_ERROR");
  try {
    authorize(with({}), Access::Key, "booking:read");
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("'booking:read'"), std::string::npos);
  }
}

TEST(AccessDecision, ARouteWithoutAScopeLetsNobodyIn) {
  EXPECT_EQ(outcome(with({"*"}), Access::Key, ""), "AUTHORIZATION_ERROR");
}

TEST(AccessDecision, AdministrationNeedsAdminBesideTheScope) {
  EXPECT_EQ(outcome(with({"cache:clear"}), Access::Admin, "cache:clear"), "AUTHORIZATION_ERROR");
  EXPECT_EQ(outcome(with({"*"}), Access::Admin, "cache:clear"), "let in");
  EXPECT_EQ(outcome(with({"admin"}), Access::Admin, "admin"), "let in");
}

TEST(AccessDecision, AdministrationIsForNoKeyThatIsBoundToTenants) {
  Principal principal = with({"*", "admin"});
  principal.bound_to_tenants = true;
  EXPECT_EQ(outcome(principal, Access::Admin, "admin"), "AUTHORIZATION_ERROR");
  EXPECT_EQ(outcome(principal, Access::Admin, "stripe:read"), "AUTHORIZATION_ERROR");
  EXPECT_EQ(outcome(principal, Access::Key, "stripe:read"), "let in");
}

TEST(AccessDecision, AKeyIsNoSession) {
  EXPECT_EQ(outcome(with({"*"}), Access::Session, "admin"), "AUTHENTICATION_ERROR");
}

TEST(AccessDecision, OnlyA401IsChallenged) {
  EXPECT_EQ(challengeFor(Error::authentication("AUTHENTICATION_ERROR", "")),
            "Bearer realm=\"bulkhead\"");
  EXPECT_EQ(challengeFor(Error::authorization("AUTHORIZATION_ERROR", "")), "");
}

TEST(AccessDecision, ATenantsRouteNeedsATenant) {
  Principal principal = with({"*"});
  EXPECT_THROW(requireTenant(principal), Error);
  principal.tenant = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  EXPECT_NO_THROW(requireTenant(principal));
}

}  // namespace
}  // namespace bulkhead::host
