#include "http/middleware/coded_document.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <utility>

#include "http/middleware/content_coding.hpp"
#include "http/middleware/preconditions.hpp"

namespace bulkhead::host {
namespace {

std::string tagOf(const std::string& text) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  engine.update(text);
  return '"' + Poco::DigestEngine::digestToHex(engine.digest()) + '"';
}

}  // namespace

CodedDocument::CodedDocument(std::string media_type, const std::string& text)
    : media_type_{std::move(media_type)}, tag_{tagOf(text)} {
  for (const auto coding : {ContentCoding::Identity, ContentCoding::Gzip, ContentCoding::Brotli}) {
    HttpResponse coded = plain(text);
    encodeBody(coding, coded);
    bodies_[static_cast<std::size_t>(coding)] = std::move(coded.body);
  }
}

HttpResponse CodedDocument::plain(std::string body) const {
  HttpResponse response;
  response.body = std::move(body);
  response.addHeader("Content-Type", media_type_);
  response.addHeader("ETag", tag_);
  response.addHeader("Cache-Control", "no-cache");
  return response;
}

HttpResponse CodedDocument::answer(const HttpRequest& request) const {
  HttpResponse response = plain(bodies_[0]);
  const ContentCoding coding = chooseCoding(request, response);
  applyPreconditions(request, response);
  if (response.status == 200) response.body = bodies_[static_cast<std::size_t>(coding)];
  return response;
}

}  // namespace bulkhead::host
