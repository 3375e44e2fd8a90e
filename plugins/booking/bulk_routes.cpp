#include "bulk_routes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "appointment_json.hpp"
#include "batch.hpp"
#include "body.hpp"
#include "exchange.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::size_t kBodyMax = 4 * 1024 * 1024;
constexpr std::chrono::seconds kDeadline{120};
constexpr std::string_view kRoute = "POST /appointments/bulk";

constexpr std::string_view kExample =
    R"({"items":[{"service":"haircut","start":"2026-01-06T14:00:00Z","lead":{"phone":"+12025550123"}},)"
    R"({"service":"haircut","start":"2026-01-06T14:30:00Z","lead":{"phone":"+12025550124"}}]})";

std::string bulkSchema() {
  return R"({"type":"object","additionalProperties":false,"required":["items"],"properties":{)"
         R"("items":{"type":"array","minItems":1,"maxItems":500,"items":)" +
         orderSchema() + "}}}";
}

std::string resultSchema() {
  return R"({"type":"object","properties":{"created":{"type":"integer"},"known":{"type":"integer"},"refused":{"type":"integer"},)"
         R"("results":{"type":"array","items":{"type":"object","properties":{)"
         R"("index":{"type":"integer"},"status":{"type":"integer"},"appointment":)" +
         std::string{appointmentSchema()} +
         R"(,"error":{"type":"object","properties":{"code":{"type":"string"},)"
         R"("message":{"type":"string"},"details":{"type":"object"}}}}}}}})";
}

/// The items of one request, as orders.
class Orders final : public BatchWork {
 public:
  Orders(const BookingOrders& orders, const Caller& caller, const json& items)
      : orders_{orders}, caller_{caller}, items_{items} {}

  std::size_t ready(std::size_t count) override { return std::min(count, items_.size() - first_); }
  void drop(std::size_t count) override { first_ += count; }

  BatchResult carryOut(Transaction& transaction, std::size_t index) override {
    const json& item = items_[first_ + index];
    BookingOrders::Planned planned;
    try {
      if (item.contains("id")) {
        if (const auto made = orders_.findMade(transaction, caller_, item)) {
          return shown(index, "known", 200, *made);
        }
      }
      planned = orders_.plan(transaction, caller_, item);
    } catch (const Error& error) {
      if (!isRefusal(error)) throw;
      return refused(index, error);
    }
    return shown(index, "created", 201, orders_.carryOut(transaction, caller_, std::move(planned)));
  }

  BatchResult refused(std::size_t index, const Error& error) override {
    return {"refused", bulkhead::toJson([&](JsonWriter& out) {
              out.object("index", first_ + index, "status", statusOf(error), "error",
                         [&](JsonWriter& one) { writeRefusal(one, error); });
            })};
  }

 private:
  BatchResult shown(std::size_t index, std::string_view outcome, int status,
                    const Appointment& one) const {
    return {outcome, bulkhead::toJson([&](JsonWriter& out) {
              out.object("index", first_ + index, "status", status, "appointment",
                         [&](JsonWriter& member) { write(member, one); });
            })};
  }

  const BookingOrders& orders_;
  const Caller& caller_;
  const json& items_;
  std::size_t first_ = 0;
};

}  // namespace

BulkRoutes::BulkRoutes(bulkhead::Registrar& host, const BookingOrders& orders)
    : host_{host.host()}, orders_{orders} {
  host.route(
      {.method = "POST",
       .path = "/appointments/bulk",
       .scope = "booking:write",
       .summary = "Books up to 500 visits, each with a result of its own",
       .request = bulkSchema(),
       .response = resultSchema(),
       .errors = {"IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REUSED"},
       .example = kExample,
       .body_limit_bytes = kBodyMax,
       .deadline = kDeadline},
      [this](const Request& request) { return book(request); });
}

Response BulkRoutes::book(const Request& request) const {
  const json body = bodyOf(request);
  const Caller caller = callerOf(request, host_);
  Orders work{orders_, caller, body.at("items")};
  const auto report =
      BatchRunner::run(host_, request.context(), BatchRunner::claimOf(request, kRoute), work);
  return Response::json([&](JsonWriter& out) {
    out.object("created", report.countOf("created"), "known", report.countOf("known"), "refused",
               report.countOf("refused"), "results", bulkhead::RawJson{'[' + report.results + ']'});
  });
}

}  // namespace booking
