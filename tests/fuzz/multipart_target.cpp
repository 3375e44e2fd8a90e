#include <string>

#include <bulkhead/multipart.hpp>

#include "fuzz/fuzz_target.hpp"

namespace {

using bulkhead::Multipart;
using bulkhead::fuzz::require;

void check(const Multipart& form, std::string_view body) {
  for (const auto& part : form.parts()) {
    const bool inside = part.content.data() >= body.data() &&
                        part.content.data() + part.content.size() <= body.data() + body.size();
    require(inside, "a content lies in the body");
    require(part.content.find("\r\n--XX") == std::string_view::npos, "a content has no boundary");
    require(bulkhead::isUtf8(part.name), "a name is UTF-8");
    require(!part.content_type.empty(), "a part has a type");
  }
  require(form.parts().size() <= Multipart::kPartsMax, "parts are bounded");
}

}  // namespace

/// The first line of the input is the Content-Type, unless it is empty.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = bulkhead::fuzz::textOf(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  std::string_view type = text.substr(0, line);
  const std::string_view body = text.substr(std::min(line + 1, text.size()));
  const bool is_own = type.empty();
  if (is_own) type = "multipart/form-data; boundary=XX";
  try {
    const Multipart form = Multipart::parse(type, body);
    if (is_own) check(form, body);
  } catch (const bulkhead::Error& refused) {
    require(!refused.message().empty(), "a refusal has its sentence");
  }
  return 0;
}
