#pragma once

#include <exception>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

#include "runtime/host_table.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

/// Runs what a plugin registers; a friend of PluginHome, as the tables of functions are.
struct Registering {
  static void requireCreating(const PluginHome& home) {
    if (!home.creating_) {
      throw Error::configuration("REGISTRATION_CLOSED",
                                 "A plugin registers while it is created, and never afterwards.");
    }
  }

  /// Half a plugin is none: the first refusal is kept, is that of all that follow, and create()
  /// throws it.
  template <class Registration>
  static bulkhead_status run(bulkhead_home* self, const bulkhead_error_sink* error,
                             const Registration& registration) {
    auto& refusal = self->home.refused_registration_;
    if (refusal) return waist::report(*refusal, error);
    return waist::guarded(error, [&] {
      requireCreating(self->home);
      try {
        registration(self->home);
      } catch (const Error& problem) {
        refusal = problem;
        throw;
      } catch (const std::exception& problem) {
        refusal = Error::configuration("REGISTRATION_REFUSED", problem.what());
        throw;
      }
    });
  }
};

}  // namespace bulkhead::host
