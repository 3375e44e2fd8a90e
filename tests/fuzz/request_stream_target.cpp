#include <fmt/format.h>
#include <string>

#include "fuzz/fuzz_target.hpp"
#include "http/characters.hpp"
#include "http/request_reader.hpp"
#include "http/request_target.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::HeadLimits;
using bulkhead::host::HttpRequest;
using bulkhead::host::RequestReader;
using Status = RequestReader::Status;

constexpr std::uint64_t kBodyBytesMax = 2000;
const HeadLimits kLimits{.request_line_bytes_max = 500, .fields_max = 10, .head_bytes_max = 1000};

bool isPathOf(const HttpRequest& request) {
  if (request.path == "*") return request.method == "OPTIONS" && request.target == "*";
  return request.path.starts_with('/') && request.path.find('\0') == std::string::npos &&
         (request.path + "/").find("/../") == std::string::npos &&
         (request.path + "/").find("/./") == std::string::npos &&
         bulkhead::host::isUtf8(request.path);
}

void check(const HttpRequest& request) {
  require(isPathOf(request), "a path cannot be read in another way");
  require(request.headers.size() <= kLimits.fields_max, "the fields are bounded");
  require(request.body.size() <= kBodyBytesMax, "the body is bounded");
  bool has_length = false;
  bool has_coding = false;
  for (const auto& [name, value] : request.headers) {
    require(!name.empty() && bulkhead::host::isFieldValue(value), "fields are well formed");
    for (const char c : name)
      require(bulkhead::host::isTokenCharacter(c) && c == bulkhead::host::toLower(c),
              "a name is a token in lower case");
    has_length |= name == "content-length";
    has_coding |= name == "transfer-encoding";
  }
  require(!has_length || !has_coding, "one field alone frames the body");
}

/// What the stream means, and how it ended, as text.
std::string meaningOf(std::string_view bytes, std::size_t piece) {
  RequestReader reader{kLimits};
  HttpRequest request;
  std::string meaning;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string_view rest = bytes.substr(at, piece);
    for (bool more = true; more;) {
      const auto [status, used] = reader.read(rest, request);
      require(used <= rest.size(), "no more is taken than there was");
      rest.remove_prefix(used);
      if (status == Status::Refused ||
          (status == Status::HeadComplete && !reader.startBody(kBodyBytesMax)))
        return meaning + "refused " + std::string{reader.refusal().code()};
      if (status == Status::Complete) {
        check(request);
        meaning += fmt::format("{} {} {}\n", request.method, request.target, request.body);
        request = {};
      }
      more = !rest.empty() || status == Status::HeadComplete;
    }
  }
  return meaning + (reader.inHead() || reader.inBody() ? "incomplete" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = bulkhead::fuzz::textOf(data, size);
  const std::string whole = meaningOf(bytes, bytes.size() + 1);
  for (const std::size_t piece : {1U, 7U, 64U})
    require(meaningOf(bytes, piece) == whole, "any split means the same");
  return 0;
}
