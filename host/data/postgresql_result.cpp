#include "data/postgresql_result.hpp"

#include <Poco/Logger.h>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>

#include "data/database_error.hpp"

namespace bulkhead::host::data {
namespace {

// Numbers of types in pg_type, which never change.
constexpr Oid kBool = 16;
constexpr Oid kBytes = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kOid = 26;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;

constexpr int kText = 0;
constexpr int kBinary = 1;

std::string_view field(const PGresult* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

Error notStorable() {
  return Error::businessLogic("TEXT_NOT_STORABLE",
                              "A text has a character that the database cannot keep.");
}

/// What a trigger raises with the code of a check has no constraint's name.
std::optional<SchemaRule> ruleOf(std::string_view state, const PGresult* result) {
  if (state == "23505" || state == "23P01") return SchemaRule::Unique;
  if (state == "23503" || state == "23001") return SchemaRule::Reference;
  if (state == "P0001") return SchemaRule::Raised;
  if (state != "23514") return std::nullopt;
  return field(result, PG_DIAG_CONSTRAINT_NAME).empty() ? SchemaRule::Raised : SchemaRule::Check;
}

/// 08P01 is a message of ours that is wrong, such as a value too few; XX001 and XX002 are damage.
bool isAway(std::string_view state) {
  return (state.starts_with("08") && state != "08P01") || state.starts_with("57P") ||
         state == "53100" || state == "53200" || state == "58030" || state == "XX001" ||
         state == "XX002";
}

/// A plan that a change of the schema has overtaken, or a prepared statement that somebody between
/// us and the server does not know.
bool isStale(std::string_view state, std::string_view text) {
  return state == "26000" ||
         (state == "0A000" && text.find("cached plan") != std::string_view::npos);
}

// The values that a statement was given may stand in what is said of class 22.
void note(Poco::Logger& logger, const std::string& owner, std::string_view state,
          std::string_view text, std::string_view sql) {
  if (state.starts_with("22")) text = "a value";
  logger.error(fmt::format("{}: {} {}: {}", owner, state, text, sql));
}

bulkhead_value integerFrom(std::string_view text) {
  bulkhead_value value{};
  value.type = BULKHEAD_INTEGER;
  std::from_chars(text.data(), text.data() + text.size(), value.integer);
  return value;
}

bulkhead_value textFrom(std::string_view text) {
  bulkhead_value value{};
  value.type = BULKHEAD_TEXT;
  value.bytes = {text.data(), text.size()};
  return value;
}

/// Sums of integers are numeric: they are integers again where they fit. Any other one is its
/// digits, and beside them the nearest double for who asks for that.
bulkhead_value numericFrom(std::string_view text) {
  bulkhead_value value = textFrom(text);
  std::int64_t integer = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, integer);
  if (read.ec == std::errc{} && read.ptr == end) return integerFrom(text);
  value.real = std::strtod(text.data(), nullptr);
  return value;
}

bulkhead_value realFrom(const char* text) {
  bulkhead_value value{};
  value.type = BULKHEAD_REAL;
  value.real = std::strtod(text, nullptr);
  return value;
}

int digitOf(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

/// "\x6162" is "ab".
std::string bytesFrom(std::string_view hex) {
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 2; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digitOf(hex[i]) * 16 + digitOf(hex[i + 1]));
  return bytes;
}

class Columns {
 public:
  explicit Columns(const PGresult* result)
      : result_{result}, values_(static_cast<std::size_t>(PQnfields(result))) {}

  const std::vector<bulkhead_value>& at(int row) {
    blobs_.clear();
    blobs_.reserve(values_.size());
    for (int i = 0; i < PQnfields(result_); ++i) values_[static_cast<std::size_t>(i)] = one(row, i);
    return values_;
  }

 private:
  bulkhead_value one(int row, int column) {
    if (PQgetisnull(result_, row, column) != 0) return {};
    const char* const data = PQgetvalue(result_, row, column);
    const std::string_view text{data, static_cast<std::size_t>(PQgetlength(result_, row, column))};
    switch (PQftype(result_, column)) {
      case kInt2:
      case kInt4:
      case kInt8:
      case kOid:
        return integerFrom(text);
      case kBool:
        return integerFrom(text == "t" ? "1" : "0");
      case kFloat4:
      case kFloat8:
        return realFrom(data);
      case kNumeric:
        return numericFrom(text);
      case kBytes: {
        bulkhead_value value = textFrom(blobs_.emplace_back(bytesFrom(text)));
        value.type = BULKHEAD_BLOB;
        return value;
      }
      default:
        return textFrom(text);
    }
  }

  const PGresult* const result_;
  std::vector<bulkhead_value> values_;
  std::vector<std::string> blobs_;
};

}  // namespace

std::string_view stateOf(const PGresult* result) {
  return field(result, PG_DIAG_SQLSTATE);
}

PostgresqlError errorOf(const PGresult* result, const std::string& owner, std::string_view sql) {
  using Failure = PostgresqlFailure;
  const std::string_view state = stateOf(result);
  const std::string_view text = field(result, PG_DIAG_MESSAGE_PRIMARY);
  Poco::Logger& logger = Poco::Logger::get("data");
  if (state == "40001" || state == "40P01")
    return {Failure::Conflict, databaseBusy("Others changed the same at the same time.")};
  if (const auto rule = ruleOf(state, result)) {
    const Error refusal = constraintViolated(*rule, text);
    if (rule != SchemaRule::Raised || refusal.code() == kUnnamedRule)
      logger.warning(fmt::format("{}: {} {}: {}", owner, state, text, sql));
    return {Failure::Statement, refusal};
  }
  if (state == "57014") return {Failure::Statement, deadlineExceeded()};
  if (state == "55P03") return {Failure::Statement, databaseBusy("Others hold what this needs.")};
  if (state == "22021" || state == "22P05") return {Failure::Statement, notStorable()};
  note(logger, owner, state, text, sql);
  if (isStale(state, text)) return {Failure::Stale, statementFailed()};
  if (isAway(state)) return {Failure::Lost, databaseUnavailable()};
  return {Failure::Statement, statementFailed()};
}

void deliver(const PGresult* result,
             const std::function<int(const bulkhead_value* columns, std::size_t count)>& receive) {
  if (!receive) return;
  Columns columns{result};
  for (int row = 0; row < PQntuples(result); ++row) {
    const auto& values = columns.at(row);
    if (receive(values.data(), values.size()) != 0) return;
  }
}

std::int64_t rowsChanged(PGresult* result) {
  if (std::string_view{PQcmdStatus(result)}.starts_with("SELECT")) return 0;
  return integerFrom(PQcmdTuples(result)).integer;
}

PostgresqlValues::PostgresqlValues(const bulkhead_value* values, std::size_t count) {
  texts_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const bulkhead_value& value = values[i];
    const std::string_view bytes{value.bytes.data == nullptr ? "" : value.bytes.data,
                                 value.bytes.size};
    formats_.push_back(value.type == BULKHEAD_BLOB ? kBinary : kText);
    switch (value.type) {
      case BULKHEAD_INTEGER:
        texts_.push_back(fmt::format("{}", value.integer));
        break;
      case BULKHEAD_REAL:
        texts_.push_back(fmt::format("{}", value.real));
        break;
      case BULKHEAD_TEXT:
        if (bytes.find('\0') != std::string_view::npos) throw notStorable();
        [[fallthrough]];
      case BULKHEAD_BLOB:
        texts_.emplace_back(bytes);
        break;
      default:
        texts_.emplace_back();
    }
    pointers_.push_back(value.type == BULKHEAD_NULL ? nullptr : texts_.back().c_str());
    lengths_.push_back(static_cast<int>(texts_.back().size()));
  }
}

Oid typeOf(const bulkhead_value& value) {
  switch (value.type) {
    case BULKHEAD_INTEGER:
      return kInt8;
    case BULKHEAD_REAL:
      return kFloat8;
    case BULKHEAD_BLOB:
      return kBytes;
    default:
      return 0;
  }
}

}  // namespace bulkhead::host::data
