#include "logging/log_channel.hpp"

#include <Poco/Message.h>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

Level levelOf(Poco::Message::Priority priority) {
  switch (priority) {
    case Poco::Message::PRIO_FATAL:
    case Poco::Message::PRIO_CRITICAL:
      return Level::Fatal;
    case Poco::Message::PRIO_ERROR:
      return Level::Error;
    case Poco::Message::PRIO_WARNING:
      return Level::Warn;
    case Poco::Message::PRIO_NOTICE:
    case Poco::Message::PRIO_INFORMATION:
      return Level::Info;
    default:
      return Level::Debug;
  }
}

}  // namespace

void LogChannel::log(const Poco::Message& message) {
  const Level level = levelOf(message.getPriority());
  if (logEnabled(level)) writeLog(level, message.getSource(), message.getText(), {});
}

}  // namespace bulkhead::host
