#include "logging/log_system.hpp"

#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <algorithm>
#include <array>

#include "logging/log.hpp"
#include "logging/log_channel.hpp"

namespace bulkhead::host {
namespace {

std::atomic<LogSystem*> current_system{nullptr};

std::int64_t steadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int pocoPriority(Level level) {
  static constexpr std::array<int, 5> kPriorities{
      Poco::Message::PRIO_TRACE, Poco::Message::PRIO_INFORMATION, Poco::Message::PRIO_WARNING,
      Poco::Message::PRIO_ERROR, Poco::Message::PRIO_CRITICAL};
  return kPriorities[static_cast<std::size_t>(level)];
}

std::string droppedLine(const LineFormatter& formatter, const LogStatistics& statistics) {
  const auto& dropped = statistics.dropped;
  const std::array<LogField, 3> fields{LogField{"droppedTotal", statistics.droppedTotal()},
                                       LogField{"droppedWarn", dropped[2]},
                                       LogField{"droppedError", dropped[3] + dropped[4]}};
  LogRecord record;
  record.level = Level::Warn;
  record.logger = "logging";
  record.message = "Logging is degraded: lines were dropped because their destination is slow.";
  record.fields = fields;
  record.time = std::chrono::system_clock::now();
  return std::string{formatter.format(record)};
}

}  // namespace

LogSystem::LogSystem(const LogOptions& options)
    : formatter_{options.service, options.version, options.environment, redactor_},
      configured_level_{options.level},
      writer_{
          {options.descriptor, options.file, options.pending_bytes_max,
           [this](const LogStatistics& statistics) { return droppedLine(formatter_, statistics); },
           [this] { onTick(); }}} {
  apply(options.level);
  current_system = this;
  Poco::Logger::setChannel("", Poco::Channel::Ptr{new LogChannel});
  if (!writer_.fileIsOpen()) {
    log(Level::Warn, "logging", "Logging is degraded: LOG_FILE cannot be opened.",
        {{"file", options.file.string()}});
  }
}

LogSystem::~LogSystem() {
  Poco::Logger::setChannel("", Poco::Channel::Ptr{});
  current_system = nullptr;
}

void LogSystem::setLevel(Level level, std::optional<std::chrono::milliseconds> time) {
  level_until_ms_ = time ? steadyMs() + time->count() : 0;
  apply(level);
}

void LogSystem::configureLevel(Level level) {
  configured_level_ = level;
  if (level_until_ms_ == 0) apply(level);
}

std::chrono::milliseconds LogSystem::levelTimeLeft() const noexcept {
  const std::int64_t until = level_until_ms_;
  return std::chrono::milliseconds{until == 0 ? 0 : std::max<std::int64_t>(until - steadyMs(), 0)};
}

Level LogSystem::level() const noexcept {
  return static_cast<Level>(detail::least_level.load(std::memory_order_relaxed));
}

void LogSystem::write(const LogRecord& record) {
  const std::string_view line = formatter_.format(record);
  const bool by_plugin = record.context != nullptr && record.context->plugin == record.logger;
  writer_.append(record.level, line, by_plugin ? record.logger : std::string_view{});
  if (record.level < Level::Error) return;
  if (ErrorObserver* const observer = observer_) observer->onError(record);
}

std::uint64_t LogSystem::lostLines() {
  const LogSystem* system = current();
  if (system == nullptr) return 0;
  const LogStatistics statistics = system->statistics();
  return statistics.droppedTotal() + statistics.write_failures;
}

LogSystem* LogSystem::current() noexcept {
  return current_system.load(std::memory_order_acquire);
}

void LogSystem::apply(Level level) {
  detail::least_level = static_cast<int>(level);
  Poco::Logger::setLevel("", pocoPriority(level));
}

void LogSystem::onTick() {
  std::int64_t until = level_until_ms_;
  if (until == 0 || steadyMs() < until) return;
  if (level_until_ms_.compare_exchange_strong(until, 0)) apply(configured_level_);
}

}  // namespace bulkhead::host
