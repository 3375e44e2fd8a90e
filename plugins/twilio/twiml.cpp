#include "twiml.hpp"

#include <string_view>

#include <bulkhead/utf8.hpp>

namespace twilio {
namespace {

/// Whether XML 1.0 has the character that these bytes are (§2.2).
bool isAllowed(std::string_view character) {
  if (character.size() > 1) return character != "\xEF\xBF\xBE" && character != "\xEF\xBF\xBF";
  return static_cast<unsigned char>(character.front()) >= 0x20 || character == "\n" ||
         character == "\t";
}

void appendEscaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = bulkhead::utf8Length(text);
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
    if (character == "&") {
      out += "&amp;";
    } else if (character == "<") {
      out += "&lt;";
    } else if (character == ">") {
      out += "&gt;";
    } else if (!character.empty() && isAllowed(character)) {
      out += character;
    }
  }
}

}  // namespace

std::string twimlOf(const std::vector<std::string>& replies) {
  std::string document = R"(<?xml version="1.0" encoding="UTF-8"?>)";
  if (replies.empty()) return document + "<Response/>";
  document += "<Response>";
  for (const auto& reply : replies) {
    document += "<Message>";
    appendEscaped(document, reply);
    document += "</Message>";
  }
  return document + "</Response>";
}

}  // namespace twilio
