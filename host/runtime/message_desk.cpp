#include "runtime/message_desk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

#include "runtime/inbox.hpp"
#include "runtime/outbox.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

/// Transactions of one kind that one request has at most.
constexpr int kRoundsMax = 8;

class Desk {
 public:
  Desk(const Json& request, const DeskStore& store, double chance)
      : request_{request}, store_{store}, chance_{chance} {}

  Json answer() const {
    const std::string verb = text("verb");
    if (verb == "next") return next();
    if (verb == "advance") return advance();
    if (verb == "mark") return mark();
    if (verb == "settle") return settle();
    if (verb == "listen") return listen();
    if (verb == "keep") return keep();
    if (verb == "agenda") return agenda();
    if (verb == "finish") return finish();
    if (verb == "postpone") return postpone();
    if (verb == "sweep") return sweep();
    if (verb == "figures") return figures();
    if (verb == "list") return list();
    if (verb == "replay") return replay();
    throw Error::app("INTERNAL_ERROR", "Nothing is asked of messages like that.");
  }

 private:
  using Transaction = data::Transaction;

  std::string text(const char* name) const { return request_.value(name, std::string{}); }
  std::vector<std::string> texts(const char* name) const {
    return request_.value(name, std::vector<std::string>{});
  }
  std::int64_t number(const char* name) const { return request_.value(name, std::int64_t{0}); }
  std::int64_t ago(const char* name) const {
    return std::min(store_.now_us, store_.sure_now_us) - number(name);
  }
  /// Does it in one transaction after the other while there is more; true when there still is.
  bool inRounds(const std::function<bool(Transaction&)>& round) const {
    for (int rounds = 0; rounds < kRoundsMax; ++rounds) {
      bool more = false;
      store_.write([&](Transaction& transaction) { more = round(transaction); });
      if (!more) return false;
    }
    return true;
  }

  Json next() const {
    outbox::Page page;
    store_.read([&](Transaction& transaction) {
      page = outbox::next(transaction, text("capability"), text("consumer"), ago("expired_us"));
    });
    Json events = Json::array();
    for (auto& event : page.events) {
      events.push_back({{"seq", event.seq},
                        {"id", std::move(event.id)},
                        {"event", std::move(event.event)},
                        {"tenant", std::move(event.tenant)},
                        {"subject", std::move(event.subject)},
                        {"payload", std::move(event.payload)},
                        {"trace", std::move(event.trace)},
                        {"created_us", event.created_us}});
    }
    return {{"events", std::move(events)}, {"more", page.more}};
  }

  Json advance() const {
    store_.write([&](Transaction& transaction) {
      for (const auto& dead : request_.value("dead", Json::array()))
        outbox::bury(transaction, dead.at("seq").get<std::int64_t>(),
                     dead.at("error").get<std::string>());
      outbox::advance(transaction, text("capability"), text("consumer"), number("seq"));
    });
    return Json::object();
  }

  Json mark() const {
    std::int64_t last = 0;
    store_.read(
        [&](Transaction& transaction) { last = outbox::last(transaction, text("capability")); });
    return {{"last", last}};
  }

  Json settle() const {
    const bool more = inRounds([&](Transaction& transaction) {
      return outbox::settle(transaction, text("capability"), texts("consumers"), texts("unsure"),
                            number("through"));
    });
    outbox::Expired expired;
    store_.write([&](Transaction& transaction) {
      expired = outbox::expire(transaction, text("capability"), ago("expired_us"));
    });
    return {{"more", more || expired.more}, {"died", expired.count}};
  }

  Json listen() const {
    bool more = false;
    for (const auto& handler : request_.at("handlers")) {
      const auto source = handler.at("source").get<std::string>();
      const auto type = handler.at("type").get<std::string>();
      bool heard = false;
      store_.read(
          [&](Transaction& transaction) { heard = inbox::isHeard(transaction, source, type); });
      if (heard) continue;
      more = inRounds([&](Transaction& transaction) {
               return inbox::listen(transaction, source, type, store_.now_us);
             }) ||
             more;
    }
    std::vector<std::pair<std::string, std::string>> all;
    store_.read([&](Transaction& transaction) { all = inbox::heard(transaction); });
    Json listed = Json::array();
    for (auto& [source, type] : all)
      listed.push_back({{"source", std::move(source)}, {"type", std::move(type)}});
    return {{"heard", std::move(listed)}, {"more", more}};
  }

  static inbox::NewRow rowOf(const Json& one) {
    inbox::NewRow row;
    row.source = one.at("source").get<std::string>();
    row.provider = one.value("provider", std::string{});
    row.key = one.at("id").get<std::string>();
    row.type = one.at("event").get<std::string>();
    row.subject = one.at("subject").get<std::string>();
    row.tenant = one.at("tenant").get<std::string>();
    row.body = one.at("payload").get<std::string>();
    row.trace = one.at("trace").get<std::string>();
    row.event_time_us = one.at("created_us").get<std::int64_t>();
    return row;
  }

  Json keep() const {
    std::int64_t kept = 0;
    std::int64_t aside = 0;
    store_.write([&](Transaction& transaction) {
      kept = aside = 0;
      for (const auto& one : request_.at("messages")) {
        const bool ignored = one.value("aside", false);
        const auto put = ignored ? inbox::setAside : inbox::keep;
        if (put(transaction, rowOf(one), store_.now_us)) ++(ignored ? aside : kept);
      }
    });
    return {{"kept", kept}, {"aside", aside}};
  }

  Json agenda() const {
    inbox::Agenda found;
    store_.read([&](Transaction& transaction) {
      found = inbox::agenda(transaction, store_.now_us, number("limit"));
    });
    Json due = Json::array();
    for (const auto& one : found.due)
      due.push_back({{"seq", one.seq},
                     {"source", one.source},
                     {"type", one.type},
                     {"tenant", one.tenant},
                     {"trace", one.trace}});
    const std::int64_t wait = found.next_at_us == 0 ? -1 : found.next_at_us - store_.now_us;
    return {{"due", std::move(due)}, {"next_in_us", wait}};
  }

  Json finish() const {
    bool released = false;
    store_.write([&](Transaction& transaction) {
      released = false;
      if (const auto row = inbox::load(transaction, number("seq")))
        released = inbox::finish(transaction, *row, text("state"), text("error"), store_.now_us);
    });
    return {{"released", released}};
  }

  Json postpone() const {
    std::string outcome;
    bool released = false;
    store_.write([&](Transaction& transaction) {
      outcome = "gone";
      released = false;
      const auto row = inbox::load(transaction, number("seq"));
      if (!row) return;
      const std::uint32_t failed = row->attempts + 1;
      if (failed >= request_.at("attempts_max").get<std::uint32_t>()) {
        outcome = "dead";
        released = inbox::finish(transaction, *row, "dead", text("error"), store_.now_us);
      } else {
        outcome = "retry";
        inbox::postpone(transaction, *row, text("error"), store_.now_us,
                        inbox::delayUs(failed, chance_));
      }
    });
    return {{"outcome", outcome}, {"released", released}};
  }

  Json sweep() const {
    const bool more_out = inRounds(
        [&](Transaction& transaction) { return outbox::forget(transaction, ago("forgotten_us")); });
    const bool more_in = inRounds(
        [&](Transaction& transaction) { return inbox::forget(transaction, ago("forgotten_us")); });
    const bool more_bodies = inRounds(
        [&](Transaction& transaction) { return inbox::empty(transaction, ago("emptied_us")); });
    return {{"more", more_out || more_in || more_bodies}};
  }

  std::int64_t age(std::int64_t at_us) const {
    return at_us == 0 ? 0 : std::max<std::int64_t>(0, store_.now_us - at_us);
  }

  Json figures() const {
    std::vector<outbox::Figures> out;
    std::vector<inbox::Figures> in;
    store_.read([&](Transaction& transaction) {
      out = outbox::figures(transaction);
      in = inbox::figures(transaction);
    });
    Json published = Json::array();
    for (const auto& one : out)
      published.push_back({{"source", one.capability},
                           {"pending", one.pending},
                           {"dead", one.dead},
                           {"oldest_us", age(one.oldest_us)}});
    Json received = Json::array();
    for (const auto& one : in)
      received.push_back({{"source", one.source},
                          {"pending", one.pending},
                          {"dead", one.dead},
                          {"oldest_us", age(one.oldest_us)}});
    return {{"outbox", std::move(published)}, {"inbox", std::move(received)}};
  }

  Json list() const {
    std::vector<inbox::Listed> rows;
    store_.read([&](Transaction& transaction) {
      rows = inbox::list(transaction, {text("state"), text("source"), number("before"),
                                       request_.value("limit", std::int64_t{100})});
    });
    Json messages = Json::array();
    for (const auto& row : rows) {
      messages.push_back({{"seq", row.seq},
                          {"source", row.source},
                          {"provider", row.provider},
                          {"id", row.key},
                          {"type", row.type},
                          {"subject", row.subject},
                          {"tenant", row.tenant},
                          {"state", row.state},
                          {"error", row.error},
                          {"received_us", row.received_us},
                          {"next_at_us", row.next_at_us},
                          {"attempts", row.attempts},
                          {"body_bytes", row.body_bytes}});
    }
    return {{"messages", std::move(messages)}};
  }

  Json replay() const {
    bool replayed = false;
    store_.write([&](Transaction& transaction) {
      replayed = inbox::replay(transaction, number("seq"), store_.now_us);
    });
    return {{"replayed", replayed}};
  }

  const Json& request_;
  const DeskStore& store_;
  const double chance_;
};

}  // namespace

std::string answerMessageDesk(std::string_view request, const DeskStore& store, double chance) {
  try {
    const Json document = Json::parse(request);
    return Desk{document, store, chance}.answer().dump(-1, ' ', false,
                                                       Json::error_handler_t::replace);
  } catch (const Json::exception& error) {
    throw Error::app("INTERNAL_ERROR", error.what());
  }
}

}  // namespace bulkhead::host
