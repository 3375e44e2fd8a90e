#include <fmt/format.h>
#include <string>

#include "fuzz/fuzz_target.hpp"
#include "http/parser.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::HeadLimits;
using bulkhead::host::HttpRequest;
using bulkhead::host::ParseOutcome;

ParseOutcome read(std::string_view fields, HttpRequest& request) {
  return bulkhead::host::parse(fmt::format("POST / HTTP/1.1\r\n{}\r\n", fields), HeadLimits{},
                               request);
}

void expectSame(const ParseOutcome& one, const ParseOutcome& other) {
  require(one.framing.content_length == other.framing.content_length, "the length is the same");
  require(one.framing.chunked == other.framing.chunked, "the coding is the same");
  require(one.framing.keep_alive == other.framing.keep_alive, "persistence is the same");
  require(one.framing.expect_continue == other.framing.expect_continue, "Expect is the same");
}

}  // namespace

/// The input is a header section without its empty line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view fields = bulkhead::fuzz::textOf(data, size);
  if (!fields.empty() && !fields.ends_with("\r\n")) return 0;
  if (fields.starts_with("\r\n") || fields.find("\r\n\r\n") != std::string_view::npos)
    return 0;  // the section would end there
  HttpRequest request;
  const ParseOutcome outcome = read(fields, request);
  if (outcome.refusal) return 0;
  require(request.header("host") != nullptr, "there is a Host");
  require(!outcome.framing.chunked || outcome.framing.content_length == 0, "one framing");
  std::string written;
  for (const auto& [name, value] : request.headers)
    written += fmt::format("{}: {}\r\n", name, value);
  HttpRequest again;
  const ParseOutcome same = read(written, again);
  require(!same.refusal, "what is written again is read");
  require(again.headers == request.headers, "and has the same fields");
  expectSame(outcome, same);
  return 0;
}
