#include "plugins/pin.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace bulkhead::host {

/// Of the whole process: a generation that ends looks at each of them.
struct PinPlaces {
  std::array<PinPlace, 256> all;

  PinPlace* claim() noexcept {
    const auto found = std::find_if(all.begin(), all.end(), [](PinPlace& place) {
      return !place.owned_.exchange(true, std::memory_order_acquire);
    });
    return found == all.end() ? nullptr : &*found;
  }
  static void yield(PinPlace& place) noexcept {
    place.owned_.store(false, std::memory_order_release);
  }
};

namespace {

PinPlaces& places() noexcept {
  static PinPlaces* const kForever =
      std::make_unique<PinPlaces>().release();  // threads may end after the process's statics
  return *kForever;
}

/// Of a thread, from its first pin to its end.
struct OwnPlace {
  OwnPlace() noexcept : place{places().claim()} {}
  ~OwnPlace();
  OwnPlace(const OwnPlace&) = delete;
  OwnPlace& operator=(const OwnPlace&) = delete;

  PinPlace* const place;
};

thread_local PinPlace* own_place = nullptr;
thread_local bool has_looked = false;

OwnPlace::~OwnPlace() {
  own_place = nullptr;
  if (place != nullptr) PinPlaces::yield(*place);
}

PinPlace* ownPlace() noexcept {
  if (!has_looked) {
    has_looked = true;
    thread_local const OwnPlace own;
    own_place = own.place;
  }
  return own_place;
}

}  // namespace

PinPlace* PinPlace::take() noexcept {
  PinPlace* const place = ownPlace();
  if (place == nullptr || place->taken_) return nullptr;
  place->taken_ = true;
  return place;
}

void PinPlace::endUnused(std::shared_ptr<const void> object) noexcept {
  const void* const pinned = object.get();
  PinPlace* const own = own_place;
  if (own != nullptr && own->used_.load(std::memory_order_relaxed) == pinned) {
    own->kept_ = std::move(object);
    return;
  }
  for (const PinPlace& place : places().all) {
    while (place.used_.load(std::memory_order_seq_cst) == pinned) std::this_thread::yield();
  }
}

}  // namespace bulkhead::host
