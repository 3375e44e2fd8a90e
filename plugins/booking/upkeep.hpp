#pragma once

#include <bulkhead/plugin.hpp>

#include "appointment_desk.hpp"

namespace booking {

/// What is done without anybody asking, as jobs: holds that are over let go, visits that nobody
/// came to are no-shows where the business wants that, and new zone data is applied.
class Upkeep {
 public:
  struct Terms {
    std::int64_t no_show_after_min = 0;  ///< after the end of a visit; 0: never
  };

  Upkeep(bulkhead::Registrar& host, const SlotFinder& finder, AppointmentDesk& desk, Terms terms);

 private:
  void expireHolds(const bulkhead::Job& job, bulkhead::Transaction& write) const;
  void markNoShows(const bulkhead::Job& job, bulkhead::Transaction& write) const;
  void rebase(const bulkhead::Job& job, bulkhead::Transaction& write) const;
  void beginRebase(const bulkhead::Job& job, bulkhead::Transaction& write) const;
  void rebasePage(const bulkhead::Job& job, bulkhead::Transaction& write) const;
  void rebaseNextTenant(bulkhead::Transaction& write, std::string_view after) const;

  const bulkhead::Host host_;
  const SlotFinder& finder_;
  AppointmentDesk& desk_;
  const Terms terms_;
  const bulkhead::JobQueue holds_;
  const bulkhead::JobQueue no_shows_;
  const bulkhead::JobQueue rebases_;
};

}  // namespace booking
