#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// Parses JSON text (RFC 8259) and refuses what lenient readers pass over: a member that is given
/// twice, nesting deeper than 32, bytes that are not UTF-8. Throws Error (code BAD_JSON) that says
/// where.
nlohmann::json parseStrictJson(std::string_view text);

/// What is wrong with a document, each as one clause: "/settings/port/min is "a", expected an
/// integer".
class DocumentProblems {
 public:
  void add(std::string_view pointer, std::string_view clause);
  /// `value` is shown shortened.
  void expected(std::string_view pointer, const nlohmann::json& value, std::string_view expected);

  bool empty() const noexcept { return count_ == 0; }
  std::string text() const;  ///< the first clauses, separated by semicolons, and how many more

 private:
  std::vector<std::string> clauses_;
  std::size_t count_ = 0;
};

/// Reads the members of one JSON object, and reports those that nobody asked for. Borrows the
/// object and the problems.
class ObjectReader {
 public:
  /// A `document` that is no object is a problem, and reads as an empty one.
  ObjectReader(const nlohmann::json& document, std::string pointer, DocumentProblems& problems);

  /// The member, or nullptr. Asking makes it known.
  const nlohmann::json* find(std::string_view name);
  /// The same; absence is a problem that says what was `expected`.
  const nlohmann::json* require(std::string_view name, std::string_view expected);
  /// A member of text, or "" after a problem; `require` decides about absence.
  std::string text(std::string_view name, bool required, std::string_view expected);
  /// A member true or false.
  bool boolean(std::string_view name, bool otherwise);

  std::string pointerOf(std::string_view name) const;
  DocumentProblems& problems() noexcept { return problems_; }
  /// Reports members that were never asked for, with the nearest known name. Call it last.
  void finish();

 private:
  const nlohmann::json& object_;
  std::string pointer_;
  DocumentProblems& problems_;
  std::vector<std::string> known_;
};

}  // namespace bulkhead::host
