#include "monitoring/error_classification.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::monitoring {
namespace {

struct Row {
  ErrorKind kind;
  std::string_view category;
  Severity severity;
};

TEST(ErrorClassification, S51_S54_EveryKindHasItsCategoryAndSeverity) {
  const Row rows[] = {{ErrorKind::App, "internal", Severity::Critical},
                      {ErrorKind::Validation, "validation", Severity::Low},
                      {ErrorKind::Authentication, "authentication", Severity::Medium},
                      {ErrorKind::Authorization, "authorization", Severity::Medium},
                      {ErrorKind::NotFound, "not_found", Severity::Low},
                      {ErrorKind::Conflict, "conflict", Severity::Low},
                      {ErrorKind::RateLimit, "rate_limit", Severity::Medium},
                      {ErrorKind::ExternalService, "external_service", Severity::High},
                      {ErrorKind::Database, "database", Severity::High},
                      {ErrorKind::BusinessLogic, "business_logic", Severity::Low},
                      {ErrorKind::Configuration, "configuration", Severity::Critical}};
  for (const Row& row : rows) {
    EXPECT_EQ(classify(row.kind, "ANY").category, row.category);
    EXPECT_EQ(classify(row.kind, "ANY").severity, row.severity) << row.category;
  }
}

TEST(ErrorClassification, S51_ACodeRefinesItsKind) {
  EXPECT_EQ(classify(ErrorKind::Database, "DATABASE_UNAVAILABLE").severity, Severity::Critical);
  EXPECT_EQ(classify(ErrorKind::App, "OVERLOADED").severity, Severity::High);
}

TEST(ErrorClassification, ByStatusWhenTheErrorIsGone) {
  EXPECT_EQ(classify(400).category, "validation");
  EXPECT_EQ(classify(404).category, "not_found");
  EXPECT_EQ(classify(500).severity, Severity::Critical);
  EXPECT_EQ(classify(504).category, "timeout");
}

}  // namespace
}  // namespace bulkhead::host::monitoring
