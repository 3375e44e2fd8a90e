#include <fmt/format.h>
#include <string>

#include "fuzz/fuzz_target.hpp"
#include "http/chunked_decoder.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::ChunkedDecoder;
using Status = ChunkedDecoder::Status;

constexpr std::size_t kBodyBytesMax = 4096;

/// How the decoding of bytes that come in pieces ended.
struct End {
  Status status = Status::NeedMore;
  std::size_t used = 0;
  std::string body;

  bool operator==(const End&) const = default;
};

End decoded(std::string_view bytes, std::size_t piece) {
  ChunkedDecoder decoder;
  decoder.reset(kBodyBytesMax);
  End end;
  while (end.used < bytes.size() && end.status == Status::NeedMore) {
    const std::string_view part = bytes.substr(end.used, piece);
    const auto [status, used] = decoder.decode(part, end.body);
    require(used <= part.size(), "no more is taken than there was");
    require(status != Status::NeedMore || used == part.size(), "who wants more has taken all");
    end.status = status;
    end.used += used;
  }
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = bulkhead::fuzz::textOf(data, size);
  const End whole = decoded(bytes, bytes.size() + 1);
  require(whole.body.size() <= kBodyBytesMax, "the limit holds");
  for (const std::size_t piece : {1U, 3U, 100U})
    require(decoded(bytes, piece) == whole, "any split means the same");
  if (whole.status != Status::Done) return 0;
  const std::string body = whole.body.empty()
                               ? std::string{}
                               : fmt::format("{:x}\r\n{}\r\n", whole.body.size(), whole.body);
  const std::string again = body + "0\r\n\r\n";
  require(decoded(again, again.size()).body == whole.body, "what is written again reads the same");
  return 0;
}
