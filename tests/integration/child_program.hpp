#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bulkhead::integration {

using Environment = std::map<std::string, std::string>;

/// A program that runs as a child, with exactly the environment that is given, its two outputs in
/// files. It dies with this process, and at the latest with this object.
class ChildProgram {
 public:
  struct Start {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    Environment environment;
    std::filesystem::path folder;  ///< its working directory
    std::filesystem::path output;  ///< overwritten
    std::filesystem::path errors;  ///< overwritten
    std::filesystem::path input = "/dev/null";
    std::vector<int> descriptors{};  ///< become its 3, 4 ...
  };

  explicit ChildProgram(const Start& start);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  pid_t id() const { return id_; }
  void signal(int number) const;
  /// False once it has ended.
  bool isRunning();
  /// Its exit code, or 128 and the signal that ended it; -1 when it still runs after `patience`.
  int awaitEnd(std::chrono::milliseconds patience);

 private:
  pid_t id_ = -1;
  int code_ = -1;
};

/// What a command left behind.
struct CommandEnd {
  int code = -1;
  std::string output;
  std::string errors;
};

std::string readText(const std::filesystem::path& file);

}  // namespace bulkhead::integration
