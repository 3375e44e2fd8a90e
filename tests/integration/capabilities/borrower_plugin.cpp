#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

#include <bulkhead/plugin.hpp>

namespace borrower {
namespace {

using bulkhead::Access;
using bulkhead::Capability;
using bulkhead::Error;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Route;

Route borrowing(std::string_view path) {
  return {.method = "POST",
          .path = path,
          .scope = "borrower:use",
          .summary = "Borrows.",
          .request = R"({"type":"object","properties":{"how":{"type":"string","maxLength":20}}})",
          .response = R"({"type":"object"})",
          .example = "{}"};
}

/// The provider's answer as it is; nothing where nobody can answer.
Response without(const Error& error) {
  if (!bulkhead::isUnavailable(error)) throw error;
  return Response::json([&](bulkhead::JsonWriter& out) {
    out.object("unavailable", bulkhead::RawJson{error.details()});
  });
}

bool says(const Request& request, std::string_view word) {
  return request.body().find("\"" + std::string{word} + "\"") != std::string_view::npos;
}

/// The same work, whether a client wants it or the lender asks.
std::string consent(const Request& request) {
  if (says(request, "refuse")) throw Error::conflict("NOT_NOW", "Later.");
  if (says(request, "nonsense")) return R"({"process":"none"})";
  if (says(request, "die")) std::raise(SIGKILL);
  while (says(request, "hang") && request.context().remaining() > std::chrono::milliseconds{-200})
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // allowed: time has to pass
  return bulkhead::toJson([](bulkhead::JsonWriter& out) { out.object("process", getpid()); });
}

class Borrower final : public bulkhead::Plugin {
 public:
  explicit Borrower(bulkhead::Registrar& registrar)
      : host_{registrar.host()},
        loans_{registrar.capability("loans/1")},
        errands_{registrar.inbox("errands", [this](const bulkhead::Message& message) {
          const std::string answer = loans_.call(message.context(), "look", message.body());
          const std::lock_guard lock{mutex_};
          told_ = answer;
        })} {
    registrar.route(borrowing("/errands"), [this](const Request& request) {
      host_.write(request.context(), [&](bulkhead::Transaction& write) {
        errands_.keep(write, {.key = request.requestId(),
                              .type = "look",
                              .tenant = request.tenant(),
                              .body = request.body()});
      });
      return Response::json([](bulkhead::JsonWriter& out) { out.object(); });
    });
    registrar.route({.method = "GET",
                     .path = "/errands",
                     .summary = "What the last one was told.",
                     .access = Access::Public,
                     .response = R"({"type":"object"})"},
                    [this](const Request&) {
                      const std::lock_guard lock{mutex_};
                      return Response::json([&](bulkhead::JsonWriter& out) {
                        out.object("answer", bulkhead::RawJson{told_});
                      });
                    });
    for (const char* call : {"lend", "look"}) {
      const std::string path = "/" + std::string{call};
      registrar.route(borrowing(path), [this, call](const Request& request) {
        try {
          const std::string answer = loans_.call(request.context(), call, request.body());
          return Response::json(
              [&](bulkhead::JsonWriter& out) { out.object("answer", bulkhead::RawJson{answer}); });
        } catch (const Error& error) {
          return without(error);
        }
      });
    }
    registrar.route(borrowing("/careless"), [this](const Request& request) {
      loans_.call(request.context(), "lend", request.body());
      return Response::json([](bulkhead::JsonWriter& out) { out.object(); });
    });
    registrar.answer("loans/1", "may_lend", consent);
    registrar.route(borrowing("/reach"), [host = registrar.host()](const Request& request) {
      const std::string_view body = request.body();  // {"how":"8080"}
      const auto digits = body.find_first_of("0123456789");
      const auto end = body.find_first_not_of("0123456789", digits);
      bulkhead::OutboundRequest out_there;
      out_there.url = "http://127.0.0.1:" + std::string{body.substr(digits, end - digits)} + "/";
      const std::string code = host.send(request.context(), out_there).code;
      return Response::json([&](bulkhead::JsonWriter& out) { out.object("code", code); });
    });
    Route wait = borrowing("/consent");
    wait.deadline = std::chrono::milliseconds{2500};
    registrar.route(wait, [](const Request& request) {
      return Response::json([&](bulkhead::JsonWriter& out) {
        out.object("answer", bulkhead::RawJson{consent(request)});
      });
    });
    registrar.route({.method = "GET",
                     .path = "/quick",
                     .summary = "Answers at once.",
                     .access = Access::Public,
                     .response = R"({"type":"object"})"},
                    [](const Request&) {
                      return Response::json([](bulkhead::JsonWriter& out) { out.object(); });
                    });
  }

 private:
  const bulkhead::Host host_;
  const Capability loans_;
  std::mutex mutex_;
  std::string told_ = "null";
  const bulkhead::Inbox errands_;
};

}  // namespace
}  // namespace borrower

BULKHEAD_PLUGIN(borrower::Borrower)
