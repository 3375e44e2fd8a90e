#pragma once

#include <gumbo.h>
#include <string>
#include <string_view>

namespace bulkhead::tests {

namespace detail {

inline std::string whatActsIn(const GumboNode& node, bool ours);

inline std::string whatActsBelow(const GumboVector& children, bool ours) {
  for (unsigned i = 0; i < children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (std::string found = whatActsIn(*child, ours); !found.empty()) return found;
  }
  return {};
}

inline bool acts(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_PLAINTEXT:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_MATH:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_FORM:
      return true;
    default:
      return false;
  }
}

inline std::string whatActsIn(const GumboNode& node, bool ours) {
  if (node.type != GUMBO_NODE_ELEMENT && node.type != GUMBO_NODE_TEMPLATE) return {};
  const GumboElement& element = node.v.element;
  if (ours && acts(element.tag)) return gumbo_normalized_tagname(element.tag);
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
    if (*attribute->value != '\0') return std::string{"the attribute "} + attribute->name;
  }
  return whatActsBelow(element.children, ours);
}

}  // namespace detail

/// What would act if `text` were put into a page as it is: an element that runs something, or an
/// attribute with a value; "" for nothing. Gumbo's judgement, an HTML5 parser that shares no code
/// with ours.
inline std::string whatActs(std::string_view text) {
  const std::string page = "<!doctype html><body><p>" + std::string{text};
  GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, page.data(), page.size());
  std::string found = detail::whatActsIn(*output->root, false);
  if (found.empty()) {
    const GumboVector& parts = output->root->v.element.children;
    for (unsigned i = 0; i < parts.length && found.empty(); ++i) {
      const auto* part = static_cast<const GumboNode*>(parts.data[i]);
      if (part->type == GUMBO_NODE_ELEMENT)
        found = detail::whatActsBelow(part->v.element.children, true);
    }
  }
  gumbo_destroy_output(&kGumboDefaultOptions, output);
  return found;
}

}  // namespace bulkhead::tests
