#include "waist_members.hpp"

#include <regex>

namespace bulkhead::integration {
namespace {

std::string withoutComments(std::string_view header) {
  static const std::regex kComment{R"(//[^\n]*|/\*[^*]*\*+([^/*][^*]*\*+)*/)"};
  return std::regex_replace(std::string{header}, kComment, "");
}

/// The name that a declaration declares: of a pointer to a function, or its last word.
std::string declaredName(const std::string& declaration) {
  static const std::regex kPointer{R"(\(\s*\*\s*(\w+)\s*\)\s*\()"};
  static const std::regex kLastWord{R"((\w+)\s*$)"};
  std::smatch found;
  if (std::regex_search(declaration, found, kPointer)) return found[1];
  if (std::regex_search(declaration, found, kLastWord)) return found[1];
  return {};
}

}  // namespace

std::vector<WaistMember> waistMembers(std::string_view header) {
  static const std::regex kStruct{R"(typedef\s+struct\s+bulkhead_(\w+)\s*\{([^}]*)\})"};
  static const std::regex kDeclaration{R"([^;]+)"};
  const std::string text = withoutComments(header);
  std::vector<WaistMember> members;
  for (std::sregex_iterator found{text.begin(), text.end(), kStruct}, end; found != end; ++found) {
    const std::string body = (*found)[2];
    for (std::sregex_iterator each{body.begin(), body.end(), kDeclaration}; each != end; ++each) {
      if (std::string name = declaredName(each->str()); !name.empty())
        members.push_back({(*found)[1], std::move(name)});
    }
  }
  return members;
}

}  // namespace bulkhead::integration
