#include "runtime/registration.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kNameBytesMax = 63;
constexpr std::uint32_t kAttemptsMax = 1000;
constexpr std::int64_t kJobsAtOnceMax = 4;
constexpr std::chrono::milliseconds kJobTimeoutMax = std::chrono::hours{6};
constexpr std::chrono::milliseconds kCallDeadlineMax = std::chrono::minutes{10};

[[noreturn]] void refuseCall(std::string_view capability, std::string_view call,
                             std::string_view reason) {
  throw Error::configuration("CALL_REFUSED",
                             fmt::format("call {} of {}: {}", call, capability, reason));
}

[[noreturn]] void refuseMessages(std::string_view what, std::string_view reason) {
  throw Error::configuration("MESSAGES_REFUSED", fmt::format("{}: {}", what, reason));
}

bool isName(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kNameBytesMax && lower(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

constexpr std::string_view wordOf(EntryKind kind) {
  constexpr std::string_view kWords[] = {"A route", "A call", "An ask", "An event",
                                         "Work",    "A job",  "Work"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string transactionOf(std::string_view capability, std::string_view call,
                          std::string_view options) {
  if (options.empty()) return "none";
  const auto document = nlohmann::json::parse(options, nullptr, false);
  if (!document.is_object()) refuseCall(capability, call, "its options are a JSON object");
  for (const auto& [name, value] : document.items()) {
    if (name != "transaction" || !value.is_string())
      refuseCall(capability, call, fmt::format("it has no option '{}' of that kind", name));
  }
  return document.value("transaction", "none");
}

struct HandlerOptions {
  std::string transaction = "none";
  std::uint32_t attempts = kMessageAttempts;
};

HandlerOptions handlerOptions(std::string_view what, std::string_view text) {
  HandlerOptions options;
  if (text.empty()) return options;
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object()) refuseMessages(what, "its options are a JSON object");
  for (const auto& [name, value] : document.items()) {
    if (name == "transaction" && (value == "none" || value == "write")) {
      options.transaction = value.get<std::string>();
    } else if (name == "attempts" && value.is_number_unsigned() && value >= 1 &&
               value <= kAttemptsMax) {
      options.attempts = value.get<std::uint32_t>();
    } else {
      refuseMessages(what, fmt::format("it has no option '{}' of that kind", name));
    }
  }
  return options;
}

[[noreturn]] void refuseQueue(std::string_view queue, std::string_view reason) {
  throw Error::configuration("QUEUE_REFUSED", fmt::format("queue {}: {}", queue, reason));
}

struct QueueOptions {
  std::string transaction = "none";
  std::uint32_t attempts = kMessageAttempts;
  QueueTerms terms{};
};

QueueOptions queueOptions(std::string_view queue, std::string_view text) {
  QueueOptions options;
  if (text.empty()) return options;
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object()) refuseQueue(queue, "its options are a JSON object");
  const auto isUpTo = [](const nlohmann::json& value, std::int64_t most) {
    return value.is_number_unsigned() && value >= 1 && value <= most;
  };
  for (const auto& [name, value] : document.items()) {
    if (name == "transaction" && (value == "none" || value == "write")) {
      options.transaction = value.get<std::string>();
    } else if (name == "attempts" && isUpTo(value, kAttemptsMax)) {
      options.attempts = value.get<std::uint32_t>();
    } else if (name == "at_once" && isUpTo(value, kJobsAtOnceMax)) {
      options.terms.at_once = value.get<std::size_t>();
    } else if (name == "timeout_ms" && isUpTo(value, kJobTimeoutMax.count())) {
      options.terms.timeout = std::chrono::milliseconds{value.get<std::int64_t>()};
    } else {
      refuseQueue(queue, fmt::format("it has no option '{}' of that kind", name));
    }
  }
  return options;
}

/// What has no URL has no client either: the host validates by the capability's contract, on its
/// own side.
RouteContract innerContract(std::string_view path, std::string_view summary,
                            std::string_view transaction) {
  const std::string contract = toJson([&](JsonWriter& out) {
    out.object("summary", summary, "scope", "capability", "transaction", transaction, "raw_body",
               true, "response", RawJson{"{}"}, "deadline_ms", kCallDeadlineMax.count());
  });
  return RouteContract{"POST", fmt::format("/{}", path), contract};
}

}  // namespace

std::shared_ptr<const RegisteredRoute> RouteMemory::get(const std::string& words,
                                                        const Make& make) {
  const std::lock_guard lock{mutex_};
  auto& route = routes_[words];
  if (!route) route = std::make_shared<const RegisteredRoute>(make());
  return route;
}

RegisteredRoute insideEntry(EntryKind kind, std::uint32_t number, std::string_view capability,
                            std::string_view call, std::string_view options) {
  if (!isName(call)) refuseCall(capability, call, "its name is not [a-z][a-z0-9_]{0,62}");
  const std::string transaction = transactionOf(capability, call, options);
  std::string path =
      fmt::format("{}/{}{}", capability, kind == EntryKind::Ask ? "asks/" : "", call);
  RouteContract contract =
      innerContract(path, fmt::format("{} of a capability.", wordOf(kind)), transaction);
  return {number, std::move(path), std::move(contract), std::string{capability}, std::string{call},
          kind};
}

RegisteredRoute messageHandler(std::uint32_t number, std::string_view capability,
                               std::string_view name, std::string_view options) {
  std::string path = capability.empty() ? fmt::format("inbox/{}", name)
                                        : fmt::format("{}/events/{}", capability, name);
  if (!isName(name)) refuseMessages(path, "its name is not [a-z][a-z0-9_]{0,62}");
  const HandlerOptions read = handlerOptions(path, options);
  RouteContract contract = innerContract(path, "Handles messages.", read.transaction);
  return {number,
          std::move(path),
          std::move(contract),
          std::string{capability},
          std::string{name},
          EntryKind::Event,
          read.attempts};
}

RegisteredRoute messageDesk(std::uint32_t number) {
  constexpr std::string_view kPath = "host/messages";
  return {number,
          std::string{kPath},
          innerContract(kPath, "Work on the plugin's messages.", "none"),
          {},
          {},
          EntryKind::Desk};
}

bool isQueueName(std::string_view name) {
  std::string without{name};
  std::replace(without.begin(), without.end(), '-', '_');
  return isName(without) && name.front() != '-';
}

RegisteredRoute jobQueue(std::uint32_t number, std::string_view queue, std::string_view options) {
  if (!isQueueName(queue)) refuseQueue(queue, "its name is not [a-z][a-z0-9_-]{0,62}");
  const QueueOptions read = queueOptions(queue, options);
  std::string path = fmt::format("jobs/{}", queue);
  RouteContract contract = innerContract(path, "Does jobs.", read.transaction);
  return {number,         std::move(path), std::move(contract), {}, std::string{queue},
          EntryKind::Job, read.attempts,   read.terms};
}

RegisteredRoute jobDesk(std::uint32_t number) {
  constexpr std::string_view kPath = "host/jobs";
  return {
      number, std::string{kPath}, innerContract(kPath, "Work on the plugin's jobs.", "none"), {},
      {},     EntryKind::JobDesk};
}

}  // namespace bulkhead::host
