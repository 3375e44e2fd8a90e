#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bulkhead::host {

/// One thing that is wrong with a document.
struct SchemaProblem {
  std::string pointer;  ///< JSON Pointer as a URI fragment: "#/lead/phone"
  std::string detail;   ///< a sentence for the client
};

/// A JSON Schema of the subset that means the same in draft 7 and 2020-12. Immutable; any thread
/// may validate. `pattern` is checked by RE2 (linear time), only on strings that `maxLength`
/// bounds; `format` is an annotation.
class Schema {
 public:
  static constexpr std::size_t kProblemsMax = 20;

  /// Throws Error (configuration, SCHEMA_REFUSED) naming the place and the keyword that the subset
  /// does not have.
  explicit Schema(const nlohmann::json& schema);
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  /// Empty when `document` is valid; at most kProblemsMax problems. A list that is too long is the
  /// only problem told, and its items are not looked at; the cost grows with the document's size
  /// and not with how much of it is wrong.
  std::vector<SchemaProblem> validate(const nlohmann::json& document) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bulkhead::host
