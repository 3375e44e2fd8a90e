#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// Takes out of text what would act in a page that forgets to encode it (S36, S37, S38), and keeps
/// what people write: addresses in angle brackets, comparisons, tags without attributes.
/// - U+0000 is removed, and so are script elements with their content, and script tags alone.
/// - Other markup that acts gets a space behind its `<`, which makes it text (WHATWG HTML, tag open
///   state): a tag with an attribute that has a value, an element that runs or embeds something or
///   changes how the text behind it is read, a comment, a declaration.
/// - A text that begins with `javascript:` or `vbscript:` gets a space before the colon.
/// Bounded: a script element of more than 4 KiB loses its tags alone. Idempotent, linear in time.
/// The defence remains to encode what is shown.
///
/// Returns nothing when `text` stays as it is. Any thread.
std::optional<std::string> sanitizedText(std::string_view text);

struct SanitizedJson {
  std::string text;
  std::size_t changed = 0;  ///< strings that are not as they were
};

/// The same for each string of a JSON text, names of members included: a string that changes is
/// written anew, every other byte is copied, so numbers keep their digits (C22). Returns nothing
/// when no string changes. Text that is no JSON is safe to pass, and comes back in any state.
std::optional<SanitizedJson> sanitizedJson(std::string_view json);

}  // namespace bulkhead::host
