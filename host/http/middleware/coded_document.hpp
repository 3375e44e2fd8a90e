#pragma once

#include <array>
#include <string>

#include "http/middleware/accept_encoding.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// A text that is coded once and answered often. Immutable, so that any thread may answer from it,
/// a loop too: that costs a copy.
class CodedDocument {
 public:
  /// Takes milliseconds for a large text. `media_type` is that of a text, such as
  /// "application/json".
  CodedDocument(std::string media_type, const std::string& text);

  /// The text in the coding that the request asks for, with an ETag of each coding's own; 304 or
  /// 412 where the request's conditions say so.
  HttpResponse answer(const HttpRequest& request) const;

 private:
  HttpResponse plain(std::string body) const;

  std::string media_type_;
  std::string tag_;
  std::array<std::string, 3> bodies_;  ///< by ContentCoding
};

}  // namespace bulkhead::host
