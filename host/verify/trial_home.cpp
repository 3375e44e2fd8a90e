#include "verify/trial_home.hpp"

#include <fmt/format.h>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/built_in_contracts.hpp"
#include "data/sqlite_store.hpp"
#include "plugins/home_options.hpp"
#include "verify/schema_sample.hpp"
#include "verify/streaming_call.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

HomeOptions optionsOf(const TrialSubject& subject) {
  const Manifest& manifest = subject.manifest;
  HomeOptions options;
  options.plugin = manifest.id;
  options.version = manifest.version;
  options.settings = subject.settings;
  options.replaces = manifest.replaces;
  options.default_deadline = kTrialDeadline;
  options.capabilities = manifest.capabilities();
  if (manifest.store)
    options.migrate = migrationOf(manifest.id, subject.migrations, data::Engine::Sqlite);
  return options;
}

std::unique_ptr<data::Store> openStore(const TrialSubject& subject) {
  if (!subject.manifest.store) return nullptr;
  data::SqliteOptions options;
  options.owner = subject.manifest.id;
  options.closure_budget = kTrialDeadline;
  return data::openSqliteStore(std::move(options));
}

std::size_t digestOf(const bulkhead_value& value) {
  switch (value.type) {
    case BULKHEAD_INTEGER:
      return std::hash<std::int64_t>{}(value.integer);
    case BULKHEAD_REAL:
      return std::hash<double>{}(value.real);
    case BULKHEAD_TEXT:
    case BULKHEAD_BLOB:
      return std::hash<std::string_view>{}({value.bytes.data, value.bytes.size});
    default:
      return 1;
  }
}

TableFacts factsOf(data::Transaction& transaction, const std::string& table) {
  TableFacts facts;
  transaction.read("SELECT * FROM \"" + table + "\"", nullptr, 0,
                   [&](const bulkhead_value* columns, std::size_t count) {
                     std::size_t row = 17;
                     for (std::size_t i = 0; i < count; ++i) row = row * 31 + digestOf(columns[i]);
                     facts.digest += row;
                     ++facts.rows;
                     return 0;
                   });
  return facts;
}

}  // namespace

std::map<std::string, std::string> callSamples(const std::string& contracts, const char* side) {
  std::map<std::string, std::string> samples;
  const auto add = [&](const Json& contract) {
    const std::string capability = contract.value("capability", "");
    for (const auto& [kind, folder] :
         {std::pair{"calls", "/"}, std::pair{"asks", "/asks/"}, std::pair{"events", "/events/"}}) {
      const Json entries = contract.value(kind, Json::object());
      for (const auto& [name, entry] : entries.items())
        samples[capability + folder + name] = sampleOf(entry.value(side, Json::object())).dump();
    }
  };
  for (const auto& [name, text] : builtInContractTexts()) add(Json::parse(text));
  if (!contracts.empty()) {
    for (const Json& document : Json::parse(contracts)) add(document);
  }
  return samples;
}

/// Whoever provides anything, as its contract has it.
class TrialWorld::Providers final : public CapabilityCaller {
 public:
  /// Borrows the text, which it reads when the first call comes.
  explicit Providers(const std::string& contracts) : contracts_{contracts} {}

  std::string call(const CapabilityCall& call) override {
    return sample(fmt::format("{}/{}", call.capability, call.name));
  }
  std::string ask(const CapabilityCall& ask) override {
    return sample(fmt::format("{}/asks/{}", ask.capability, ask.name));
  }

 private:
  std::string sample(const std::string& path) {
    std::call_once(read_, [this] { answers_ = callSamples(contracts_, "response"); });
    const auto found = answers_.find(path);
    if (found != answers_.end()) return found->second;
    throw Error::app(kCapabilityUnavailable, "Nobody provides it, on trial.")
        .withDetails(R"({"reason":"missing","begun":false})");
  }

  const std::string& contracts_;
  std::once_flag read_;
  std::map<std::string, std::string> answers_;
};

class TrialWorld::Outside final : public HttpSender {
 public:
  OutboundAnswer send(OutboundRequest, const HttpCaller&) override {
    OutboundAnswer answer;
    answer.outcome = Outcome::Ok;
    answer.status = 200;
    answer.headers = {{"content-type", "application/json"}};
    answer.body = "{}";
    answer.attempts = 1;
    return answer;
  }
};

/// Log and metrics of nobody.
class TrialWorld::Silence final : public LogSink, public MetricSink {
 public:
  void write(std::string_view, int, std::string_view, std::string_view, const LogTrace&) override {}
  std::uint32_t declare(std::string_view, const MetricDescription&) override { return ++declared_; }
  void record(std::uint32_t, const std::vector<std::string_view>&, double) override {}
  void withdraw(std::span<const std::uint32_t>) override {}

 private:
  std::uint32_t declared_ = 0;
};

TrialWorld::TrialWorld(const TrialSubject& subject)
    : subject_{subject},
      providers_{std::make_unique<Providers>(subject.contracts)},
      outside_{std::make_unique<Outside>()},
      silence_{std::make_unique<Silence>()},
      store_{openStore(subject)} {}

TrialWorld::~TrialWorld() = default;

HomeServices TrialWorld::services() {
  return {clock_, *silence_, *silence_, store_.get(), nullptr, providers_.get(), outside_.get()};
}

void TrialWorld::migrate() {
  const auto migrate = optionsOf(subject_).migrate;
  if (store_ && migrate) migrate(*store_);
}

StoreFacts TrialWorld::facts() {
  StoreFacts facts;
  if (!store_) return facts;
  const auto deadline = std::chrono::steady_clock::now() + kTrialDeadline;
  store_->read(
      [&](data::Transaction& transaction) {
        facts.clear();
        transaction.read("SELECT name FROM sqlite_schema WHERE type = 'table'", nullptr, 0,
                         [&](const bulkhead_value* columns, std::size_t) {
                           const std::string_view name{columns->bytes.data, columns->bytes.size};
                           const bool of_the_host = name.starts_with("bulkhead_") ||
                                                    name.starts_with("sqlite_") ||
                                                    name == "schema_migrations";
                           if (!of_the_host) facts[std::string{name}] = {};
                           return 0;
                         });
        for (auto& [table, found] : facts) found = factsOf(transaction, table);
      },
      deadline);
  return facts;
}

std::optional<KeptMessage> TrialWorld::lastMessage(const std::string& inbox) {
  std::optional<KeptMessage> last;
  const bulkhead_value source{BULKHEAD_TEXT, 0, 0, 0.0, {inbox.data(), inbox.size()}};
  store_->read(
      [&](data::Transaction& transaction) {
        transaction.read(
            "SELECT type, body FROM bulkhead_inbox WHERE source = $1 ORDER BY seq DESC LIMIT 1",
            &source, 1, [&](const bulkhead_value* columns, std::size_t) {
              last = KeptMessage{{columns[0].bytes.data, columns[0].bytes.size},
                                 {columns[1].bytes.data, columns[1].bytes.size}};
              return 0;
            });
      },
      std::chrono::steady_clock::now() + kTrialDeadline);
  return last;
}

TrialHome::TrialHome(const bulkhead_plugin& table, const TrialSubject& subject, TrialWorld& world)
    : home_{table, optionsOf(subject), world.services()} {
  home_.create();
}

HttpResponse TrialHome::send(const RegisteredRoute& route, HttpRequest request) {
  const auto until = std::chrono::steady_clock::now() + kTrialDeadline;
  if (route.contract.streams() != RouteStreams::None)
    return StreamingCall{home_, route}.send(std::move(request), until);
  return home_.handle(route, request, until);
}

std::string TrialHome::checkHealth(const RegisteredContributor& contributor) {
  return home_.checkHealth(contributor, std::chrono::steady_clock::now() + kTrialDeadline);
}

}  // namespace bulkhead::host
