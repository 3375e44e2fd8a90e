#include "data/sqlite_session.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Data/SQLite/SessionImpl.h>
#include <Poco/Logger.h>
#include <Poco/URI.h>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/database_error.hpp"
#include "data/log_vfs.hpp"

namespace bulkhead::host::data {
namespace {

// The file is made before SQLite sees it, so that it and the -wal and -shm files beside it are
// never readable by others. One that is there is not opened: closing any descriptor of a file gives
// up the locks that SQLite holds on it for this process.
void makeFile(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno != EEXIST) throw databaseUnavailable();
  if (descriptor >= 0) ::close(descriptor);
}

/// Within a login time-out Poco would try to open the file again and again, with its caller waiting
/// and everyone behind it.
constexpr std::size_t kOneAttempt = 0;

// Connections are used by one thread at a time, and nobody asks SQLite how much memory it uses: its
// mutexes around both would only cost time. Too late, and harmless, where the library is in use
// already.
void configureLibrary() {
  static const bool kDone = [] {
    return sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK &&
           sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
  }();
  static_cast<void>(kDone);
}

/// What SQLite is asked to open. Writers that sync at each commit use a file layer of ours.
std::string nameOf(const SqliteOptions& options, SqliteConnection::Role role) {
  if (role == SqliteConnection::Role::Memory) return ":memory:";
  if (role != SqliteConnection::Role::Writer || options.durability != Durability::Full) {
    return options.path.string();
  }
  std::string uri;
  Poco::URI::encode(options.path.string(), "?#", uri);
  return fmt::format("file:{}?vfs={}", uri, logVfs());
}

}  // namespace

Poco::Data::Session openSession(const SqliteOptions& options, SqliteConnection::Role role) {
  configureLibrary();
  if (role != SqliteConnection::Role::Memory) makeFile(options.path);
  try {
    Poco::AutoPtr<Poco::Data::SessionImpl> session{
        new Poco::Data::SQLite::SessionImpl{nameOf(options, role), kOneAttempt}};
    return Poco::Data::Session{session};
  } catch (const Poco::Exception& exception) {
    Poco::Logger::get("data").error(fmt::format("{}: {} cannot be opened: {}", options.owner,
                                                options.path.string(), exception.displayText()));
    throw databaseUnavailable();
  }
}

void requireWritable(const std::filesystem::path& path) {
  if (::eaccess(path.c_str(), F_OK) == 0 && ::eaccess(path.c_str(), W_OK) != 0) {
    throw databaseUnavailable();
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string beside = path.string() + suffix;
    if (::eaccess(beside.c_str(), F_OK) == 0 && ::eaccess(beside.c_str(), W_OK) != 0) {
      ::chmod(beside.c_str(), 0600);
    }
  }
}

}  // namespace bulkhead::host::data
