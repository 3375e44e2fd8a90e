#include "http/middleware/content_coding.hpp"

#include <Poco/String.h>
#include <algorithm>
#include <array>
#include <brotli/encode.h>
#include <stdexcept>
#include <string_view>
#include <zlib.h>

#include <bulkhead/error.hpp>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kWorthCodingBytes = 1024;
constexpr std::size_t kRatioMax = 100;
/// Ratios above it are no attack while what comes out is small.
constexpr std::size_t kRatioFreeBytes = 64 * 1024;
constexpr int kGzipLevel = 5;
constexpr int kBrotliQuality = 4;
constexpr int kGzipWindow = 15 + 16;  // zlib's word for a gzip head and trailer
constexpr std::array<std::string_view, 2> kTagSuffixes = {"-gzip", "-br"};

std::string* find(HttpResponse& response, std::string_view name) {
  const auto field =
      std::find_if(response.headers.begin(), response.headers.end(),
                   [&](const auto& header) { return equalsIgnoringCase(header.first, name); });
  return field == response.headers.end() ? nullptr : &field->second;
}

bool isText(std::string_view type) {
  const std::string plain = Poco::toLower(std::string{type.substr(0, type.find(';'))});
  const auto ends = [&](std::string_view end) { return plain.ends_with(end); };
  return plain.starts_with("text/") || ends("/json") || ends("+json") || ends("/xml") ||
         ends("+xml") || ends("/javascript") || ends("/openmetrics-text");
}

bool isCodable(HttpResponse& response) {
  const bool has_body = response.status != 204 && response.status != 206 && response.status != 304;
  if (!has_body || response.body.size() < kWorthCodingBytes) return false;
  const std::string* cache = find(response, "Cache-Control");
  if (cache != nullptr && cache->find("no-transform") != std::string::npos) return false;
  const std::string* type = find(response, "Content-Type");
  return type != nullptr && isText(*type) && find(response, "Content-Encoding") == nullptr;
}

void addVary(HttpResponse& response) {
  if (std::string* vary = find(response, "Vary"); vary != nullptr) {
    if (vary->find("Accept-Encoding") == std::string::npos) *vary += ", Accept-Encoding";
  } else {
    response.addHeader("Vary", "Accept-Encoding");
  }
}

std::string gzipped(const std::string& body) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc{};
  }
  std::string coded(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  const int code = deflate(&stream, Z_FINISH);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::logic_error{"deflateBound is a bound"};
  return coded;
}

std::string brotliCoded(const std::string& body) {
  std::size_t size = BrotliEncoderMaxCompressedSize(body.size());
  std::string coded(size, '\0');
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(body.data());
  const int done =
      BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, body.size(),
                            bytes, &size, reinterpret_cast<std::uint8_t*>(coded.data()));
  if (done != BROTLI_TRUE) throw std::bad_alloc{};
  coded.resize(size);
  return coded;
}

Error tooLarge() {
  return Error::validation("PAYLOAD_TOO_LARGE", "The body is too large once it is decoded.");
}

// Undoes gzip, member after member (RFC 1952 §2.2).
class Inflater {
 public:
  explicit Inflater(const std::string& coded) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
    stream_.avail_in = static_cast<uInt>(coded.size());
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc{};
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// The next bytes into `part`; how many. None: all members have ended.
  std::size_t read(std::array<char, 16384>& part) {
    stream_.next_out = reinterpret_cast<Bytef*>(part.data());
    stream_.avail_out = static_cast<uInt>(part.size());
    while (stream_.avail_out == part.size() && !ended_) {
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        ended_ = stream_.avail_in == 0 || inflateReset(&stream_) != Z_OK;
      } else if (code != Z_OK) {
        throw Error::validation("VALIDATION_ERROR",
                                "The body is not the gzip that Content-Encoding says it is.");
      }
    }
    return part.size() - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace

ContentCoding chooseCoding(const HttpRequest& request, HttpResponse& response) {
  if (!isCodable(response)) return ContentCoding::Identity;
  addVary(response);
  const ContentCoding coding = acceptedCoding(request);
  if (coding == ContentCoding::Identity) return coding;
  response.addHeader("Content-Encoding", nameOf(coding));
  std::string* tag = find(response, "ETag");
  if (tag != nullptr && tag->ends_with('"')) {
    tag->insert(tag->size() - 1, "-" + std::string{nameOf(coding)});
  }
  return coding;
}

void encodeBody(ContentCoding coding, HttpResponse& response) {
  if (coding == ContentCoding::Gzip) response.body = gzipped(response.body);
  if (coding == ContentCoding::Brotli) response.body = brotliCoded(response.body);
}

bool isCoded(const HttpRequest& request) {
  const std::string* coding = request.header("content-encoding");
  const bool plain = coding == nullptr || Poco::icompare(*coding, "identity") == 0;
  if (plain || request.body.empty()) return false;
  const auto fields =
      std::count_if(request.headers.begin(), request.headers.end(),
                    [](const auto& header) { return header.first == "content-encoding"; });
  const bool gzip = Poco::icompare(*coding, "gzip") == 0 || Poco::icompare(*coding, "x-gzip") == 0;
  if (gzip && fields == 1) return true;
  throw Error::validation("UNSUPPORTED_CONTENT_CODING",
                          "A body may be coded with gzip, once, or not at all.");
}

std::string decodedBody(const std::string& coded, std::size_t limit_bytes,
                        const std::function<bool(std::size_t bytes)>& hold) {
  std::string body;
  Inflater inflater{coded};
  std::array<char, 16384> part{};
  while (const std::size_t size = inflater.read(part)) {
    body.append(part.data(), size);
    const bool bomb = body.size() > kRatioFreeBytes && body.size() / kRatioMax > coded.size();
    if (bomb || body.size() > limit_bytes) throw tooLarge();
    if (!hold(body.size()))
      throw Error::app("OVERLOADED", "Too many large requests at the moment.").withRetryAfter(1);
  }
  return body;
}

std::string withoutCoding(std::string field) {
  for (const auto suffix : kTagSuffixes) {
    const std::string ending = std::string{suffix} + '"';
    for (auto at = field.find(ending); at != std::string::npos; at = field.find(ending, at)) {
      field.erase(at, suffix.size());
    }
  }
  return field;
}

}  // namespace bulkhead::host
