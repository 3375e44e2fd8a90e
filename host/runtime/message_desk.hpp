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
};

/// Answers what the host asks about a plugin's events and messages, both JSON objects. The request
/// names its verb:
///   next     capability, consumer: the next page of the log -> events, more
///   settle   capability, consumers, unsure, expired_us (age): what all have goes -> more, died
///   advance  the same, and consumer, seq, dead [{seq, error}]: that one has all up to `seq`
///   keep     messages: into the inbox -> kept
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
