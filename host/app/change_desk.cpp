#include "app/change_desk.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "runtime/error_response.hpp"
#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"
#include "security/ulid.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr const char* kPath = "/api/admin/changes";

milliseconds waitOf(const HttpRequest& request) {
  const std::string* text = request.queryValue("wait_ms");
  if (text == nullptr) return ChangeDesk::kWait;
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc{} || read.ptr != text->data() + text->size() || number < 0 ||
      number > ChangeDesk::kWaitMax.count()) {
    throw Error::validation(
        "VALIDATION_ERROR",
        fmt::format("'wait_ms' is a whole number from 0 to {}.", ChangeDesk::kWaitMax.count()));
  }
  return milliseconds{number};
}

HttpResponse answered(const std::function<HttpResponse(const HttpRequest&)>& answer,
                      const HttpRequest& request) {
  try {
    return answer(request);
  } catch (const Error& error) {
    return errorResponse(error, contextOf(request, false));
  } catch (const std::exception&) {
    return errorResponse(
        Error::app("INTERNAL_ERROR",
                   "The change could not be completed. The fault has been logged."),
        contextOf(request, false));
  }
}

}  // namespace

struct ChangeDesk::Change {
  const std::string id{makeUlid()};
  HttpRequest request;
  const std::int64_t begun_us{SystemClock{}.nowUs()};
  std::int64_t ended_us = 0;
  std::optional<HttpResponse> answer{};  // nothing while it runs

  std::string path() const { return fmt::format("{}/{}", kPath, id); }
  std::string_view state() const {
    if (!answer) return "running";
    return answer->status < 300 ? "done" : "failed";
  }
  /// Its object, with one member more.
  template <class More>
  void write(JsonWriter& out, std::string_view name, const More& more) const {
    out.beginObject();
    writeMembers(out);
    out.member(name, more);
    out.endObject();
  }
  void writeMembers(JsonWriter& out) const {
    out.member("change", id);
    out.member("request", request.method + " " + request.path);
    out.member("state", state());
    out.member("begun", timestampText(begun_us));
    out.member("ended", answer ? std::optional{timestampText(ended_us)} : std::nullopt);
    out.key("status");
    if (answer) return out.value(answer->status);
    out.value(nullptr);
  }
};

ChangeDesk::ChangeDesk() = default;

ChangeDesk::~ChangeDesk() = default;

HostRoute ChangeDesk::take(HostRoute route) {
  route.answered_on = AnsweredOn::ChangeLane;
  route.audits_itself = true;  // by the answer that it comes with, once that is there
  route.deadline = kWaitMax + std::chrono::seconds{30};
  route.answer = [this, answer = std::move(route.answer)](const HttpRequest& request) {
    const milliseconds wait = waitOf(request);
    return answerWithin(begin(request, answer), wait);
  };
  return route;
}

std::vector<HostRoute> ChangeDesk::routes() {
  HostRoute all;
  all.method = "GET";
  all.path = kPath;
  all.access = HostAccess::Admin;
  all.scope = "admin";
  HostRoute one = all;
  one.path = fmt::format("{}/{{id}}", kPath);
  all.answer = [this](const HttpRequest&) { return list(); };
  one.answer = [this](const HttpRequest& request) {
    return show(request.path_parameters.at(0).second);
  };
  return {std::move(all), std::move(one)};
}

bool ChangeDesk::drain(milliseconds patience) {
  return lane_.drain(patience);
}

std::shared_ptr<ChangeDesk::Change> ChangeDesk::begin(
    const HttpRequest& request, const std::function<HttpResponse(const HttpRequest&)>& answer) {
  auto change = std::make_shared<Change>();
  change->request = request;
  {
    const std::lock_guard lock{mutex_};
    changes_.push_back(change);
    forgetOldest();
  }
  const bool taken = lane_.submit(
      [this, change, answer](bool) { end(*change, answered(answer, change->request)); },
      std::chrono::steady_clock::now() + kChangeMax);
  if (taken) return change;
  const std::lock_guard lock{mutex_};
  std::erase(changes_, change);
  throw Error::app(
      "OVERLOADED",
      fmt::format("{} changes run already; ask again when one of them has ended.", kAtOnce))
      .withRetryAfter(1);
}

void ChangeDesk::end(Change& change, HttpResponse answer) {
  const std::lock_guard lock{mutex_};
  change.ended_us = SystemClock{}.nowUs();
  change.answer = std::move(answer);
  ended_.notify_all();
}

/// Under the lock.
void ChangeDesk::forgetOldest() {
  while (changes_.size() > kKept + kAtOnce) {
    const auto oldest = std::find_if(changes_.begin(), changes_.end(),
                                     [](const auto& change) { return change->answer.has_value(); });
    if (oldest == changes_.end()) return;
    changes_.erase(oldest);
  }
}

HttpResponse ChangeDesk::answerWithin(const std::shared_ptr<Change>& change, milliseconds wait) {
  std::unique_lock lock{mutex_};
  if (ended_.wait_for(lock, wait, [&] { return change->answer.has_value(); }))
    return *change->answer;
  const std::string summary =
      fmt::format("It is not done after {} ms and goes on; GET {} says what becomes of it.",
                  wait.count(), change->path());
  HttpResponse response = HttpResponse::json(
      202, toJson([&](JsonWriter& out) { change->write(out, "summary", summary); }));
  response.addHeader("Location", change->path());
  return response;
}

HttpResponse ChangeDesk::list() const {
  const std::lock_guard lock{mutex_};
  const std::vector<std::shared_ptr<Change>> newest_first{changes_.rbegin(), changes_.rend()};
  return HttpResponse::json(200, toJson([&](JsonWriter& out) {
                              out.object("data", [&](JsonWriter& data) {
                                data.array(newest_first, [](JsonWriter& item, const auto& change) {
                                  item.beginObject();
                                  change->writeMembers(item);
                                  item.endObject();
                                });
                              });
                            }));
}

HttpResponse ChangeDesk::show(std::string_view id) const {
  const std::lock_guard lock{mutex_};
  const auto found = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const auto& change) { return change->id == id; });
  if (found == changes_.end()) {
    throw Error::notFound("NOT_FOUND",
                          "No change of that id is known any more; the audit has what was done.");
  }
  const Change& change = **found;
  const RawJson answer{change.answer ? std::string_view{change.answer->body} : "null"};
  return HttpResponse::json(200,
                            toJson([&](JsonWriter& out) { change.write(out, "answer", answer); }));
}

}  // namespace bulkhead::host
