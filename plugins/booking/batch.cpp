#include "batch.hpp"

#include <algorithm>
#include <chrono>

#include <bulkhead/signing.hpp>

#include "listing.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::Transaction;

constexpr std::size_t kPartItems = 16;
constexpr std::size_t kKeyBytesMax = 255;
constexpr seconds kKept{72 * 3600};

/// One run through the items of a request.
class Run {
 public:
  Run(const bulkhead::Host& host, const bulkhead::Context& context, const BatchClaim& claim,
      BatchWork& work)
      : host_{host}, context_{context}, claim_{claim}, work_{work} {}

  BatchReport all() {
    const Instant now = std::chrono::floor<seconds>(host_.now());
    host_.write(context_,
                [&](Transaction& write) { BatchStore::begin(write, claim_, now, now - kKept); });
    while (const std::size_t count = work_.ready(kPartItems)) {
      try {
        take(part(count));
      } catch (const Error& error) {
        if (count == 1 || !mayBeOneItems(error)) throw;
        oneByOne(count);
      }
    }
    return std::move(report_);
  }

 private:
  static bool mayBeOneItems(const Error& error) {
    return isRefusal(error) || error.code() == "TRANSACTION_BUDGET_EXCEEDED";
  }

  BatchPart part(std::size_t count) const {
    return host_.write(context_, [&](Transaction& write) {
      if (auto done = BatchStore::find(write, claim_, report_.items)) return *std::move(done);
      BatchPart made{count, {}};
      for (std::size_t i = 0; i < count; ++i) made.add(work_.carryOut(write, i));
      BatchStore::insert(write, claim_, report_.items, made);
      return made;
    });
  }

  BatchPart refusedPart(const Error& error) const {
    BatchPart refused{1, {}};
    refused.add(work_.refused(0, error));
    return host_.write(context_, [&](Transaction& write) {
      if (auto done = BatchStore::find(write, claim_, report_.items)) return *std::move(done);
      BatchStore::insert(write, claim_, report_.items, refused);
      return refused;
    });
  }

  void oneByOne(std::size_t count) {
    const std::size_t end = report_.items + count;
    while (report_.items < end) {
      try {
        take(part(1));
      } catch (const Error& error) {
        if (!isRefusal(error)) throw;
        take(refusedPart(error));
      }
    }
  }

  void take(const BatchPart& done) {
    report_.add(done);
    work_.drop(done.items);
  }

  const bulkhead::Host& host_;
  const bulkhead::Context& context_;
  const BatchClaim& claim_;
  BatchWork& work_;
  BatchReport report_;
};

}  // namespace

void BatchReport::add(const BatchPart& part) {
  std::string_view rest = part.results;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto space = line.find(' ');
    ++count[std::string{line.substr(0, space)}];
    if (!results.empty()) results += ',';
    results += line.substr(space + 1);
  }
  items += part.items;
}

std::size_t BatchReport::countOf(std::string_view outcome) const {
  const auto found = count.find(outcome);
  return found == count.end() ? 0 : found->second;
}

BatchReport BatchRunner::run(const bulkhead::Host& host, const bulkhead::Context& context,
                             const BatchClaim& claim, BatchWork& work) {
  return Run{host, context, claim, work}.all();
}

BatchClaim BatchRunner::claimOf(const bulkhead::Request& request, std::string_view route) {
  const auto key = request.header("idempotency-key");
  if (!key) {
    throw Error::validation(
        "IDEMPOTENCY_KEY_REQUIRED",
        "Send an Idempotency-Key header: a new value for each new request, the same for its "
        "repeats.");
  }
  const bool visible =
      std::all_of(key->begin(), key->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (key->empty() || key->size() > kKeyBytesMax || !visible) {
    throw Error::validation("IDEMPOTENCY_KEY_INVALID",
                            "Idempotency-Key has 1 to 255 visible ASCII characters.");
  }
  return {std::string{request.tenant()}, std::string{route}, std::string{*key},
          bulkhead::sha256Hex(listNameOf(request) + '\0' + std::string{request.body()})};
}

bool isRefusal(const Error& error) {
  return error.kind() == ErrorKind::Validation || error.kind() == ErrorKind::NotFound ||
         error.kind() == ErrorKind::Conflict || error.kind() == ErrorKind::BusinessLogic;
}

void writeRefusal(bulkhead::JsonWriter& out, const Error& error) {
  out.beginObject();
  out.member("code", error.code());
  out.member("message", error.message());
  if (!error.details().empty()) out.member("details", bulkhead::RawJson{error.details()});
  out.endObject();
}

int statusOf(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::Validation:
      return 400;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::BusinessLogic:
      return 422;
    default:
      return 409;
  }
}

}  // namespace booking
