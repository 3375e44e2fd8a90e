#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postgresql_server.hpp"

/// Runs a test program whose TestHosts keep their stores in a PostgreSQL of its own:
/// bulkhead_with_postgresql PROGRAM [ARGUMENT...]. Exits as the program does; with 77, which ctest
/// takes for a skip, where no PostgreSQL is installed.
int main(int count, char** arguments) {
  constexpr int kSkipped = 77;
  if (count < 2) return 2;
  if (!bulkhead::PostgresqlServer::isInstalled()) {
    fmt::print("PostgreSQL is not installed\n");
    return kSkipped;
  }
  const bulkhead::PostgresqlServer server;
  if (!server.trouble().empty()) {
    fmt::print(stderr, "{}\n", server.trouble());
    return 2;
  }
  setenv("BULKHEAD_TEST_DATABASE", server.url().c_str(), 1);
  const pid_t program = fork();
  if (program == 0) {
    execv(arguments[1], arguments + 1);
    _exit(2);
  }
  int status = 0;
  waitpid(program, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
