#include "plugins/black_box.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

constexpr std::uint64_t kMagic = 0x31786f426b6c7542;  // "BulkBox1"
constexpr std::size_t kLines = 64;
constexpr std::size_t kLineBytes = 500;
constexpr std::uint32_t kSlotsMax = 1U << 20U;

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<CallStage>::is_always_lock_free);

Error noBox() {
  return Error::app("NO_BLACK_BOX", "No memory can be shared with a worker.");
}

template <std::size_t Size>
void copyText(std::array<char, Size>& to, std::string_view text) noexcept {
  const std::size_t size = std::min(text.size(), Size - 1);
  std::memcpy(to.data(), text.data(), size);
  to[size] = '\0';
}

/// What a worker wrote may lack its end, and may be no text.
template <std::size_t Size>
std::string textOf(const std::array<char, Size>& from) {
  std::string text(from.data(), strnlen(from.data(), Size));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

std::int64_t nowUs() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct BlackBox::Line {
  std::atomic<std::uint32_t> size{0};
  std::array<char, kLineBytes> text{};
};

struct BlackBox::Page {
  std::uint64_t magic = 0;
  std::uint32_t slots = 0;
  std::atomic<std::int32_t> log_level;
  std::atomic<std::int64_t> slow_query_us;
  std::atomic<std::int64_t> beat_us;
  std::atomic<std::uint64_t> blamed;
  std::atomic<std::uint64_t> lines_added;
  std::array<Line, kLines> lines;
};

struct alignas(64) BlackBox::Call {
  std::atomic<std::uint64_t> id;
  std::atomic<CallStage> stage;
  std::atomic<std::int64_t> begun_us;
  std::array<char, 12> method;
  std::array<char, 48> request_id;
  std::array<char, 104> route;
};

std::size_t BlackBox::bytesFor(std::uint32_t slots) {
  const std::size_t page = (sizeof(Page) + alignof(Call) - 1) / alignof(Call) * alignof(Call);
  return page + slots * sizeof(Call);
}

std::size_t BlackBox::bytes() const noexcept {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytesFor(slots_) + page - 1) / page * page;
}

BlackBox BlackBox::make(std::uint32_t slots) {
  FileDescriptor memory{memfd_create("black-box", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  const std::size_t size = bytesFor(std::min(slots, kSlotsMax));
  if (!memory || ftruncate(memory.get(), static_cast<off_t>(size)) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    throw noBox();
  void* const address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (address == MAP_FAILED) throw noBox();
  auto* page = std::construct_at(static_cast<Page*>(address));
  page->magic = kMagic;
  page->slots = std::min(slots, kSlotsMax);
  return {std::move(memory), address, page->slots};
}

BlackBox BlackBox::open(FileDescriptor memory) {
  struct stat facts {};
  if (fstat(memory.get(), &facts) != 0 || !S_ISREG(facts.st_mode) ||
      static_cast<std::size_t>(facts.st_size) < sizeof(Page))
    throw noBox();
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* const address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (address == MAP_FAILED) throw noBox();
  const auto* page = static_cast<const Page*>(address);
  if (page->magic != kMagic || bytesFor(page->slots) != size) {
    munmap(address, size);
    throw noBox();
  }
  return {std::move(memory), address, page->slots};
}

BlackBox::BlackBox(BlackBox&& other) noexcept
    : memory_{std::move(other.memory_)},
      address_{std::exchange(other.address_, nullptr)},
      slots_{other.slots_} {}

BlackBox::~BlackBox() {
  if (address_ != nullptr) munmap(address_, bytesFor(slots_));
}

BlackBox::Page& BlackBox::page() const noexcept {
  return *static_cast<Page*>(address_);
}

BlackBox::Call& BlackBox::at(std::uint32_t slot) const noexcept {
  char* const calls = static_cast<char*>(address_) + bytesFor(0);
  return reinterpret_cast<Call*>(calls)[std::min(slot, slots_ - 1)];
}

std::atomic<CallStage>* BlackBox::begin(std::uint32_t slot, std::uint64_t id,
                                        std::string_view method, std::string_view route,
                                        std::string_view request_id) noexcept {
  Call& call = at(slot);
  // Behind whoever had the slot before: the host has given it on since, which no compiler knows.
  static_cast<void>(call.id.load(std::memory_order_acquire));
  copyText(call.method, method);
  copyText(call.route, route);
  copyText(call.request_id, request_id);
  call.begun_us.store(nowUs(), std::memory_order_relaxed);
  call.stage.store(CallStage::Call, std::memory_order_relaxed);
  call.id.store(id, std::memory_order_release);
  return &call.stage;
}

void BlackBox::done(std::uint32_t slot) noexcept {
  at(slot).stage.store(CallStage::Done, std::memory_order_relaxed);
}

void BlackBox::blame(const std::atomic<CallStage>* place) noexcept {
  for (std::uint32_t slot = 0; slot < slots_ && place != nullptr; ++slot) {
    if (&at(slot).stage == place) page().blamed.store(at(slot).id.load());
  }
}

std::uint64_t BlackBox::blamed() const noexcept {
  return page().blamed.load(std::memory_order_relaxed);
}

void BlackBox::beat() noexcept {
  page().beat_us.store(nowUs(), std::memory_order_relaxed);
}

void BlackBox::addLine(std::string_view line) noexcept {
  Line& kept = page().lines[page().lines_added.fetch_add(1) % kLines];
  const std::size_t size = std::min(line.size(), kLineBytes);
  kept.size.store(0, std::memory_order_relaxed);
  std::memcpy(kept.text.data(), line.data(), size);
  kept.size.store(static_cast<std::uint32_t>(size), std::memory_order_release);
}

int BlackBox::logLevel() const noexcept {
  return page().log_level.load(std::memory_order_relaxed);
}

std::chrono::microseconds BlackBox::slowQuery() const noexcept {
  return std::chrono::microseconds{page().slow_query_us.load(std::memory_order_relaxed)};
}

void BlackBox::writeLines(int descriptor) const noexcept {
  const std::uint64_t added = page().lines_added.load();
  for (std::uint64_t i = added > kLines ? added - kLines : 0; i < added; ++i) {
    const Line& line = page().lines[i % kLines];
    const std::size_t size = std::min<std::size_t>(line.size.load(), kLineBytes);
    if (write(descriptor, line.text.data(), size) < 0 || write(descriptor, "\n", 1) < 0) return;
  }
}

void BlackBox::setLogLevel(int level) noexcept {
  page().log_level.store(level, std::memory_order_relaxed);
}

void BlackBox::setSlowQuery(std::chrono::microseconds threshold) noexcept {
  page().slow_query_us.store(threshold.count(), std::memory_order_relaxed);
}

bool BlackBox::hasBegun(std::uint32_t slot, std::uint64_t id) const noexcept {
  if (page().magic != kMagic || page().slots != slots_) return true;  // somebody wrote all over it
  return at(slot).id.load(std::memory_order_acquire) == id;
}

BlackBox::CallRecord BlackBox::call(std::uint32_t slot) const {
  const Call& call = at(slot);
  CallRecord record;
  record.id = call.id.load(std::memory_order_acquire);
  record.stage = std::min(call.stage.load(std::memory_order_relaxed), CallStage::Done);
  record.begun = std::chrono::microseconds{call.begun_us.load(std::memory_order_relaxed)};
  record.method = textOf(call.method);
  record.route = textOf(call.route);
  record.request_id = textOf(call.request_id);
  return record;
}

BlackBox::Time BlackBox::lastBeat() const noexcept {
  return Time{std::chrono::microseconds{page().beat_us.load(std::memory_order_relaxed)}};
}

std::vector<std::string> BlackBox::lines() const {
  std::vector<std::string> lines;
  const std::uint64_t added = page().lines_added.load();
  for (std::uint64_t i = added > kLines ? added - kLines : 0; i < added; ++i) {
    const Line& line = page().lines[i % kLines];
    const std::size_t size = std::min<std::size_t>(line.size.load(), kLineBytes);
    std::string text(line.text.data(), size);
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    if (!text.empty()) lines.push_back(std::move(text));
    if (lines.size() >= kLines) break;
  }
  return lines;
}

}  // namespace bulkhead::host
