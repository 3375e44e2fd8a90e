#include "capabilities/desk_answers.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "capabilities/desk_reading.hpp"

namespace bulkhead::host::desk_answers {
namespace {

using namespace reading;

constexpr std::size_t kSourcesMax = 100;
constexpr std::size_t kHandlersMax = 10'000;

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
  agenda.next_in = nextIn(answer);
  return agenda;
}

std::string_view outcome(const Json& answer) {
  constexpr std::array<std::string_view, 5> kOutcomes{"done", "retry", "dead", "gone", "busy"};
  return word(answer, "outcome", kOutcomes);
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
    row.state = word(one, "state", kStates);
    row.error = text(one, "error");
    row.received_us = time(one, "received_us");
    row.next_at_us = time(one, "next_at_us");
    row.attempts = smallNumber(one, "attempts");
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
