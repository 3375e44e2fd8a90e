#pragma once

#include <Poco/Channel.h>

namespace bulkhead::host {

/// The way of every Poco::Logger into our lines: priorities become levels, the source becomes the
/// logger. A message's parameters are left out, as Poco 1.11 cannot list them. Any thread.
class LogChannel : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override;
};

}  // namespace bulkhead::host
