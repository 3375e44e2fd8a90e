#include "access_token.hpp"

#include <algorithm>

#include <bulkhead/provider_error.hpp>

namespace google_calendar {

std::string AccessToken::get(const Fetch& fetch, std::chrono::microseconds patience) {
  std::unique_lock lock{mutex_};
  if (isGood()) return text_;
  if (is_fetching_) return await(lock, patience);
  is_fetching_ = true;
  lock.unlock();
  Fetched fetched;
  std::exception_ptr failure;
  try {
    fetched = fetch();
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  is_fetching_ = false;
  ++fetches_;
  failure_ = failure;
  text_ = std::move(fetched.text);
  good_until_ = now_() + std::max(fetched.life - kMargin, std::chrono::seconds{0});
  changed_.notify_all();
  if (failure) std::rethrow_exception(failure);
  return text_;
}

std::string AccessToken::await(std::unique_lock<std::mutex>& lock,
                               std::chrono::microseconds patience) {
  const auto fetch = fetches_;
  if (!changed_.wait_for(lock, patience, [&] { return fetches_ != fetch; }))
    throw bulkhead::provider::unreachable("Google");
  if (failure_) std::rethrow_exception(failure_);
  return text_;
}

void AccessToken::forget(const std::string& text) {
  const std::lock_guard lock{mutex_};
  if (text_ == text) text_.clear();
}

}  // namespace google_calendar
