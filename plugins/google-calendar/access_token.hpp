#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace google_calendar {

/// Keeps an access token until shortly before its end. However many want one at once, it is fetched
/// once, and what becomes of that is the answer to all of them. Any thread.
class AccessToken {
 public:
  struct Fetched {
    std::string text;
    std::chrono::seconds life{0};
  };
  using Fetch = std::function<Fetched()>;
  using Clock = std::function<std::chrono::microseconds()>;

  /// `now` is monotonic.
  explicit AccessToken(Clock now) : now_{std::move(now)} {}

  /// The token; `fetch` is called when there is none that is good. Waits for somebody else's fetch
  /// at most so long. Throws what `fetch` threw, or Error (PROVIDER_UNREACHABLE) when the time is
  /// over.
  std::string get(const Fetch& fetch, std::chrono::microseconds patience);
  /// Forgets this token, which was refused. Another one that has come meanwhile stays.
  void forget(const std::string& text);

 private:
  static constexpr std::chrono::seconds kMargin{60};

  bool isGood() const { return !text_.empty() && now_() < good_until_; }
  std::string await(std::unique_lock<std::mutex>& lock, std::chrono::microseconds patience);

  const Clock now_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_fetching_ = false;
  std::uint64_t fetches_ = 0;
  std::exception_ptr failure_;
  std::string text_;
  std::chrono::microseconds good_until_{0};
};

}  // namespace google_calendar
