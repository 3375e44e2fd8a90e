#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/header_parameters.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/utf8.hpp>

namespace bulkhead {

/// One field or file of a multipart/form-data body.
struct MultipartPart {
  std::string name;
  /// As the client calls the file: for people to read, never a path to write to. Absent for a plain
  /// field.
  std::optional<std::string> file_name;
  std::string content_type;  ///< with its parameters; "text/plain" where the part does not say
  std::string_view content;  ///< the bytes as sent; borrows the body
};

/// The parts of a multipart/form-data body (RFC 7578, RFC 2046 §5.1), as browsers and curl send
/// files to routes with `raw_body` and a `body_limit_bytes` that says how large they may be.
/// Borrows the body. Strict and bounded: no preamble, no epilogue, no nested multipart, no transfer
/// encodings, at most kPartsMax parts whose heads have at most kHeadBytesMax.
class Multipart {
 public:
  static constexpr std::size_t kPartsMax = 100;
  static constexpr std::size_t kHeadBytesMax = 4096;

  /// Throws Error: 415 UNSUPPORTED_MEDIA_TYPE for another Content-Type; what parse() throws.
  static Multipart of(const Request& request) {
    return parse(request.header("content-type").value_or(""), request.body());
  }
  /// Throws Error: 415 UNSUPPORTED_MEDIA_TYPE, 400 MULTIPART_INVALID that says what is wrong.
  static Multipart parse(std::string_view content_type, std::string_view body) {
    const auto type = HeaderParameters::parse(content_type);
    if (!type || type->value() != "multipart/form-data")
      throw Error::validation("UNSUPPORTED_MEDIA_TYPE",
                              "Send the form as Content-Type: multipart/form-data.");
    const auto boundary = type->find("boundary").value_or("");
    if (!isBoundary(boundary)) refuse("The boundary is missing, or not as RFC 2046 has it.");
    Multipart parts;
    parts.read("\r\n--" + std::string{boundary}, body);
    return parts;
  }

  /// In the order of the body; names may be repeated.
  const std::vector<MultipartPart>& parts() const noexcept { return parts_; }
  /// The part of a name that is given once. Throws Error 400 MULTIPART_INVALID when it is given
  /// twice.
  const MultipartPart* find(std::string_view name) const {
    const MultipartPart* found = nullptr;
    for (const MultipartPart& part : parts_) {
      if (part.name != name) continue;
      if (found != nullptr) refuse("A part is given twice.");
      found = &part;
    }
    return found;
  }

 private:
  [[noreturn]] static void refuse(std::string_view why) {
    throw Error::validation("MULTIPART_INVALID", why);
  }
  static bool isBoundary(std::string_view text) {
    static constexpr std::string_view kSymbols = "'()+_,-./:=? ";
    return !text.empty() && text.size() <= 70 && text.back() != ' ' &&
           std::all_of(text.begin(), text.end(), [](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    kSymbols.find(c) != std::string_view::npos;
           });
  }

  void read(const std::string& delimiter, std::string_view body) {
    const std::string_view first = std::string_view{delimiter}.substr(2);
    if (!body.starts_with(first)) refuse("The body does not begin with its boundary.");
    body.remove_prefix(first.size());
    while (!isEnd(body)) {
      body.remove_prefix(2);
      const std::size_t end = body.find(delimiter);
      if (end == std::string_view::npos) refuse("The body ends before its last boundary.");
      if (parts_.size() == kPartsMax) refuse("The body has too many parts.");
      parts_.push_back(partOf(body.substr(0, end)));
      body.remove_prefix(end + delimiter.size());
    }
  }
  /// What follows a boundary: the end of the body, or a line end and another part.
  static bool isEnd(std::string_view rest) {
    if (rest == "--" || rest == "--\r\n") return true;
    if (!rest.starts_with("\r\n")) refuse("A boundary is followed by something else than a part.");
    return false;
  }

  static MultipartPart partOf(std::string_view text) {
    const std::size_t blank =
        text.starts_with("\r\n") ? 0 : text.substr(0, kHeadBytesMax).find("\r\n\r\n");
    if (blank == std::string_view::npos) refuse("A part has no end of its headers, or too many.");
    MultipartPart part;
    part.content = text.substr(blank == 0 ? 2 : blank + 4);
    bool is_named = false;
    for (std::string_view head = text.substr(0, blank); !head.empty();) {
      const std::size_t end = std::min(head.find("\r\n"), head.size());
      is_named |= readHeader(head.substr(0, end), part, is_named);
      head.remove_prefix(std::min(end + 2, head.size()));
    }
    if (!is_named) refuse("A part has no Content-Disposition that names it.");
    if (part.content_type.empty()) part.content_type = "text/plain";
    return part;
  }
  /// Returns whether this header named the part.
  static bool readHeader(std::string_view line, MultipartPart& part, bool is_named) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) refuse("A header of a part has no colon.");
    std::string name{line.substr(0, colon)};
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    if (name == "content-disposition") {
      if (is_named) refuse("A part has two Content-Dispositions.");
      readDisposition(value, part);
      return true;
    }
    if (name == "content-type") {
      const auto type = HeaderParameters::parse(value);
      if (!type || !part.content_type.empty() || type->value().starts_with("multipart/"))
        refuse("The Content-Type of a part is malformed, given twice, or multipart.");
      part.content_type = value;
    } else if (name == "content-transfer-encoding" && value != "binary" && value != "8bit" &&
               value != "7bit") {
      refuse("A part has a transfer encoding, which RFC 7578 gave up.");
    }
    return false;
  }
  static void readDisposition(std::string_view value, MultipartPart& part) {
    const auto disposition = HeaderParameters::parse(value);
    if (!disposition || disposition->value() != "form-data" || !disposition->find("name"))
      refuse("The Content-Disposition of a part is not form-data with a name.");
    if (disposition->find("filename*")) refuse("A part has a filename*, which RFC 7578 forbids.");
    part.name = unescaped(*disposition->find("name"));
    if (const auto name = disposition->find("filename")) part.file_name = unescaped(*name);
  }
  /// Names as browsers write them (WHATWG HTML, multipart/form-data): a quote and line ends as
  /// percent escapes, everything else as it is.
  static std::string unescaped(std::string_view text) {
    constexpr std::pair<std::string_view, char> kEscapes[] = {
        {"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
    std::string result{text};
    for (const auto& [escape, meant] : kEscapes) {
      for (std::size_t at = result.find(escape); at != std::string::npos;
           at = result.find(escape, at + 1))
        result.replace(at, escape.size(), 1, meant);
    }
    if (result.find('\0') != std::string::npos || !isUtf8(result))
      refuse("The name of a part is not UTF-8 text.");
    return result;
  }

  std::vector<MultipartPart> parts_;
};

}  // namespace bulkhead
