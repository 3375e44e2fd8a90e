#pragma once

#include <Poco/Util/ServerApplication.h>
#include <string>
#include <vector>

namespace bulkhead::host {

/// The program: finds the command that its words name, and prints refusals as sentences.
class Application : public Poco::Util::ServerApplication {
 public:
  Application();

 protected:
  int main(const std::vector<std::string>& words) override;
};

}  // namespace bulkhead::host
