#include <string>

#include <bulkhead/form.hpp>

#include "fuzz/fuzz_target.hpp"

namespace {

using bulkhead::Form;
using bulkhead::fuzz::require;

std::string encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
  }
  return result;
}

void check(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form.fields()) {
    require(bulkhead::isUtf8(name) && bulkhead::isUtf8(value), "what is read is UTF-8");
    body += (body.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
  }
  require(Form::parse(body).fields() == form.fields(), "what is rendered reads the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(Form::parse(bulkhead::fuzz::textOf(data, size)));
  } catch (const bulkhead::Error& refused) {
    require(refused.code() == "FORM_INVALID", "a refusal is the sender's fault");
  }
  return 0;
}
