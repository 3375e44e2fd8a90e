#include "security/ulid.hpp"

#include <array>
#include <openssl/rand.h>
#include <stdexcept>

#include "runtime/services.hpp"

namespace bulkhead::host {
namespace {

constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kTimeCharacters = 10;
constexpr int kRandomCharacters = 16;

}  // namespace

std::string makeUlid() {
  return makeUlid(SystemClock{}.nowUs() / 1000);
}

std::string makeUlid(std::int64_t unix_ms) {
  std::array<unsigned char, kRandomCharacters> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    throw std::runtime_error{"The system has no random numbers."};
  }
  std::string id;
  id.reserve(kTimeCharacters + kRandomCharacters);
  for (int i = kTimeCharacters - 1; i >= 0; --i) id += kAlphabet[(unix_ms >> (5 * i)) & 31];
  for (const unsigned char byte : random) id += kAlphabet[byte & 31];
  return id;
}

}  // namespace bulkhead::host
