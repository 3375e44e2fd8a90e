// What a call brings and how it is answered, whole and in pieces.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "routes.hpp"

namespace conformance {
namespace {

using bulkhead::JsonWriter;

void tellFields(Told& told, std::string_view step, const bulkhead_field* fields,
                std::size_t count) {
  std::vector<std::pair<std::string_view, std::string_view>> sorted;
  for (std::size_t i = 0; i < count; ++i)
    sorted.emplace_back(view(fields[i].name), view(fields[i].value));
  told.tell(step, [&](JsonWriter& out) {
    out.array(sorted, [](JsonWriter& pairs, const auto& field) {
      pairs.object("name", field.first, "value", field.second);
    });
  });
}

std::uint64_t sumOf(std::string_view bytes) {
  std::uint64_t sum = 14695981039346656037U;  // FNV-1a
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return sum;
}

std::size_t queryNumber(const bulkhead_request& request) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < request.query_count; ++i) {
    const auto value = view(request.query[i].value);
    if (view(request.query[i].name) == "n")
      std::from_chars(value.data(), value.data() + value.size(), number);
  }
  return number;
}

void header(const Call& call, std::string_view name, std::string_view value) {
  call.response.header(call.response.self, bytes(name), bytes(value));
}

/// Each byte is that of its place.
void fillPattern(std::string& piece, std::size_t from) {
  for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>((from + i) % 251);
}

struct Way {
  std::string_view name;
  bulkhead_status (*answer)(const Call& call, const bulkhead_error_sink* error);
};

bulkhead_status sendMuch(const Call& call, const bulkhead_error_sink* error) {
  const bulkhead_response& out = call.response;
  header(call, "content-type", "application/octet-stream");
  bulkhead_status status = out.begin(out.self, error);
  std::string piece(48 * 1024, '\0');
  const std::size_t size = queryNumber(call.request);
  for (std::size_t at = 0; at < size && status == BULKHEAD_OK; at += piece.size()) {
    piece.resize(std::min(piece.size(), size - at));
    fillPattern(piece, at);
    status = out.send(out.self, piece.data(), piece.size(), error);
  }
  return status;
}

/// Goes on until it is told to end, and says in the log why it did.
bulkhead_status sendForEver(const Call& call, const bulkhead_error_sink* error) {
  const bulkhead_response& out = call.response;
  header(call, "content-type", "text/event-stream");
  bulkhead_status status = out.begin(out.self, error);
  for (int event = 0; status == BULKHEAD_OK; ++event) {
    const std::string text = "data: " + std::to_string(event) + "\n\n";
    status = out.send(out.self, text.data(), text.size(), nullptr);
    if (out.pause(out.self, 10'000) != 0) break;
  }
  Caught caught;
  const bulkhead_status after = out.send(out.self, "data: end\n\n", 11, caught.sink());
  const std::string ended = "stream: was told to end; send says " + std::string{caught.code()};
  call.host.log(call.home, call.context, BULKHEAD_LOG_INFO, bytes(ended), {});
  return after;
}

/// The order in which the functions have to be called, and what they say otherwise.
bulkhead_status sendOddly(const Call& call, const bulkhead_error_sink* error) {
  const bulkhead_response& out = call.response;
  Told told;
  told.ends("send_before_begin",
            [&](const bulkhead_error_sink* sink) { return out.send(out.self, "x", 1, sink); });
  told.tell("pause_before_begin", out.pause(out.self, 0));
  out.status(out.self, 207);
  header(call, "X-Mark", "of the plugin");
  const bulkhead_status begun = out.begin(out.self, error);
  if (begun != BULKHEAD_OK) return begun;
  told.ends("begin_twice",
            [&](const bulkhead_error_sink* sink) { return out.begin(out.self, sink); });
  told.tell("pause_after_begin", out.pause(out.self, 1000));
  told.tell("send_nothing", out.send(out.self, "", 0, nullptr));
  const std::string text = told.take();
  return out.send(out.self, text.data(), text.size(), error);
}

bulkhead_status breakOff(const Call& call, const bulkhead_error_sink* error) {
  const bulkhead_response& out = call.response;
  out.begin(out.self, error);
  out.send(out.self, "half of it", 10, error);
  return refuse(error, BULKHEAD_EXTERNAL_SERVICE_ERROR, "HALF", "The other half is lost.");
}

constexpr Way kStreams[] = {
    {"much", &sendMuch},
    {"for-ever", &sendForEver},
    {"oddly", &sendOddly},
    {"breaks", &breakOff},
    {"refuses",
     [](const Call&, const bulkhead_error_sink* error) {
       return refuse(error, BULKHEAD_NOT_FOUND_ERROR, "NO_STREAM", "There is no such stream.");
     }},
    {"whole",
     [](const Call& call, const bulkhead_error_sink*) {
       answer(call, 200, R"({"whole":true})");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"nothing",
     [](const Call&, const bulkhead_error_sink*) { return bulkhead_status{BULKHEAD_OK}; }},
};

void flood(const Call& call) {
  for (int i = 0; i < 200; ++i) header(call, "X-Flood-" + std::to_string(i), "x");
}

constexpr Way kAnswers[] = {
    {"nothing",
     [](const Call&, const bulkhead_error_sink*) { return bulkhead_status{BULKHEAD_OK}; }},
    {"no-content",
     [](const Call& call, const bulkhead_error_sink*) {
       call.response.status(call.response.self, 204);
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"text",
     [](const Call& call, const bulkhead_error_sink*) {
       header(call, "Content-Type", "text/plain; charset=utf-8");
       header(call, "X-Twice", "one");
       header(call, "x-twice", "two");
       header(call, "Set-Cookie", "a=b; HttpOnly");
       header(call, "Cache-Control", "private");
       header(call, "X-Frame-Options", "ALLOWALL");
       header(call, "Server", "of the plugin");
       for (const char letter : {'o', 'k'}) call.response.body(call.response.self, &letter, 1);
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"big",
     [](const Call& call, const bulkhead_error_sink*) {
       std::string body(std::size_t{20} << 20U, '\0');
       fillPattern(body, 0);
       header(call, "Content-Type", "application/octet-stream");
       call.response.body(call.response.self, body.data(), body.size());
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"too-big",
     [](const Call& call, const bulkhead_error_sink*) {
       const std::string body(std::size_t{65} << 20U, 'x');
       call.response.body(call.response.self, body.data(), body.size());
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"flood",
     [](const Call& call, const bulkhead_error_sink*) {
       flood(call);
       answer(call, 200, "{}");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"long-field",
     [](const Call& call, const bulkhead_error_sink*) {
       header(call, "X-Long", std::string(40'000, 'l'));
       answer(call, 200, "{}");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"twice",
     [](const Call& call, const bulkhead_error_sink*) {
       answer(call, 200, "{}");
       answer(call, 201, "{}");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"status-0",
     [](const Call& call, const bulkhead_error_sink*) {
       answer(call, 0, "{}");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"status-199",
     [](const Call& call, const bulkhead_error_sink*) {
       answer(call, 199, "{}");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"status-304",
     [](const Call& call, const bulkhead_error_sink*) {
       call.response.status(call.response.self, 304);
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"status-599",
     [](const Call& call, const bulkhead_error_sink*) {
       answer(call, 599, R"({"own":true})");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"status-600",
     [](const Call& call, const bulkhead_error_sink*) {
       answer(call, 600, "{}");
       return bulkhead_status{BULKHEAD_OK};
     }},
    {"then-refuses",
     [](const Call& call, const bulkhead_error_sink* error) {
       answer(call, 200, "{}");
       return refuse(error, BULKHEAD_CONFLICT_ERROR, "AFTER_ALL", "It was refused after all.");
     }},
};

template <std::size_t N>
bulkhead_status goThisWay(const Way (&ways)[N], const Call& call,
                          const bulkhead_error_sink* error) {
  const auto how = parameter(call.request, "how");
  for (const Way& way : ways) {
    if (way.name == how) return way.answer(call, error);
  }
  return refuse(error, BULKHEAD_NOT_FOUND_ERROR, "NO_SUCH_WAY", "There is no such way.");
}

/// Reads the body to its end, by pieces of that size.
template <class Take>
bulkhead_status readBody(const Call& call, std::size_t size, const bulkhead_error_sink* error,
                         const Take& take) {
  std::string piece(size, '\0');
  for (;;) {
    std::size_t taken = 0;
    const bulkhead_status status =
        call.host.body_read(call.context, piece.data(), piece.size(), &taken, error);
    if (status != BULKHEAD_OK) return status;
    if (taken == 0) return BULKHEAD_OK;
    take(std::string_view{piece.data(), taken});
  }
}

}  // namespace

void probeRequest(const Call& call, Told& told) {
  const bulkhead_request& request = call.request;
  told.tell("size", request.size);
  told.tell("route", request.route);
  told.tell("context", request.context != nullptr);
  told.tell("transaction", call.transaction != nullptr);
  told.tell("method", view(request.method));
  told.tell("path", view(request.path));
  told.tell("tenant", view(request.tenant));
  told.tell("key_id", view(request.key_id));
  told.tell("request_id", view(request.request_id));
  told.tell("trace_id", view(request.trace_id));
  told.tell("scopes", view(request.scopes));
  told.tell("body_size", request.body.size);
  told.tell("body_sum", sumOf(view(request.body)));
  if (request.body.size < 1000) told.tell("body", view(request.body));
  tellFields(told, "parameters", request.parameters, request.parameter_count);
  tellFields(told, "query", request.query, request.query_count);
  tellFields(told, "headers", request.headers, request.header_count);
}

void probeResponse(const Call& call, Told& told) {
  const bulkhead_response& out = call.response;
  told.tell("size", out.size);
  told.tell("reserved", out.reserved);
  told.tell("self", out.self != nullptr);
  told.tell("streams", out.begin != nullptr || out.send != nullptr || out.pause != nullptr);
  const auto add = [&](std::string_view name, std::string_view value) {
    return out.header(out.self, bytes(name), bytes(value));
  };
  told.tell("good", add("X-Good", "yes \t caf\xc3\xa9"));
  told.tell("empty_value", add("X-Empty", ""));
  told.tell("empty_name", add("", "x"));
  told.tell("line_break", add("X-Bad", "a\r\nX-Forged: b"));
  told.tell("line_feed", add("X-Bad", "a\nb"));
  told.tell("nul", add("X-Bad", std::string_view{"a\0b", 3}));
  told.tell("space_in_name", add("X Bad", "x"));
  told.tell("colon_in_name", add("X-Bad:", "x"));
  told.tell("hosts_own", add("X-Content-Type-Options", "sniff"));
  told.tell("length", add("Content-Length", "7"));
  told.tell("coding", add("Transfer-Encoding", "chunked"));
  told.tell("connection", add("Connection", "close"));
  told.tell("date", add("Date", "never"));
  told.tell("request_id", add("X-Request-Id", "forged"));
}

/// Of a call that does not stream.
void probeStreams(const Call& call, Told& told) {
  told.tell("begin", call.response.begin != nullptr);
  told.tell("send", call.response.send != nullptr);
  told.tell("pause", call.response.pause != nullptr);
  char byte = 0;
  std::size_t taken = 4711;
  told.ends("body_read", [&](const bulkhead_error_sink* error) {
    return call.host.body_read(call.context, &byte, 1, &taken, error);
  });
  told.ends("body_read_without_context", [&](const bulkhead_error_sink* error) {
    return call.host.body_read(nullptr, &byte, 1, &taken, error);
  });
}

bulkhead_status answerOddly(const Call& call, const bulkhead_error_sink* error) {
  return goThisWay(kAnswers, call, error);
}

bulkhead_status answerInPieces(const Call& call, const bulkhead_error_sink* error) {
  return goThisWay(kStreams, call, error);
}

bulkhead_status takePieces(const Call& call, const bulkhead_error_sink* error) {
  const auto how = parameter(call.request, "how");
  if (how == "refused")
    return refuse(error, BULKHEAD_CONFLICT_ERROR, "UNWANTED", "It is not wanted.");
  std::size_t at = 0;
  std::size_t wrong = 0;
  const auto status = readBody(call, how == "bytewise" ? 1 : 50'000, error, [&](auto piece) {
    for (std::size_t i = 0; i < piece.size(); ++i)
      wrong += piece[i] == static_cast<char>((at + i) % 251) ? 0U : 1U;
    at += piece.size();
  });
  if (status != BULKHEAD_OK) {
    call.host.log(call.home, call.context, BULKHEAD_LOG_INFO, bytes("stream: the body broke off"),
                  {});
    return status;
  }
  Told told;
  told.tell("bytes", at);
  told.tell("wrong", wrong);
  told.tell("whole_body", call.request.body.size);
  answer(call, 200, told.take());
  return BULKHEAD_OK;
}

bulkhead_status sendBack(const Call& call, const bulkhead_error_sink* error) {
  const bulkhead_response& out = call.response;
  bulkhead_status status = out.begin(out.self, error);
  if (status != BULKHEAD_OK) return status;
  bulkhead_status sent = BULKHEAD_OK;
  status = readBody(call, 50'000, error, [&](auto piece) {
    if (sent == BULKHEAD_OK) sent = out.send(out.self, piece.data(), piece.size(), error);
  });
  return status != BULKHEAD_OK ? status : sent;
}

}  // namespace conformance
