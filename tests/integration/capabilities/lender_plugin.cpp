#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <bulkhead/plugin.hpp>

namespace lender {
namespace {

using bulkhead::Error;
using bulkhead::Request;
using bulkhead::Response;

bool says(const Request& request, std::string_view word) {
  return request.body().find("\"" + std::string{word} + "\"") != std::string_view::npos;
}

/// Ends the process, but one time: the folder that it works in remembers.
void dieOnce() {
  const std::string file = "lender.died";
  if (std::ifstream{file}) return;
  std::ofstream{file} << getpid();
  std::raise(SIGKILL);
}

std::string lend(const Request& request) {
  if (says(request, "refuse")) throw Error::conflict("NO_MONEY", "There is none left.");
  if (says(request, "die")) std::raise(SIGKILL);
  if (says(request, "die once")) dieOnce();
  if (says(request, "hang")) {
    while (request.context().remaining() > std::chrono::milliseconds{-500})
      std::this_thread::sleep_for(std::chrono::milliseconds{10});  // allowed: time has to pass
  }
  return bulkhead::toJson([](bulkhead::JsonWriter& out) { out.object("process", getpid()); });
}

/// The same, and for whom it is asked.
std::string look(const Request& request) {
  lend(request);
  return bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    out.object("process", getpid(), "tenant", request.tenant());
  });
}

class Lender final : public bulkhead::Plugin {
 public:
  explicit Lender(bulkhead::Registrar& registrar) : asks_{registrar.asks("loans/1")} {
    registrar.provide("loans/1", "lend", lend);
    registrar.provide("loans/1", "look", look);
    registrar.route(
        {.method = "POST",
         .path = "/ask",
         .scope = "lender:use",
         .summary = "Asks whether it may lend.",
         .request = R"({"type":"object","properties":{"how":{"type":"string","maxLength":20}}})",
         .response = R"({"type":"object"})",
         .example = "{}"},
        [this](const Request& request) {
          const auto answer = asks_.ask(request.context(), "may_lend", request.body());
          return Response::json([&](bulkhead::JsonWriter& out) {
            out.object("answer", bulkhead::RawJson{answer.json}, "fallback", answer.is_fallback,
                       "reason", answer.reason);
          });
        });
  }

 private:
  const bulkhead::AskSource asks_;
};

}  // namespace
}  // namespace lender

BULKHEAD_PLUGIN(lender::Lender)
