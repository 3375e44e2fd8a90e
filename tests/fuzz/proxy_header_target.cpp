#include "fuzz/fuzz_target.hpp"
#include "http/proxy_header.hpp"

// The header is read in the pieces that it asks for, as from a socket, and at once: both say the
// same, and no byte beyond its end is asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bulkhead::fuzz::require;
  using bulkhead::host::ProxyHeader;
  const std::string_view bytes = bulkhead::fuzz::textOf(data, size);
  ProxyHeader at_once;
  const ProxyHeader::State whole = at_once.parse(bytes);
  ProxyHeader in_pieces;
  ProxyHeader::State state = ProxyHeader::State::Incomplete;
  std::size_t read = 0;
  while (state == ProxyHeader::State::Incomplete) {
    const std::size_t wanted = ProxyHeader::wanted(bytes.substr(0, read));
    require(wanted > 0, "an incomplete header wants more");
    if (read + wanted > size) break;
    read += wanted;
    state = in_pieces.parse(bytes.substr(0, read));
  }
  require(read <= ProxyHeader::kFixedBytes + ProxyHeader::kVariableBytesMax, "it is bounded");
  if (state == ProxyHeader::State::Incomplete) return 0;
  require(state == whole, "pieces say what the whole says");
  require(in_pieces.address() == at_once.address(), "and name the same client");
  require(state == ProxyHeader::State::Complete || !in_pieces.isProxied(),
          "a refused header names nobody");
  return 0;
}
