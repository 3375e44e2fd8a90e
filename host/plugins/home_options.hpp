#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/properties_file.hpp"
#include "config/variables.hpp"
#include "data/migrations.hpp"
#include "data/store.hpp"
#include "plugins/embedded_migrations.hpp"
#include "plugins/home_settings.hpp"
#include "plugins/manifest.hpp"

namespace bulkhead::host {

/// A plugin's settings by its manifest, from its conf file and the process's variables. Throws
/// PluginRefusal (Refused) with a sentence for each problem.
HomeSettings readHomeSettings(const Manifest& manifest, const PropertiesFile& conf,
                              const Variables& variables);

/// What brings a store of that engine to the schema of the plugin's code; see data::migrate. A
/// plugin that has migrations, and none for that engine, is refused with ENGINE_NOT_KNOWN.
std::function<void(data::Store&)> migrationOf(
    const std::string& plugin, const std::vector<EmbeddedMigration>& embedded, data::Engine engine,
    data::MigrationCompany company = data::MigrationCompany::Nobody);

}  // namespace bulkhead::host
