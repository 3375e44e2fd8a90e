// Our reading of heads beside http_parser's, on the same bytes: known heads, every head of the
// corpora, and what random changes make of them. We may refuse more; what we take, it takes too,
// and sees the same method, target and fields. tests/fuzz looks further.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <http_parser.h>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "http/characters.hpp"
#include "http/parser.hpp"

namespace bulkhead::host {
namespace {

struct Head {
  std::string method;
  std::string target;
  Fields fields;
  bool ends_before_body = false;

  bool operator==(const Head&) const = default;
};

int onTarget(http_parser* parser, const char* at, std::size_t size) {
  static_cast<Head*>(parser->data)->target.append(at, size);
  return 0;
}

int onName(http_parser* parser, const char* at, std::size_t size) {
  auto& head = *static_cast<Head*>(parser->data);
  if (!std::exchange(head.ends_before_body, true)) head.fields.emplace_back();
  for (const char c : std::string_view{at, size}) head.fields.back().first += toLower(c);
  return 0;
}

int onValue(http_parser* parser, const char* at, std::size_t size) {
  auto& head = *static_cast<Head*>(parser->data);
  head.ends_before_body = false;  // the next name begins another field
  head.fields.back().second.append(at, size);
  return 0;
}

int onEnd(http_parser*) {
  return 1;  // a head alone
}

/// What http_parser makes of one complete head; nothing when it refuses.
std::optional<Head> readByHttpParser(std::string_view bytes) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = onTarget;
  settings.on_header_field = onName;
  settings.on_header_value = onValue;
  settings.on_headers_complete = onEnd;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  Head head;
  parser.data = &head;
  const std::size_t used = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  if (HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != bytes.size()) return std::nullopt;
  head.method = http_method_str(static_cast<http_method>(parser.method));
  for (auto& [name, value] : head.fields) value.erase(value.find_last_not_of(" \t") + 1);
  head.ends_before_body = true;
  return head;
}

/// What we make of it; nothing when we refuse.
std::optional<Head> readByUs(std::string_view bytes) {
  HttpRequest request;
  if (parse(bytes, HeadLimits{}, request).refusal) return std::nullopt;
  return Head{request.method, request.target, request.headers, true};
}

bool isAbsolute(const Head& head) {
  return !head.target.starts_with('/') && head.target != "*";
}

/// http_parser takes "Transfer-Encoding9" for a Transfer-Encoding, and refuses a length beside it.
bool hasLongerFramingName(const Head& head) {
  return std::any_of(head.fields.begin(), head.fields.end(), [](const auto& field) {
    const std::string& name = field.first;
    const auto goes_beyond = [&](std::string_view word) {
      return name.starts_with(word) && name.size() > word.size();
    };
    return goes_beyond("transfer-encoding") || goes_beyond("content-length");
  });
}

/// False when we take what http_parser refuses or sees in another way. The authority of an absolute
/// target replaces Host here, and there it does not.
bool agrees(std::string_view bytes) {
  std::optional<Head> ours = readByUs(bytes);
  if (!ours) return true;
  std::optional<Head> theirs = readByHttpParser(bytes);
  if (!theirs) return hasLongerFramingName(*ours);
  for (std::optional<Head>* head : {&ours, &theirs}) {
    for (auto& [name, value] : (*head)->fields) {
      if (name == "host" && isAbsolute(**head)) value.clear();
    }
  }
  return *ours == *theirs;
}

std::vector<std::string> seeds() {
  const std::string line = "GET /a/b?c=d HTTP/1.1\r\n";
  std::vector<std::string> heads{
      line + "Host: a\r\n\r\n",
      "POST / HTTP/1.0\r\nHost: a:80\r\nContent-Length: 10\r\nConnection: keep-alive\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nAccept: */*\r\n\r\n",
      "PUT http://b.example/x?y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      line +
          "Host: a\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\nExpect: 100-continue\r\n\r\n",
      line + "Host: a\r\nX-A: \t b \t\r\nX-B:\r\nX-C: \xc3\xa9\r\nCookie: a=\"b\"; c\r\n\r\n",
      line + "host: a\r\nProxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nTE: trailers\r\n\r\n"};
  const std::filesystem::path corpora = BULKHEAD_SOURCE_DIR "/tests/fuzz/corpus";
  for (const char* corpus : {"request_stream", "header_fields"}) {
    for (const auto& entry : std::filesystem::directory_iterator{corpora / corpus}) {
      std::ifstream file{entry.path(), std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
      heads.push_back(std::string{corpus} == "header_fields"
                          ? line + bytes + "\r\n"
                          : bytes.substr(0, bytes.find("\r\n\r\n")) + "\r\n\r\n");
    }
  }
  return heads;
}

/// One random change: a byte replaced, put in or taken out, a piece doubled, or a piece of another
/// head put in.
void change(std::string& head, const std::vector<std::string>& others, std::mt19937& random) {
  static constexpr std::string_view kTelling{"\0\t\n\v\r !\"#%,-./09:;=?@AZ[\\]_az{|}~\x7f\x80\xff",
                                             36};
  const auto below = [&](std::size_t bound) { return random() % std::max<std::size_t>(bound, 1); };
  const std::size_t at = below(head.size());
  const char byte = kTelling[below(kTelling.size())];
  switch (below(5)) {
    case 0:
      head[at] = byte;
      return;
    case 1:
      head.insert(at, 1, byte);
      return;
    case 2:
      head.erase(at, 1 + below(3));
      return;
    case 3:
      head.insert(at, head.substr(below(head.size()), below(30)));
      return;
    default: {
      const std::string& other = others[below(others.size())];
      head.insert(at, other.substr(below(other.size()), below(30)));
    }
  }
}

TEST(HeadParser, EveryKnownHeadIsReadAsHttpParserReadsIt) {
  std::size_t taken = 0;
  for (const std::string& head : seeds()) {
    EXPECT_TRUE(agrees(head)) << testing::PrintToString(head);
    taken += readByUs(head) ? 1 : 0;
  }
  EXPECT_GT(taken, 10U);
}

TEST(HeadParser, WhatRandomChangesMakeIsReadAsHttpParserReadsIt) {
  constexpr int kHeads = 400'000;
  const std::vector<std::string> known = seeds();
  std::mt19937 random{20'261'122};  // the same heads each time
  int taken = 0;
  for (int i = 0; i < kHeads; ++i) {
    std::string head = known[random() % known.size()];
    for (auto changes = 1 + random() % 3; changes > 0 && !head.empty(); --changes)
      change(head, known, random);
    ASSERT_TRUE(agrees(head)) << testing::PrintToString(head);
    taken += readByUs(head) ? 1 : 0;
  }
  EXPECT_GT(taken, kHeads / 20);  // else the changes would break everything
}

/// What http_parser would let through, and what makes each of these dangerous, stays refused.
TEST(HeadParser, IsStricterThanHttpParser) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& head :
       {std::string{"GET / HTTP/1.1\nHost: a\n\n"}, start + "X-A: b\r\n folded\r\n\r\n",
        std::string{"GET / HTTP/1.1\r\n\r\n"}, start + "Host: b\r\n\r\n",
        std::string{"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"}}) {
    EXPECT_TRUE(readByHttpParser(head)) << testing::PrintToString(head);
    EXPECT_FALSE(readByUs(head)) << testing::PrintToString(head);
  }
}

/// The judge itself: it sees a field that only one of the two has read.
TEST(HeadParser, NegativeControl_ADifferenceIsSeen) {
  const auto theirs = readByHttpParser("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n");
  ASSERT_TRUE(theirs);
  EXPECT_EQ(*theirs, *readByUs("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n"));
  EXPECT_NE(*theirs, *readByUs("GET / HTTP/1.1\r\nHost: a\r\nX-A: c\r\n\r\n"));
  EXPECT_NE(*theirs, *readByUs("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

}  // namespace
}  // namespace bulkhead::host
