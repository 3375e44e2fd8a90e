#include "data/kept_copy.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>
#include <chrono>
#include <fmt/format.h>
#include <system_error>
#include <thread>
#include <utility>

#include <bulkhead/error.hpp>

#include "data/durable_file.hpp"
#include "data/store_copy.hpp"
#include "data/write_lease.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLeasePatience{5};
constexpr std::chrono::milliseconds kLook{10};

/// Who has just ended gives it back in a moment.
WriteLease awaitLease(const fs::path& database) {
  const auto until = std::chrono::steady_clock::now() + kLeasePatience;
  for (;;) {
    try {
      return WriteLease::acquire(database);
    } catch (const Error& error) {
      if (error.code() != "STORE_LEASE_HELD" || std::chrono::steady_clock::now() >= until) throw;
    }
    std::this_thread::sleep_for(kLook);
  }
}

/// Also one that was never finished.
bool isCopyOf(const fs::path& file, const std::string& owner) {
  std::string name = file.filename().string();
  if (name.ends_with(".partial")) name.resize(name.size() - std::string_view{".partial"}.size());
  return name.size() == owner.size() + std::string_view{"-20000101T000000000Z.db"}.size() &&
         name.starts_with(owner + "-") && name.ends_with("Z.db");
}

}  // namespace

KeptCopy::KeptCopy(std::string owner, fs::path database, std::function<bool()> go_on, fs::path file)
    : owner_{std::move(owner)},
      database_{std::move(database)},
      go_on_{std::move(go_on)},
      file_{std::move(file)} {}

void KeptCopy::take() {
  const WriteLease lease = awaitLease(database_);
  const fs::path folder = database_.parent_path() / "kept";
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) makePrivateFolder(folder);
  const std::string time = Poco::DateTimeFormatter::format(Poco::Timestamp{}, "%Y%m%dT%H%M%S%i");
  const fs::path file = folder / fmt::format("{}-{}Z.db", owner_, time);
  const fs::path draft = file.string() + ".partial";
  try {
    copyTo(draft);
    renameDurably(draft, file);
  } catch (...) {
    fs::remove(draft, ignored);
    throw;
  }
  file_ = file;
}

void KeptCopy::copyTo(const fs::path& file) const {
  StoreSnapshot snapshot{database_};
  CopyPace pace;
  pace.pause = std::chrono::milliseconds{0};  // nobody else works on it
  if (go_on_) pace.go_on = [this](std::uint64_t) { return go_on_(); };
  const CopyCondition copy = snapshot.copyTo(file, pace);
  if (copy.integrity != "ok" || copy.schema_version != snapshot.schemaVersion()) {
    throw Error::app("STORE_DAMAGED",
                     fmt::format("The store of '{}' is damaged: {}.", owner_, copy.integrity));
  }
}

void KeptCopy::putBack() const {
  const WriteLease lease = awaitLease(database_);
  overwriteStore(file_, database_);
}

void KeptCopy::dropEarlierOnes() const noexcept {
  std::error_code error;
  for (fs::directory_iterator entry{file_.parent_path(), error}, end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (isCopyOf(entry->path(), owner_) && entry->path() < file_) fs::remove(*entry, ignored);
  }
}

}  // namespace bulkhead::host::data
