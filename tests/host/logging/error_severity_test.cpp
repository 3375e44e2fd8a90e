#include "logging/error_severity.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

struct Row {
  int status;
  std::string_view code;
  Level level;
  std::string_view severity_class;
};

TEST(ErrorSeverity, S51_TableOfStatusAndCode) {
  const Row rows[] = {
      {400, "VALIDATION_ERROR", Level::Info, "low"},
      {401, "AUTHENTICATION_ERROR", Level::Warn, "medium"},
      {403, "AUTHORIZATION_ERROR", Level::Warn, "medium"},
      {404, "NOT_FOUND", Level::Info, "low"},
      {409, "CONFLICT", Level::Info, "low"},
      {422, "BUSINESS_LOGIC_ERROR", Level::Info, "low"},
      {429, "RATE_LIMIT_EXCEEDED", Level::Warn, "medium"},
      {500, "DATABASE_ERROR", Level::Error, "high"},
      {500, "INTERNAL_ERROR", Level::Error, "high"},
      {502, "EXTERNAL_SERVICE_ERROR", Level::Error, "high"},
      {503, "DATABASE_UNAVAILABLE", Level::Error, "high"},
      {500, "CONFIGURATION_ERROR", Level::Fatal, "critical"},
      {0, "STARTUP_FAILED", Level::Fatal, "critical"},
      {0, "DATA_LOSS", Level::Fatal, "critical"},
      {0, "", Level::Error, "high"},
  };
  for (const Row& row : rows) {
    const ErrorSeverity severity = classifyError(row.status, row.code);
    EXPECT_EQ(severity.level, row.level) << row.status << " " << row.code;
    EXPECT_EQ(severity.severity_class, row.severity_class) << row.status << " " << row.code;
  }
}

}  // namespace
}  // namespace bulkhead::host
