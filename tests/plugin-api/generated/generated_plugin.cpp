#include <bulkhead/plugin.hpp>

#include "settings.hpp"

namespace generated_code {

/// Reads its settings, so that the generated reader is compiled and run.
class Generated final : public bulkhead::Plugin {
 public:
  explicit Generated(bulkhead::Registrar& host) : settings_{host.settings<Settings>()} {}

 private:
  const Settings settings_;
};

}  // namespace generated_code

BULKHEAD_PLUGIN(generated_code::Generated)
