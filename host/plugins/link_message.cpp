#include "plugins/link_message.hpp"

#include <algorithm>
#include <limits>

#include "runtime/plugin_answer.hpp"
#include "runtime/plugin_capabilities.hpp"

namespace bulkhead::host {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kFieldsMax = 10'000;
constexpr std::size_t kHeadFieldsMax = PluginAnswer::kFieldsMax + 32;  // and those of the host
constexpr std::size_t kHeadBytesMax = 2 * PluginAnswer::kFieldBytesMax;

std::int64_t microseconds(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

void writeFields(FrameWriter& frame, const Fields& fields, bool drop_credentials) {
  const auto crosses = [&](const auto& field) {
    return !drop_credentials || !isCredential(field.first);
  };
  frame.number(static_cast<std::uint64_t>(std::count_if(fields.begin(), fields.end(), crosses)));
  for (const auto& field : fields) {
    if (crosses(field)) frame.text(field.first).text(field.second);
  }
}

Fields readFields(FieldReader& reader, std::uint64_t max) {
  Fields fields;
  const std::uint64_t count = reader.numberUpTo(max);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = reader.text();
    fields.emplace_back(name, reader.text());
  }
  return fields;
}

void writePrincipal(FrameWriter& frame, const Principal& principal) {
  frame.text(principal.key_id).text(principal.tenant);
  frame.number(principal.scopes.size());
  for (const auto& scope : principal.scopes) frame.text(scope);
  frame.number(principal.authenticated ? 1 : 0).number(principal.bound_to_tenants ? 1 : 0);
}

Principal readPrincipal(FieldReader& reader) {
  Principal principal;
  principal.key_id = reader.text();
  principal.tenant = reader.text();
  for (std::uint64_t left = reader.numberUpTo(kFieldsMax); left > 0; --left)
    principal.scopes.emplace_back(reader.text());
  principal.authenticated = reader.flag();
  principal.bound_to_tenants = reader.flag();
  return principal;
}

/// As the front's own handlers have to give it: addHeader refuses what would break the message.
void readHead(FieldReader& reader, HttpResponse& response) {
  response.status = static_cast<int>(reader.numberUpTo(599));
  if (response.status < 200) throw LinkError{"an answer has a status that HTTP does not know"};
  std::size_t bytes = 0;
  for (const auto& [name, value] : readFields(reader, kHeadFieldsMax)) {
    bytes += name.size() + value.size();
    if (bytes > kHeadBytesMax) throw LinkError{"an answer has more header fields than it may have"};
    if (PluginAnswer::isHostsOwn(name)) continue;
    try {
      response.addHeader(name, value);
    } catch (const std::invalid_argument&) {
      throw LinkError{"an answer has a header field that would break the message"};
    }
  }
}

void writeBody(FrameWriter& frame, std::string_view body, BodyPlace place) {
  if (place == BodyPlace::InFrame) {
    frame.rest(body).finish();
  } else {
    frame.finish(body.size());
  }
}

ErrorKind readKind(FieldReader& reader) {
  const auto number = reader.numberUpTo(static_cast<std::uint64_t>(ErrorKind::Configuration));
  if (number == 0) throw LinkError{"an error has no kind"};
  return static_cast<ErrorKind>(number);
}

}  // namespace

bool isCredential(std::string_view name) {
  return name == "authorization" || name == "cookie" || name == "x-api-key" ||
         name == "proxy-authorization";
}

void writeCall(std::string& out, std::uint64_t id, const CallMessage& call,
               const HttpRequest& request, BodyPlace body) {
  FrameWriter frame{out, FrameType::Request, id};
  frame.number(call.route).number(call.slot).integer(microseconds(call.deadline));
  frame.number(call.streams_body ? 1 : 0).number(request.call_depth);
  frame.text(request.method).text(request.path);
  frame.text(request.request_id).text(request.trace_id).text(request.span_id);
  writePrincipal(frame, request.principal);
  writeFields(frame, request.path_parameters, false);
  writeFields(frame, request.query, false);
  writeFields(frame, request.headers, true);
  writeBody(frame, request.body, body);
}

CallMessage readCall(std::string_view payload) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  FieldReader reader{payload};
  CallMessage call;
  call.route = static_cast<std::uint32_t>(reader.numberUpTo(kMax));
  call.slot = static_cast<std::uint32_t>(reader.numberUpTo(kMax));
  call.deadline = reader.time();
  call.streams_body = reader.flag();
  HttpRequest& request = call.request;
  request.call_depth = static_cast<std::uint32_t>(reader.numberUpTo(kCallDepthMax));
  request.method = reader.text();
  request.path = reader.text();
  request.request_id = reader.text();
  request.trace_id = reader.text();
  request.span_id = reader.text();
  request.principal = readPrincipal(reader);
  request.path_parameters = readFields(reader, kFieldsMax);
  request.query = readFields(reader, std::numeric_limits<std::uint32_t>::max());
  request.headers = readFields(reader, kFieldsMax);
  request.body = reader.rest();
  return call;
}

void writeAnswer(std::string& out, std::uint64_t id, const HttpResponse& response, bool streams,
                 BodyPlace body) {
  FrameWriter frame{out, FrameType::Answer, id};
  frame.integer(response.status);
  writeFields(frame, response.headers, false);
  const Refusal& refusal = response.refusal;
  frame.number(refusal.code.empty() ? 0 : 1);
  if (!refusal.code.empty())
    frame.number(static_cast<std::uint64_t>(refusal.kind)).text(refusal.code).text(refusal.message);
  frame.number(streams ? 1 : 0);
  writeBody(frame, response.body, body);
}

AnswerMessage readAnswer(std::string_view payload) {
  FieldReader reader{payload};
  AnswerMessage answer;
  readHead(reader, answer.response);
  if (reader.flag()) {
    answer.response.refusal.kind = readKind(reader);
    answer.response.refusal.code = reader.text();
    answer.response.refusal.message = reader.text();
  }
  answer.streams = reader.flag();
  answer.response.body = reader.rest();
  if (answer.streams && !answer.response.body.empty())
    throw LinkError{"an answer that streams has a body in its head"};
  return answer;
}

void writeError(std::string& out, FrameType type, std::uint64_t id, const Error& error) {
  FrameWriter frame{out, type, id};
  frame.number(static_cast<std::uint64_t>(error.kind())).text(error.code()).text(error.message());
  frame.text(error.details()).integer(error.retryAfterSeconds()).finish();
}

Error readError(std::string_view payload) {
  constexpr std::uint64_t kYear = 31'536'000;
  FieldReader reader{payload};
  const ErrorKind kind = readKind(reader);
  const std::string_view code = reader.text();
  Error error{kind, code, reader.text()};
  const std::string_view details = reader.text();
  const auto retry = static_cast<int>(reader.numberUpTo(kYear));
  reader.finish();
  return std::move(error).withDetails(std::string{details}).withRetryAfter(retry);
}

void writeData(std::string& out, std::uint64_t id, std::string_view bytes) {
  FrameWriter{out, FrameType::Data, id}.rest(bytes).finish();
}

void writeEnd(std::string& out, std::uint64_t id, StreamEnd end) {
  FrameWriter{out, FrameType::End, id}.number(static_cast<std::uint64_t>(end)).finish();
}

StreamEnd readEnd(std::string_view payload) {
  FieldReader reader{payload};
  const auto end = reader.numberUpTo(static_cast<std::uint64_t>(StreamEnd::WantedSoon));
  reader.finish();
  return static_cast<StreamEnd>(end);
}

void writeCredit(std::string& out, std::uint64_t id, std::uint64_t bytes) {
  FrameWriter{out, FrameType::Credit, id}.number(bytes).finish();
}

std::uint64_t readCredit(std::string_view payload) {
  FieldReader reader{payload};
  const std::uint64_t bytes = reader.numberUpTo(Frame::kPayloadBytesMax);
  reader.finish();
  return bytes;
}

}  // namespace bulkhead::host
