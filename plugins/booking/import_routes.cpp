#include "import_routes.hpp"

#include <string>

#include "exchange.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;

constexpr std::size_t kBodyMax = 8 * 1024 * 1024;
constexpr std::chrono::seconds kDeadline{300};
constexpr std::size_t kRehearsedAtOnce = 200;
constexpr std::string_view kRoute = "POST /leads/import";

constexpr std::string_view kQuery =
    R"({"type":"object","properties":{"dry_run":{"type":"boolean"},)"
    R"("delimiter":{"type":"string","enum":["comma","semicolon","tab"]},)"
    R"("columns":{"type":"string","maxLength":1000}}})";

constexpr std::string_view kResponse =
    R"({"type":"object","properties":{"dry_run":{"type":"boolean"},"rows":{"type":"integer"},)"
    R"("created":{"type":"integer"},"updated":{"type":"integer"},"unchanged":{"type":"integer"},)"
    R"("refused":{"type":"integer"},"columns":{"type":"array","items":{"type":"object","properties":{)"
    R"("column":{"type":"string"},"member":{"type":["string","null"]}}}},)"
    R"("results":{"type":"array","items":{"type":"object","properties":{"row":{"type":"integer"},)"
    R"("line":{"type":"integer"},"status":{"enum":["created","updated","unchanged","refused"]},)"
    R"("id":{"type":"string"},"field":{"type":["string","null"]},"error":{"type":"object"}}}}}})";

void requireCsv(const Request& request) {
  std::string type{request.header("content-type").value_or("")};
  for (char& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  const bool other_charset = type.find("charset=") != type.npos &&
                             type.find("charset=utf-8") == type.npos &&
                             type.find("charset=\"utf-8\"") == type.npos;
  if (!type.starts_with("text/csv") || other_charset) {
    throw Error::validation("UNSUPPORTED_MEDIA_TYPE",
                            "Send the table as Content-Type: text/csv, in UTF-8.");
  }
}

char delimiterOf(const Request& request) {
  const auto name = request.query("delimiter").value_or("comma");
  return name == "semicolon" ? ';' : name == "tab" ? '\t' : ',';
}

void writeColumns(JsonWriter& out, const LeadImport& work) {
  out.key("columns");
  out.beginArray();
  for (std::size_t i = 0; i < work.header().size(); ++i) {
    const auto member = work.columns().members()[i];
    out.object("column", work.header()[i], "member",
               member.empty() ? std::optional<std::string_view>{} : member);
  }
  out.endArray();
}

}  // namespace

ImportRoutes::ImportRoutes(bulkhead::Registrar& host) : host_{host.host()} {
  host.route(
      {.method = "POST",
       .path = "/leads/import",
       .scope = "booking:write",
       .summary = "Makes and changes leads from a CSV table, each row with its own result",
       .query = kQuery,
       .response = kResponse,
       .errors = {"CSV_HEADER_INVALID", "CSV_MALFORMED", "UNSUPPORTED_MEDIA_TYPE",
                  "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REUSED"},
       .raw_body = true,
       .body_limit_bytes = kBodyMax,
       .deadline = kDeadline},
      [this](const Request& request) { return import(request); });
}

Response ImportRoutes::import(const Request& request) const {
  requireCsv(request);
  const Caller caller = callerOf(request, host_);
  const bool dry_run = request.query("dry_run").value_or("false") == "true";
  LeadImport work{host_, caller, request.body(), delimiterOf(request),
                  request.query("columns").value_or("")};
  const BatchReport report =
      dry_run
          ? rehearse(request, work)
          : BatchRunner::run(host_, request.context(), BatchRunner::claimOf(request, kRoute), work);
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.member("dry_run", dry_run);
    out.member("rows", report.items);
    for (const std::string_view outcome : {"created", "updated", "unchanged", "refused"}) {
      out.member(outcome, report.countOf(outcome));
    }
    writeColumns(out, work);
    out.member("results", bulkhead::RawJson{'[' + report.results + ']'});
    out.endObject();
  });
}

/// Each row as the store is now: what earlier rows would change is not in it. They name others.
BatchReport ImportRoutes::rehearse(const Request& request, LeadImport& work) const {
  BatchReport report;
  while (const std::size_t count = work.ready(kRehearsedAtOnce)) {
    report.add(host_.read(request.context(), [&](ReadTransaction& read) {
      BatchPart part{count, {}};
      for (std::size_t i = 0; i < count; ++i) part.add(work.rehearse(read, i));
      return part;
    }));
    work.drop(count);
  }
  return report;
}

}  // namespace booking
