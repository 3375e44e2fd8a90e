// The store: transactions, statements, values, recovery points.
#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "probe.hpp"

namespace conformance {
namespace {

using bulkhead::JsonWriter;
using bulkhead::RawJson;

bulkhead_value integer(std::int64_t value) {
  return {BULKHEAD_INTEGER, 0, value, 0, {nullptr, 0}};
}
bulkhead_value real(double value) {
  return {BULKHEAD_REAL, 0, 0, value, {nullptr, 0}};
}
bulkhead_value text(std::string_view value) {
  return {BULKHEAD_TEXT, 0, 0, 0, bytes(value)};
}
bulkhead_value blob(std::string_view value) {
  return {BULKHEAD_BLOB, 0, 0, 0, bytes(value)};
}
bulkhead_value nothing() {
  return {BULKHEAD_NULL, 0, 0, 0, {nullptr, 0}};
}

/// One statement without rows.
bulkhead_status send(const Call& call, bulkhead_transaction* transaction, std::string_view sql,
                     const bulkhead_error_sink* error, std::int64_t expected = -1,
                     const bulkhead_error* refusal = nullptr) {
  return call.host.tx_send(transaction, bytes(sql), nullptr, 0, expected, refusal, error);
}

std::string countThings(const Call& call) {
  std::string rows;
  JsonWriter out{rows};
  transact(
      call, call.host.db_read, call.context,
      [&](bulkhead_transaction* transaction, const bulkhead_error_sink* error) {
        rows.clear();
        JsonWriter again{rows};
        return tellRows(call, transaction, "SELECT name, amount FROM thing ORDER BY name", nullptr,
                        0, again, error);
      },
      nullptr);
  return rows;
}

/// A whole transaction of one kind, told with what it left behind.
template <class Closure>
void attempt(const Call& call, Told& told, std::string_view step,
             decltype(bulkhead_host::db_read) verb, const Closure& closure) {
  told.ends(step, [&](const bulkhead_error_sink* error) {
    return transact(call, verb, call.context, closure, error);
  });
}

constexpr std::string_view kInsertB = "INSERT INTO thing (name, amount) VALUES ('b', 2)";

/// What a closure refuses rolls back, and comes out as it was said.
void tellRefusals(const Call& call, Told& told) {
  attempt(call, told, "refused", call.host.db_write, [&](auto* transaction, auto* error) {
    send(call, transaction, kInsertB, error);
    return refuse(error, BULKHEAD_BUSINESS_LOGIC_ERROR, "NOT_TODAY", "It is not done today.",
                  R"({"why":["a",1]})", 17);
  });
  told.tell("after_refused", RawJson{countThings(call)});
  attempt(call, told, "refused_without_report", call.host.db_write, [&](auto* transaction, auto*) {
    send(call, transaction, kInsertB, nullptr);
    return BULKHEAD_CONFLICT_ERROR;
  });
  attempt(call, told, "refused_with_no_kind", call.host.db_write,
          [&](auto*, auto* error) { return refuse(error, 4711, "STRANGE", "Of no kind."); });
  attempt(call, told, "reported_and_ok", call.host.db_write, [&](auto*, auto* error) {
    refuse(error, BULKHEAD_CONFLICT_ERROR, "IGNORED", "It was said, and not meant.");
    return BULKHEAD_OK;
  });
  told.tell("after_all", RawJson{countThings(call)});
}

void tellNesting(const Call& call, Told& told) {
  for (const auto& [step, verb] :
       {std::pair{"write_in_write", call.host.db_write}, {"read_in_write", call.host.db_read}}) {
    attempt(call, told, step, call.host.db_write, [&, inner = verb](auto*, auto* error) {
      return transact(
          call, inner, call.context, [](auto*, auto*) { return BULKHEAD_OK; }, error);
    });
  }
}

}  // namespace

void writeValue(JsonWriter& out, const bulkhead_value& value) {
  out.beginObject();
  out.member("type", value.type);
  out.member("reserved", value.reserved);
  if (value.type == BULKHEAD_INTEGER) out.member("integer", value.integer);
  if (value.type == BULKHEAD_REAL) out.member("real", value.real);
  if (value.type == BULKHEAD_TEXT || value.type == BULKHEAD_BLOB) {
    out.member("bytes", view(value.bytes));
    out.member("size", value.bytes.size);
  }
  out.endObject();
}

bulkhead_status tellRows(const Call& call, bulkhead_transaction* transaction, std::string_view sql,
                         const bulkhead_value* values, std::size_t count, JsonWriter& out,
                         const bulkhead_error_sink* error) {
  out.beginArray();
  const auto receive = [](void* self, const bulkhead_value* columns, std::size_t size) {
    auto& rows = *static_cast<JsonWriter*>(self);
    rows.beginArray();
    for (std::size_t i = 0; i < size; ++i) writeValue(rows, columns[i]);
    rows.endArray();
    return std::int32_t{0};
  };
  const bulkhead_status status =
      call.host.tx_read(transaction, bytes(sql), values, count, receive, &out, error);
  out.endArray();
  return status;
}

void probeWriting(const Call& call, Told& told) {
  attempt(call, told, "written", call.host.db_write, [&](auto* transaction, auto* error) {
    const auto status = send(call, transaction, "DELETE FROM thing", error);
    return status != BULKHEAD_OK
               ? status
               : send(call, transaction, "INSERT INTO thing (name, amount) VALUES ('a', 1)", error);
  });
  told.tell("after_written", RawJson{countThings(call)});
  tellRefusals(call, told);
  tellNesting(call, told);
  told.ends("without_context", [&](const bulkhead_error_sink* error) {
    return transact(
        call, call.host.db_write, nullptr, [](auto*, auto*) { return BULKHEAD_OK; }, error);
  });
  told.tell("without_sink", transact(
                                call, call.host.db_write, call.context,
                                [](auto*, auto*) { return BULKHEAD_NOT_FOUND_ERROR; }, nullptr));
}

void probeReading(const Call& call, Told& told) {
  attempt(call, told, "read", call.host.db_read, [&](auto* transaction, auto* error) {
    std::string rows;
    JsonWriter out{rows};
    const auto status =
        tellRows(call, transaction, "SELECT 1 + $1", std::array{integer(2)}.data(), 1, out, error);
    told.tell("rows", RawJson{rows});
    return status;
  });
  attempt(call, told, "sent_in_read", call.host.db_read, [&](auto* transaction, auto* error) {
    return send(call, transaction, "DELETE FROM thing", error);
  });
  attempt(call, told, "changed_by_read", call.host.db_read, [&](auto* transaction, auto* error) {
    std::string rows;
    JsonWriter out{rows};
    return tellRows(call, transaction, "DELETE FROM thing RETURNING name", nullptr, 0, out, error);
  });
  attempt(call, told, "refused", call.host.db_read, [&](auto*, auto* error) {
    return refuse(error, BULKHEAD_NOT_FOUND_ERROR, "NO_THING", "There is none.", "{}", 0);
  });
  attempt(call, told, "read_in_read", call.host.db_read, [&](auto*, auto* error) {
    return transact(
        call, call.host.db_read, call.context, [](auto*, auto*) { return BULKHEAD_OK; }, error);
  });
  told.ends("without_context", [&](const bulkhead_error_sink* error) {
    return transact(
        call, call.host.db_read, nullptr, [](auto*, auto*) { return BULKHEAD_OK; }, error);
  });
}

void probeRows(const Call& call, Told& told) {
  constexpr std::string_view kWithNul{"a\0b", 3};
  const std::array values{integer(0),
                          integer(std::numeric_limits<std::int64_t>::min()),
                          integer(std::numeric_limits<std::int64_t>::max()),
                          real(0.1),
                          real(-1e300),
                          text(""),
                          text("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xa2"),
                          text(kWithNul),
                          blob({"\0\x01\xff", 3}),
                          blob(""),
                          nothing()};
  constexpr std::string_view kAll = "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11";
  const auto read = [&](std::string_view step, std::string_view sql, std::size_t count) {
    std::string rows;
    attempt(call, told, step, call.host.db_read, [&](auto* transaction, auto* error) {
      rows.clear();
      JsonWriter out{rows};
      return tellRows(call, transaction, sql, values.data(), count, out, error);
    });
    told.tell(std::string{step} + "_rows", RawJson{rows});
  };
  read("values", kAll, values.size());
  read("too_few", kAll, 2);
  read("too_many", "SELECT 1", 2);
  read("none", "SELECT 1 WHERE 0", 0);
  read("no_statement", "", 0);
  read("no_sql", "SELEKT 1", 0);
  read("two_statements", "SELECT 1; SELECT 2", 0);
  read("no_table", "SELECT * FROM nowhere", 0);
  read("control", "ROLLBACK", 0);
  read("attach", "ATTACH ':memory:' AS other", 0);
  read("pragma", "PRAGMA user_version", 0);

  attempt(call, told, "stopped", call.host.db_read, [&](auto* transaction, auto* error) {
    int rows = 0;
    const auto receive = [](void* self, const bulkhead_value*, std::size_t) {
      return std::int32_t{++*static_cast<int*>(self) == 3 ? 1 : 0};
    };
    const auto status = call.host.tx_read(
        transaction,
        bytes("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) "
              "SELECT i FROM n"),
        nullptr, 0, receive, &rows, error);
    told.tell("stopped_after", rows);
    return status;
  });
}

void probeStatements(const Call& call, Told& told) {
  const bulkhead_error refusal{sizeof refusal,           BULKHEAD_CONFLICT_ERROR,
                               bytes("TAKEN"),           bytes("Somebody was faster."),
                               bytes(R"({"by":"you"})"), 3};
  const auto with = [&](std::string_view step, std::string_view sql, std::int64_t expected,
                        const bulkhead_error* shown) {
    attempt(call, told, step, call.host.db_write, [&](auto* transaction, auto* error) {
      return send(call, transaction, sql, error, expected, shown);
    });
  };
  with("prepared", "DELETE FROM thing", -1, nullptr);
  with("one_row", "INSERT INTO thing (name, amount) VALUES ('a', 1)", 1, &refusal);
  with("other_number", "UPDATE thing SET amount = 2 WHERE name = 'z'", 1, &refusal);
  with("other_number_unsaid", "UPDATE thing SET amount = 2 WHERE name = 'z'", 1, nullptr);
  with("twice", "INSERT INTO thing (name, amount) VALUES ('a', 1)", -1, nullptr);
  with("below_zero", "UPDATE thing SET amount = -1", -1, nullptr);
  with("gives_rows", "SELECT 1", -1, nullptr);
  with("no_sql", "INSERT", -1, nullptr);
  with("commit", "COMMIT", -1, nullptr);
  attempt(
      call, told, "refusal_is_ignored", call.host.db_write, [&](auto* transaction, auto* error) {
        send(call, transaction, "UPDATE thing SET amount = 5", error);
        send(call, transaction, "UPDATE thing SET amount = 2 WHERE name = 'z'", error, 1, &refusal);
        return BULKHEAD_OK;  // it stays a refusal
      });
  told.tell("at_the_end", RawJson{countThings(call)});
}

/// Of a call that has no recovery points; those that have are routes of their own.
void probeRecovery(const Call& call, Told& told) {
  told.ends("recovery_read", [&](const bulkhead_error_sink* error) {
    const auto receive = [](void*, const bulkhead_value*, std::size_t) { return std::int32_t{0}; };
    return call.host.recovery_read(call.home, call.context, bytes("first"), receive, nullptr,
                                   error);
  });
  told.ends("recovery_keep", [&](const bulkhead_error_sink* error) {
    return call.host.recovery_keep(call.home, call.context, nullptr, bytes("first"), bytes("x"),
                                   error);
  });
  told.ends("recovery_token", [&](const bulkhead_error_sink* error) {
    std::string token;
    const bulkhead_sink sink{&token, [](void* self, const char* data, std::size_t size) {
                               static_cast<std::string*>(self)->append(data, size);
                             }};
    return call.host.recovery_token(call.home, call.context, bytes("first"), &sink, error);
  });
  told.ends("without_context", [&](const bulkhead_error_sink* error) {
    return call.host.recovery_keep(call.home, nullptr, nullptr, bytes("first"), bytes("x"), error);
  });
}

}  // namespace conformance
