#pragma once

#include <map>
#include <string>

#include "appointment.hpp"

namespace booking {

/// What a diary is: who has which resource from when to when. Written without a look at the desk's
/// code, so that the two can be held against each other. One thread.
class IntervalModel {
 public:
  struct Entry {
    std::string resource;
    Interval block{};
    Status status = Status::Confirmed;
    Instant held_until{};
  };

  /// Whether somebody other than `except` has part of `block` at `now`. A hold that is over has
  /// nothing.
  bool isTaken(const std::string& resource, const Interval& block, Instant now,
               const std::string& except) const {
    for (const auto& [id, entry] : entries_) {
      if (id == except || entry.resource != resource || !overlaps(entry.block, block)) continue;
      if (blocks(entry) && !isOver(entry, now)) return true;
    }
    return false;
  }

  /// Notes what became of an appointment at `now`. False when that cannot be: it has a time that
  /// another one has. Holds that are over and in its way have ended.
  bool apply(const Appointment& one, Instant now) {
    const Entry entry{one.resource, one.block, one.status, one.hold_expires_at.value_or(now)};
    const auto known = entries_.find(one.id);
    const bool is_new_time = known == entries_.end() || !blocks(known->second) ||
                             known->second.resource != entry.resource ||
                             !(known->second.block == entry.block);
    const bool fits = !blocks(entry) || !isTaken(entry.resource, entry.block, now, one.id);
    if (blocks(entry) && is_new_time) endOverdue(entry, now, one.id);
    entries_[one.id] = entry;
    return fits;
  }

  const std::map<std::string, Entry>& entries() const { return entries_; }

  static bool overlaps(const Interval& a, const Interval& b) {
    return a.begin < b.end && b.begin < a.end;
  }
  static bool blocks(const Entry& entry) {
    return entry.status == Status::Held || entry.status == Status::Pending ||
           entry.status == Status::Confirmed || entry.status == Status::CheckedIn;
  }

 private:
  static bool isOver(const Entry& entry, Instant now) {
    return entry.status == Status::Held && entry.held_until <= now;
  }

  void endOverdue(const Entry& taker, Instant now, const std::string& except) {
    for (auto& [id, entry] : entries_) {
      if (id != except && entry.resource == taker.resource && isOver(entry, now) &&
          overlaps(entry.block, taker.block)) {
        entry.status = Status::Expired;
      }
    }
  }

  std::map<std::string, Entry> entries_;
};

}  // namespace booking
