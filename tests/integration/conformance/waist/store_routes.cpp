// Routes that are transactions, and the one that recovers.
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "routes.hpp"

namespace conformance {
namespace {

using bulkhead::JsonWriter;
using bulkhead::RawJson;

bool asksFor(const Call& call, std::string_view how) {
  const std::string quoted = '"' + std::string{how} + '"';
  return view(call.request.body).find(quoted) != std::string_view::npos;
}

bulkhead_status insert(const Call& call, bulkhead_transaction* transaction, std::string_view name,
                       const bulkhead_error_sink* error) {
  const std::array values{bulkhead_value{BULKHEAD_TEXT, 0, 0, 0, bytes(name)},
                          bulkhead_value{BULKHEAD_INTEGER, 0, 5, 0, {nullptr, 0}}};
  const bulkhead_error taken{sizeof taken,
                             BULKHEAD_CONFLICT_ERROR,
                             bytes("NAME_TAKEN"),
                             bytes("There is one of that name."),
                             bytes(R"({"name":"taken"})"),
                             0};
  return call.host.tx_send(
      transaction, bytes("INSERT INTO thing (name, amount) VALUES ($1, $2) ON CONFLICT DO NOTHING"),
      values.data(), values.size(), 1, &taken, error);
}

std::string token(const Call& call, std::string_view point, const bulkhead_error_sink* error) {
  std::string text;
  const bulkhead_sink sink{&text, [](void* self, const char* data, std::size_t size) {
                             static_cast<std::string*>(self)->append(data, size);
                           }};
  call.host.recovery_token(call.home, call.context, bytes(point), &sink, error);
  return text;
}

/// What was kept at a point; "nothing" when there is nothing.
std::string kept(const Call& call, std::string_view point, const bulkhead_error_sink* error) {
  std::string text = "nothing";
  const auto receive = [](void* self, const bulkhead_value* columns, std::size_t) {
    *static_cast<std::string*>(self) = view(columns[0].bytes);
    return std::int32_t{0};
  };
  call.host.recovery_read(call.home, call.context, bytes(point), receive, &text, error);
  return text;
}

/// How often the closure of this request has run, this time included.
int countRun(const Call& call) {
  static std::mutex mutex;
  static std::map<std::string, int, std::less<>> runs;
  const std::lock_guard lock{mutex};
  return ++runs[std::string{view(call.request.request_id)}];
}

/// Takes longer than a closure may: its next statement finds out.
bulkhead_status overrun(const Call& call, const bulkhead_error_sink* error) {
  std::this_thread::sleep_for(std::chrono::milliseconds{80});
  return call.host.tx_send(call.transaction, bytes("UPDATE thing SET amount = amount + 1"), nullptr,
                           0, -1, nullptr, error);
}

void tellRefusals(const Call& call, Told& told) {
  told.ends("undeclared", [&](const bulkhead_error_sink* sink) {
    return call.host.recovery_keep(call.home, call.context, nullptr, bytes("third"), bytes("x"),
                                   sink);
  });
  told.ends("too_large", [&](const bulkhead_error_sink* sink) {
    const std::string much(65 * 1024, 'm');
    return call.host.recovery_keep(call.home, call.context, nullptr, bytes("second"), bytes(much),
                                   sink);
  });
}

}  // namespace

bulkhead_status readStore(const Call& call, const bulkhead_error_sink* error) {
  Told told;
  told.tell("transaction", call.transaction != nullptr);
  std::string rows;
  JsonWriter out{rows};
  const auto status =
      tellRows(call, call.transaction, "SELECT name, amount, kept FROM thing ORDER BY name",
               nullptr, 0, out, error);
  if (status != BULKHEAD_OK) return status;
  told.tell("rows", RawJson{rows});
  told.ends("write", [&](const bulkhead_error_sink* sink) {
    return call.host.tx_send(call.transaction, bytes("DELETE FROM thing"), nullptr, 0, -1, nullptr,
                             sink);
  });
  answer(call, 200, told.take());
  return BULKHEAD_OK;
}

bulkhead_status writeStore(const Call& call, const bulkhead_error_sink* error) {
  const int runs = countRun(call);
  const std::string name = "thing " + std::string{view(call.request.request_id)};
  const bulkhead_status status =
      insert(call, call.transaction, asksFor(call, "again") ? "the same" : name, error);
  if (status != BULKHEAD_OK) return status;
  if (asksFor(call, "slow")) std::this_thread::sleep_for(std::chrono::milliseconds{35});
  if (asksFor(call, "overrun")) return overrun(call, error);
  if (asksFor(call, "refuse"))
    return refuse(error, BULKHEAD_BUSINESS_LOGIC_ERROR, "NOT_TODAY", "It is not done today.");
  if (asksFor(call, "fail"))
    return refuse(error, BULKHEAD_EXTERNAL_SERVICE_ERROR, "VENDOR_AWAY", "The vendor is away.");
  if (asksFor(call, "answer-503")) {
    answer(call, 503, R"({"own":"answer"})");
    return BULKHEAD_OK;
  }
  call.response.header(call.response.self, bytes("X-Written"), bytes(name));
  if (asksFor(call, "count"))
    call.response.header(call.response.self, bytes("X-Runs"), bytes(std::to_string(runs)));
  answer(call, 201, R"({"written":true})");
  return BULKHEAD_OK;
}

bulkhead_status recover(const Call& call, const bulkhead_error_sink* error) {
  Told told;
  const std::string first = token(call, "first", error);
  told.tell("token_size", first.size());
  told.tell("token_again", token(call, "first", error) == first);
  told.tell("other_token", token(call, "second", error) != first);
  told.tell("first_before", kept(call, "first", error));
  told.tell("second_before", kept(call, "second", error));
  if (asksFor(call, "mistakes")) tellRefusals(call, told);
  const std::string before = kept(call, "first", error);
  call.host.recovery_keep(call.home, call.context, nullptr, bytes("first"),
                          bytes(before == "nothing" ? std::string_view{"a\0b", 3} : "again"),
                          error);
  if (asksFor(call, "fail-once") && before == "nothing")
    return refuse(error, BULKHEAD_EXTERNAL_SERVICE_ERROR, "VENDOR_AWAY", "The vendor is away.");
  const auto closure = [&](bulkhead_transaction* transaction, const bulkhead_error_sink* sink) {
    const auto status = call.host.recovery_keep(call.home, call.context, transaction,
                                                bytes("second"), bytes("2"), sink);
    return status != BULKHEAD_OK ? status : insert(call, transaction, first, sink);
  };
  const auto status = transact(call, call.host.db_write, call.context, closure, error);
  if (status != BULKHEAD_OK) return status;
  told.tell("second_after", kept(call, "second", error));
  answer(call, 200, told.take());
  return BULKHEAD_OK;
}

}  // namespace conformance
