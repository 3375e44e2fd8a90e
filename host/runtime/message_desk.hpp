#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "data/store.hpp"

namespace bulkhead::host {

/// The store of a home, as the desk works on it.
struct DeskStore {
  std::function<void(const data::TransactionClosure&)> read;
  std::function<void(const data::TransactionClosure&)> write;
  std::int64_t now_us = 0;
  /// The same for ages: no later than it is, also when the clock was set forward.
  std::int64_t sure_now_us = 0;
};

/// Answers what the host asks about a plugin's events and messages, both JSON objects. What is
/// large is done in several transactions, each of which is short; `more` says that some is left.
/// The request names its verb:
///   next     capability, consumer, expired_us (age): the next page of the log -> events, more
///   advance  consumer, seq, dead [{seq, error}]: that one has all up to `seq`
///   mark     capability: -> last, the number of the last event
///   settle   capability, consumers, unsure, through, expired_us (age): what all have goes, up to
///            `through`, which was the last event before the consumers were told -> more, died
///   listen   handlers [{source, type}]: that there are -> heard [{source, type}] ever, more
///   keep     messages: into the inbox; where `aside` is true, for a handler to come -> kept, aside
///   agenda   limit: -> due [{seq, source, type}], next_in_us (-1: nothing is planned)
///   finish   seq, state, error: a message is done with -> released
///   postpone seq, error, attempts_max: a run of it has failed -> outcome, released
///   sweep    emptied_us, forgotten_us (ages): -> more
///   figures  -> outbox, inbox
///   list     state, source, before, limit: -> messages
///   replay   seq: -> replayed
/// Throws Error, also for a verb that it does not have.
std::string answerMessageDesk(std::string_view request, const DeskStore& store, double chance);

}  // namespace bulkhead::host
