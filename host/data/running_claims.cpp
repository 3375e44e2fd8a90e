#include "data/running_claims.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "data/database_error.hpp"

namespace bulkhead::host::data {
namespace {

constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << 62) - 1;

/// As the lease's locks, these belong to the descriptor: two stores in one process exclude each
/// other.
struct flock byteAt(std::int64_t number, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = number;
  range.l_len = 1;
  return range;
}

}  // namespace

/// One number's place among them.
class RunningClaims::Hold final : public StoreHold {
 public:
  Hold(RunningClaims& claims, std::int64_t number) : claims_{claims}, number_{number} {}
  ~Hold() override { claims_.release(number_); }

 private:
  RunningClaims& claims_;
  const std::int64_t number_;
};

RunningClaims::RunningClaims(const std::filesystem::path& database)
    : file_{database.empty() ? "" : database.string() + ".claims"} {}

RunningClaims::~RunningClaims() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::unique_ptr<StoreHold> RunningClaims::hold(std::uint64_t number) {
  const auto place = static_cast<std::int64_t>(number & kNumberMask);
  const std::lock_guard guard{mutex_};
  if (held_.contains(place) || !lock(place)) return nullptr;
  held_.insert(place);
  return std::make_unique<Hold>(*this, place);
}

bool RunningClaims::lock(std::int64_t number) {
  if (file_.empty()) return true;
  if (descriptor_ < 0) descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) throw databaseUnavailable();
  struct flock range = byteAt(number, F_WRLCK);
  if (::fcntl(descriptor_, F_OFD_SETLK, &range) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  throw databaseUnavailable();
}

/// By name, and not by closing: a process that was being started at this moment may have a copy of
/// the descriptor.
void RunningClaims::release(std::int64_t number) noexcept {
  const std::lock_guard guard{mutex_};
  held_.erase(number);
  if (descriptor_ < 0) return;
  struct flock range = byteAt(number, F_UNLCK);
  ::fcntl(descriptor_, F_OFD_SETLK, &range);
}

}  // namespace bulkhead::host::data
