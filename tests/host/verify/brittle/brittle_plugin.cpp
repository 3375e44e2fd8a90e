#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <unistd.h>

#include <bulkhead/plugin.hpp>

#include "settings.hpp"  // generated from plugin.json

namespace brittle {

constexpr std::string_view kAnswer =
    R"({"type":"object","required":["kept"],"properties":{"kept":{"type":"integer"}}})";
constexpr std::string_view kNote =
    R"({"type":"object","required":["text","count"],"properties":{"text":{"type":"string",)"
    R"("maxLength":40},"count":{"type":"integer","minimum":3,"maximum":9}}})";

/// Keeps a note and counts, reads and calls on the way, hears of calendars and has chores; what a
/// failing call makes of it is the setting.
class Brittle final : public bulkhead::Plugin {
 public:
  explicit Brittle(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        host_{host.host()},
        chores_{host.inbox(
            "chores", [](const bulkhead::Message& chore, bulkhead::Transaction& transaction) {
              transaction.send("INSERT INTO heard (id) VALUES ($1)", bulkhead::values(chore.id()));
            })} {
    host.onEvent("calendar/1", "calendar_changed",
                 [this](const bulkhead::Message& event) { hear(event); });
    host.route({.method = "POST",
                .path = "/notes/{name}",
                .scope = "brittle:write",
                .summary = "Keeps a note",
                .request = kNote,
                .response = kAnswer},
               [this](const bulkhead::Request& request) { return keep(request); });
  }

 private:
  bool is(std::string_view way) const { return settings_.way == way; }

  bulkhead::Response keep(const bulkhead::Request& request) {
    if (stuck_) throw bulkhead::Error::app("STUCK", "It is stuck.");
    if (is("hoard")) hoard(1000);
    if (is("contrary")) return answer("three");
    try {
      return answer(work(request));
    } catch (const bulkhead::Error& error) {
      fail(error);
      if (!is("mute")) throw;
      return bulkhead::Response::text(500, "Something is wrong.");
    }
  }

  template <class Kept>
  static bulkhead::Response answer(const Kept& kept) {
    return bulkhead::Response::json([&](bulkhead::JsonWriter& out) { out.object("kept", kept); });
  }

  /// Outside a transaction: the second run of it meets what the first one did.
  void hear(const bulkhead::Message& event) {
    const std::string_view sql = is("twice") ? "INSERT INTO journal (text) VALUES ($1)"
                                             : "INSERT OR IGNORE INTO heard (id) VALUES ($1)";
    try {
      host_.write(event.context(), [&](bulkhead::Transaction& transaction) {
        transaction.send(sql, bulkhead::values(event.id()));
      });
      host_.randomBytes(4);
    } catch (const bulkhead::Error& error) {
      fail(error);
      if (!is("deaf")) throw;
    }
  }

  std::int64_t work(const bulkhead::Request& request) {
    const std::string bytes = host_.randomBytes(4);
    if (is("halves")) write(request, "INSERT INTO notes (text) VALUES ('half')");
    if (is("swallow")) {
      try {
        write(request, "INSERT INTO notes (text) VALUES ('swallowed')");
      } catch (const bulkhead::Error&) {
        host_.warn("a note is lost");
      }
    }
    if (!is("halves"))
      host_.send(request.context(), {.method = "GET", .url = "https://service.test/"});
    return host_.write(request.context(), [&](bulkhead::Transaction& transaction) {
      transaction.send("INSERT INTO journal (text) VALUES ('line')", bulkhead::values());
      chores_.keep(transaction, {.key = "chore"});
      return std::int64_t{1};
    });
  }

  void write(const bulkhead::Request& request, std::string_view sql) const {
    host_.write(request.context(), [&](bulkhead::Transaction& transaction) {
      transaction.send(sql, bulkhead::values());
    });
  }

  void fail(const bulkhead::Error& error) {
    const bool away = error.code() == "DATABASE_UNAVAILABLE";
    if (is("crash") && error.kind() == bulkhead::ErrorKind::Conflict) crash();
    if (is("exit") && away) std::_Exit(3);
    while (is("hang") && away) pause();
    if (is("leak")) hoard(200);
    if (is("stuck")) stuck_ = true;
  }

  static void hoard(std::size_t size) {
    hoarded_ = std::make_unique<std::string>(size, 'x').release();
  }

  /// What a null pointer leads to, and the same under every sanitizer.
  static void crash() { std::raise(SIGSEGV); }

  const Settings settings_;
  const bulkhead::Host host_;
  const bulkhead::Inbox chores_;
  std::atomic<bool> stuck_ = false;
  static inline std::string* volatile hoarded_ = nullptr;
};

}  // namespace brittle

BULKHEAD_PLUGIN(brittle::Brittle)
