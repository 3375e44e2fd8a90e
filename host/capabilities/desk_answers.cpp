#include "capabilities/desk_answers.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

namespace bulkhead::host::desk_answers {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kSourcesMax = 100;
constexpr std::size_t kHandlersMax = 10'000;
constexpr std::size_t kListedMax = 1000;
constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
/// What is planned for later is looked at anew by then.
constexpr std::chrono::milliseconds kNextMin{100};
constexpr std::chrono::milliseconds kNextMax{3'600'000};

[[noreturn]] void refuse(std::string_view what) {
  throw DeskAnswerError{fmt::format("The answer of its desk has no {} as there is one.", what)};
}

const Json& member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (found == object.end()) refuse(name);
  return *found;
}

std::int64_t number(const Json& object, const char* name, std::int64_t least) {
  const Json& value = member(object, name);
  if (!value.is_number_integer()) refuse(name);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{kNumberMax})
    refuse(name);
  const auto read = value.get<std::int64_t>();
  if (read < least) refuse(name);
  return read;
}

std::string text(const Json& object, const char* name, std::size_t most = kTextBytesMax) {
  const Json& value = member(object, name);
  if (!value.is_string() || value.get_ref<const std::string&>().size() > most) refuse(name);
  return value.get<std::string>();
}

/// Of the wall clock, from 1970 to 2200.
std::int64_t time(const Json& object, const char* name) {
  constexpr std::int64_t kMost = 7'258'118'400'000'000;
  return std::min(number(object, name, 0), kMost);
}

const Json& list(const Json& object, const char* name, std::size_t most) {
  const Json& value = member(object, name);
  if (!value.is_array() || value.size() > most) refuse(name);
  return value;
}

/// "TRACE SPAN REQUEST"; anything else is none.
std::string trace(const Json& object) {
  std::string read = text(object, "trace");
  const bool visible =
      std::all_of(read.begin(), read.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return visible && read.size() <= inbox::kTextBytesMax ? read : std::string{};
}

std::vector<MessageFigures> figuresIn(const Json& answer, const char* name) {
  std::vector<MessageFigures> all;
  for (const Json& one : list(answer, name, kSourcesMax)) {
    const std::chrono::microseconds oldest{number(one, "oldest_us", 0)};
    all.push_back({text(one, "source", inbox::kTextBytesMax), number(one, "pending", 0),
                   number(one, "dead", 0),
                   std::chrono::duration_cast<std::chrono::seconds>(oldest)});
  }
  return all;
}

}  // namespace

Json read(std::string_view text) {
  if (text.size() > kBytesMax) throw DeskAnswerError{"The answer of its desk is too long."};
  Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object()) throw DeskAnswerError{"The answer of its desk is no JSON object."};
  return answer;
}

outbox::Page page(const Json& answer) {
  outbox::Page page;
  std::int64_t before = 0;
  for (const Json& one : list(answer, "events", outbox::kPageRows)) {
    outbox::Event event;
    event.seq = before = number(one, "seq", before + 1);
    event.id = text(one, "id", kBytesMax);
    event.event = text(one, "event", kBytesMax);
    event.tenant = text(one, "tenant", kBytesMax);
    event.subject = text(one, "subject", kBytesMax);
    event.payload = text(one, "payload", kBytesMax);
    event.trace = trace(one);
    event.created_us = time(one, "created_us");
    page.events.push_back(std::move(event));
  }
  page.more = flag(answer, "more");
  return page;
}

std::int64_t last(const Json& answer) {
  return number(answer, "last", 0);
}

Settled settled(const Json& answer) {
  return {number(answer, "died", 0), flag(answer, "more")};
}

std::size_t aside(const Json& answer, std::size_t sent) {
  return std::min(static_cast<std::size_t>(number(answer, "aside", 0)), sent);
}

Heard heard(const Json& answer) {
  Heard heard;
  for (const Json& one : list(answer, "heard", kHandlersMax))
    heard.handlers.emplace(text(one, "source"), text(one, "type"));
  heard.more = flag(answer, "more");
  return heard;
}

Agenda agenda(const Json& answer) {
  Agenda agenda;
  for (const Json& one : list(answer, "due", std::size_t{kDueMax})) {
    agenda.due.push_back({number(one, "seq", 1), text(one, "source"), text(one, "type"),
                          text(one, "tenant"), trace(one)});
  }
  const std::int64_t next = number(answer, "next_in_us", -1);
  if (next >= 0) {
    const auto most = std::chrono::microseconds{kNextMax}.count();
    const std::chrono::microseconds wait{std::min(next, most)};
    agenda.next_in = std::max(kNextMin, std::chrono::ceil<std::chrono::milliseconds>(wait));
  }
  return agenda;
}

std::string_view outcome(const Json& answer) {
  constexpr std::array<std::string_view, 5> kOutcomes{"done", "retry", "dead", "gone", "busy"};
  const std::string told = text(answer, "outcome");
  const auto found = std::find(kOutcomes.begin(), kOutcomes.end(), told);
  if (found == kOutcomes.end()) refuse("outcome");
  return *found;
}

Figures figures(const Json& answer) {
  return {figuresIn(answer, "outbox"), figuresIn(answer, "inbox")};
}

std::vector<inbox::Listed> listed(const Json& answer) {
  constexpr std::array<std::string_view, 4> kStates{"new", "done", "ignored", "dead"};
  std::vector<inbox::Listed> all;
  for (const Json& one : list(answer, "messages", kListedMax)) {
    inbox::Listed row;
    row.seq = number(one, "seq", 1);
    row.source = text(one, "source");
    row.provider = text(one, "provider");
    row.key = text(one, "id");
    row.type = text(one, "type");
    row.subject = text(one, "subject");
    row.tenant = text(one, "tenant");
    row.state = text(one, "state");
    if (std::find(kStates.begin(), kStates.end(), row.state) == kStates.end()) refuse("state");
    row.error = text(one, "error");
    row.received_us = time(one, "received_us");
    row.next_at_us = time(one, "next_at_us");
    row.attempts = static_cast<std::uint32_t>(std::min<std::int64_t>(
        number(one, "attempts", 0), std::numeric_limits<std::uint32_t>::max()));
    row.body_bytes = number(one, "body_bytes", 0);
    all.push_back(std::move(row));
  }
  return all;
}

bool flag(const Json& answer, const char* name) {
  const auto found = answer.find(name);
  return found != answer.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace bulkhead::host::desk_answers
