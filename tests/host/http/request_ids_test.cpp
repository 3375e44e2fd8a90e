#include "http/request_ids.hpp"

#include <gtest/gtest.h>
#include <set>
#include <vector>

namespace bulkhead::host {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kParent = "b7ad6b7169203331";

HttpRequest identified(Fields headers) {
  HttpRequest request;
  request.headers = std::move(headers);
  identify(request);
  return request;
}

TEST(RequestIds, W3c_3_2_TakesAValidTraceParent) {
  for (const std::string& value :
       {"00-" + kTrace + "-" + kParent + "-01", " \t00-" + kTrace + "-" + kParent + "-00 ",
        "cc-" + kTrace + "-" + kParent + "-01", "cc-" + kTrace + "-" + kParent + "-01-what"}) {
    const auto parent = parseTraceParent(value);
    ASSERT_TRUE(parent) << value;
    EXPECT_EQ(parent->trace_id, kTrace);
    EXPECT_EQ(parent->parent_id, kParent);
  }
}

TEST(RequestIds, W3c_3_2_IgnoresWhatIsNotValid) {
  for (const std::string& value :
       {std::string{}, std::string{"00"}, "ff-" + kTrace + "-" + kParent + "-01",
        "00-" + kTrace + "-" + kParent + "-01-what", "00-" + kTrace + "-" + kParent + "-01.",
        "cc-" + kTrace + "-" + kParent + "-01.what", "00-" + kTrace + "-" + kParent + "-0",
        "00-" + std::string(32, '0') + "-" + kParent + "-01",
        "00-" + kTrace + "-" + std::string(16, '0') + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + kParent + "-01",
        "00_" + kTrace + "-" + kParent + "-01", "00-" + kTrace + "-" + kParent + "-0x",
        "0G-" + kTrace + "-" + kParent + "-01"}) {
    EXPECT_FALSE(parseTraceParent(value)) << value;
  }
}

TEST(RequestIds, W3c_3_2_SeveralTraceParentsAreNone) {
  const std::string value = "00-" + kTrace + "-" + kParent + "-01";
  EXPECT_EQ(identified({{"traceparent", value}}).trace_id, kTrace);
  const HttpRequest request = identified({{"traceparent", value}, {"traceparent", value}});
  EXPECT_NE(request.trace_id, kTrace);
  EXPECT_EQ(request.trace_id.size(), 32U);
  EXPECT_EQ(request.parent_span_id, "");
}

TEST(RequestIds, AcceptsOnlyIdsThatCanBeLoggedAsTheyAre) {
  EXPECT_EQ(identified({{"x-request-id", "Abc-1.2_3"}}).request_id, "Abc-1.2_3");
  EXPECT_EQ(identified({{"x-request-id", std::string(128, 'a')}}).request_id.size(), 128U);
  for (const std::string& bad :
       {std::string{}, std::string(129, 'a'), std::string{"a b"}, std::string{"a\"b"},
        std::string{"a/b"}, std::string{"\xc3\xa4"}}) {
    EXPECT_EQ(identified({{"x-request-id", bad}}).request_id.size(), 36U) << bad;
  }
}

TEST(RequestIds, MadeIdsAreDistinctAndWellFormed) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const HttpRequest request = identified({});
    ids.insert(request.request_id);
    ids.insert(request.trace_id);
    ids.insert(request.span_id);
    ASSERT_TRUE(isRequestId(request.request_id));
    ASSERT_EQ(request.request_id[14], '4');
    ASSERT_NE(std::string_view{"89ab"}.find(request.request_id[19]), std::string_view::npos);
    ASSERT_TRUE(parseTraceParent("00-" + request.trace_id + "-" + request.span_id + "-01"));
  }
  EXPECT_EQ(ids.size(), 3000U);
}

TEST(RequestIds, EveryPlaceOfAnIdTakesManyDigits) {
  std::vector<std::set<char>> request(36), trace(32), span(16);
  for (int i = 0; i < 500; ++i) {
    const HttpRequest made = identified({});
    for (std::size_t at = 0; at < 36; ++at) request[at].insert(made.request_id[at]);
    for (std::size_t at = 0; at < 32; ++at) trace[at].insert(made.trace_id[at]);
    for (std::size_t at = 0; at < 16; ++at) span[at].insert(made.span_id[at]);
  }
  for (std::size_t at = 0; at < 36; ++at) {
    const bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
    EXPECT_EQ(request[at].size(), is_dash || at == 14 ? 1U : at == 19 ? 4U : 16U) << at;
    EXPECT_EQ(request[at].count('-') == 1, is_dash) << at;
  }
  for (const auto& digits : trace) EXPECT_GE(digits.size(), 8U);
  for (const auto& digits : span) EXPECT_GE(digits.size(), 8U);
}

}  // namespace
}  // namespace bulkhead::host
