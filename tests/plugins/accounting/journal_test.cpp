#include <openssl/sha.h>
#include <thread>

#include "plugins/accounting/books.hpp"

namespace accounting {
namespace {

class Journal : public BooksTest {
 protected:
  /// All posted entries in the order of their chain.
  std::vector<json> chain() {
    std::vector<json> entries;
    std::string target = "/journal-entries?state=posted&limit=200";
    for (;;) {
      const json page = get(target);
      for (const auto& one : page.at("items")) entries.push_back(one);
      if (page.at("next_cursor").is_null()) break;
      target = "/journal-entries?state=posted&limit=200&cursor=" +
               page.at("next_cursor").get<std::string>();
    }
    std::sort(entries.begin(), entries.end(), [](const json& a, const json& b) {
      return a.at("posting").at("sequence") < b.at("posting").at("sequence");
    });
    return entries;
  }

  /// What README.md says a stranger computes from what the API shows.
  static std::string hashOf(const json& entry) {
    const json& posting = entry.at("posting");
    const json source = entry.at("source").is_null()
                            ? json{{"type", nullptr}, {"id", nullptr}, {"kind", nullptr}}
                            : entry.at("source");
    json lines = json::array();
    for (const auto& line : entry.at("lines")) {
      lines.push_back({line.at("account"), line.at("amount"), line.at("memo")});
    }
    const json canonical{posting.at("sequence"),  posting.at("year"),
                         posting.at("number"),    entry.at("id"),
                         entry.at("date"),        entry.at("memo"),
                         entry.at("currency"),    source.at("type"),
                         source.at("id"),         source.at("kind"),
                         entry.at("reverses"),    entry.at("created_by"),
                         posting.at("posted_at"), lines};
    const std::string text = posting.at("prev_hash").get<std::string>() + "\n" + canonical.dump();
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    std::string hex;
    for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
    return hex;
  }

  void expectWholeChain(const std::vector<json>& entries) {
    std::string before;
    std::int64_t sequence = 0;
    for (const json& entry : entries) {
      const json& posting = entry.at("posting");
      EXPECT_EQ(posting.at("sequence"), ++sequence);
      EXPECT_EQ(posting.at("prev_hash"), before);
      EXPECT_EQ(posting.at("hash"), hashOf(entry)) << entry;
      before = posting.at("hash");
    }
  }
};

TEST_F(Journal, A1_WhatDoesNotBalanceIsNotPosted) {
  const auto refused =
      post("/journal-entries?post=true", entryBody("2026-01-05", {{"6100", 100}, {"1010", -99}}));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.error().code, "UNBALANCED_ENTRY");
  EXPECT_EQ(json::parse(refused.error().details).at("difference"), 1);
  EXPECT_EQ(post("/journal-entries?post=true", entryBody("2026-01-05", {})).error().code,
            "TOO_FEW_LINES");
  EXPECT_TRUE(get("/journal-entries").at("items").empty()) << "a refusal leaves nothing behind";

  const json draft = drafted("2026-01-05", {{"6100", 100}, {"1010", -99}});
  EXPECT_EQ(act(draft, "post").error().code, "UNBALANCED_ENTRY");
  EXPECT_EQ(get("/journal-entries?state=draft").at("items").size(), 1U);
  EXPECT_EQ(posted("2026-01-05", {{"6100", 100}, {"1010", -99}, {"6990", -1}})["posting"]["number"],
            1)
      << "what was refused took no number";
}

TEST_F(Journal, A2_AmountsAreIntegers) {
  for (const char* amount :
       {"0.5", "100.0", "1e2", "\"100\"", "9007199254740992", "null", "true", "0", "1e400"}) {
    const auto refused = host_.post(
        path("/journal-entries"),
        fmt::format(R"({{"date":"2026-01-05","lines":[{{"code":"1010","amount":{}}}]}})", amount));
    EXPECT_EQ(refused.status, 400) << amount << ' ' << refused.body;
  }
  const json largest =
      posted("2026-01-05", {{"1010", 9007199254740991}, {"4000", -9007199254740991}});
  EXPECT_EQ(largest["lines"][0]["amount"].get<std::int64_t>(), 9007199254740991);
  posted("2026-01-05", {{"1010", 9007199254740991}, {"4000", -9007199254740991}});
  EXPECT_EQ(get("/reports/trial-balance").at("debit"), "18014398509481982")
      << "what JSON's readers would round is text";
}

TEST_F(Journal, A4_WhatIsPostedStays) {
  const json entry = posted("2026-01-05", {{"6100", 100}, {"1010", -100}});
  const std::string one = path("/journal-entries/" + entry.at("id").get<std::string>());
  EXPECT_EQ(host_.del(one, ifMatch(entry)).error().code, "IMMUTABLE");
  EXPECT_EQ(act(entry, "post").error().code, "ALREADY_POSTED");
  EXPECT_EQ(json::parse(host_.get(one).body), entry);

  const json draft = drafted("2026-01-05", {{"6100", 100}, {"1010", -100}});
  const std::string other = path("/journal-entries/" + draft.at("id").get<std::string>());
  EXPECT_EQ(act(draft, "reverse", R"({"reason":"x"})").error().code, "ILLEGAL_TRANSITION");
  EXPECT_EQ(host_.del(other).status, 428);
  EXPECT_EQ(host_.del(other, ifMatch(draft)).status, 204);
  EXPECT_EQ(host_.get(other).status, 404);
}

TEST_F(Journal, A4_ACorrectionIsAReversalOfToday) {
  const json entry = posted("2025-12-31", {{"6100", 100}, {"1010", -100}});
  const auto response = act(entry, "reverse", R"({"reason":"Paid twice"})");
  ASSERT_EQ(response.status, 201) << response.body;
  const json reversal = json::parse(response.body);
  EXPECT_EQ(reversal["date"], "2026-01-05");
  EXPECT_EQ(reversal["reverses"], entry["id"]);
  EXPECT_EQ(reversal["lines"][0]["amount"], -100);
  EXPECT_EQ(reversal["memo"], "Paid twice");
  const json shown = get("/journal-entries/" + entry["id"].get<std::string>());
  EXPECT_EQ(shown["reversed_by"], reversal["id"]);
  EXPECT_EQ(shown["posting"], entry["posting"]);
  EXPECT_EQ(get("/reports/trial-balance").at("debit"), 0);
  EXPECT_EQ(get("/reports/trial-balance?as_of=2025-12-31").at("debit"), 100);

  const auto again = act(entry, "reverse", R"({"reason":"Paid twice","date":"2026-01-06"})");
  EXPECT_EQ(again.error().code, "DUPLICATE");
  EXPECT_EQ(json::parse(again.error().details).at("id"), reversal["id"]);
}

TEST_F(Journal, A6_ASourceHasOneEntryOfAKind) {
  json body = entryBody("2026-01-05", {{"1100", 100}, {"4000", -100}});
  body["source"] = {{"type", "invoice"}, {"id", "inv_1"}, {"kind", "issue"}};
  const auto first = post("/journal-entries?post=true", body);
  ASSERT_EQ(first.status, 201) << first.body;
  const auto second = post("/journal-entries", body);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.error().code, "DUPLICATE");
  EXPECT_EQ(json::parse(second.error().details).at("id"), json::parse(first.body).at("id"));
  body["source"]["kind"] = "write_off";
  EXPECT_EQ(post("/journal-entries?post=true", body).status, 201);
  host_.actAs("t2");
  setUp();
  EXPECT_EQ(post("/journal-entries?post=true", body).status, 201) << "sources are a tenant's own";
}

TEST_F(Journal, A6_ARepeatedKeyPostsOnce) {
  const json body = entryBody("2026-01-05", {{"1010", 100}, {"4000", -100}});
  const Headers key{{"Idempotency-Key", "sale-1"}};
  const auto first = post("/journal-entries?post=true", body, key);
  const auto again = post("/journal-entries?post=true", body, key);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(get("/journal-entries").at("items").size(), 1U);
}

// Goal: of equal postings at the same moment one is made. Method: 8 clients with keys of their own.
TEST_F(Journal, A6_EqualSourcesAtOnceAreOneEntry) {
  json body = entryBody("2026-01-05", {{"1100", 100}, {"4000", -100}});
  body["source"] = {{"type", "invoice"}, {"id", "inv_1"}, {"kind", "issue"}};
  std::vector<std::thread> clients;
  std::atomic<int> made{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(
        [&] { made += post("/journal-entries?post=true", body).status == 201 ? 1 : 0; });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(get("/journal-entries").at("items").size(), 1U);
}

// Goal: numbers are 1..k within each year and the chain is whole, whatever is refused in between.
// Method: 8 clients, each with entries of two years, every third of them unbalanced.
TEST_F(Journal, A7_NumbersHaveNoGapsWithManyClientsAtOnce) {
  constexpr int kClients = 8;
  constexpr int kEach = 12;
  std::vector<std::thread> clients;
  std::atomic<int> refused{0};
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const auto amount = i % 3 == 2 ? -99 : -100;
        const auto* date = i % 2 == 0 ? "2025-12-31" : "2026-01-01";
        const auto response =
            post("/journal-entries?post=true", entryBody(date, {{"1010", 100}, {"4000", amount}}));
        if (response.status == 422) ++refused;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(refused, kClients * kEach / 3);
  const auto entries = chain();
  EXPECT_EQ(entries.size(), kClients * kEach * 2 / 3);
  expectWholeChain(entries);
  std::map<int, std::int64_t> last;
  for (const json& entry : entries) {
    const json& posting = entry.at("posting");
    EXPECT_EQ(posting.at("number"), ++last[posting.at("year").get<int>()]);
  }
  EXPECT_EQ(last.size(), 2U);
}

TEST_F(Journal, A4_TheChainTellsWhatWasPosted) {
  posted("2026-01-05", {{"1010", 100}, {"4000", -100}});
  json body = entryBody("2026-01-05", {{"1010", 7}, {"4000", -7}});
  body["source"] = {{"type", "invoice"}, {"id", "inv_1"}, {"kind", "issue"}};
  body["memo"] = "Caf\u00e9 \"Ann\" & sons";
  body["lines"][0]["memo"] = "by card";
  const json second = json::parse(post("/journal-entries?post=true", body).body);
  ASSERT_EQ(act(second, "reverse", R"({"reason":"x"})").status, 201);
  auto entries = chain();
  ASSERT_EQ(entries.size(), 3U);
  expectWholeChain(entries);
  entries[1]["lines"][0]["amount"] = 8;
  EXPECT_NE(hashOf(entries[1]), entries[1]["posting"]["hash"]) << "a changed figure shows";
}

TEST_F(Journal, ListsAreFilteredAndPagedByDate) {
  for (const char* date : {"2026-01-03", "2026-01-01", "2026-01-02", "2026-01-02"}) {
    posted(date, {{"1010", 100}, {"4000", -100}});
  }
  drafted("2026-01-04", {{"6100", 100}, {"1010", -100}});
  std::vector<std::string> dates;
  std::string cursor;
  for (;;) {
    const json page = get("/journal-entries?limit=2" + cursor);
    for (const auto& one : page.at("items")) dates.push_back(one.at("date"));
    if (page.at("next_cursor").is_null()) break;
    cursor = "&cursor=" + page.at("next_cursor").get<std::string>();
  }
  EXPECT_EQ(dates, (std::vector<std::string>{"2026-01-04", "2026-01-03", "2026-01-02", "2026-01-02",
                                             "2026-01-01"}));
  const auto count = [&](std::string_view filter) {
    return get(fmt::format("/journal-entries?{}", filter)).at("items").size();
  };
  EXPECT_EQ(count("state=draft"), 1U);
  EXPECT_EQ(count("from=2026-01-02&to=2026-01-03"), 3U);
  EXPECT_EQ(count("account=" + account("6100").at("id").get<std::string>()), 1U);
  EXPECT_EQ(count("source_type=invoice"), 0U);
  EXPECT_EQ(host_.get(path("/journal-entries?cursor=x")).error().code, "CURSOR_INVALID");
  host_.actAs("t2");
  EXPECT_EQ(count("limit=200"), 0U);
}

TEST_F(Journal, OtherMistakesAreNamed) {
  EXPECT_EQ(post("/journal-entries", entryBody("2026-02-30", {})).status, 400);
  EXPECT_EQ(post("/journal-entries", entryBody("2026-01-05", {{"0000", 1}})).status, 404);
  json euros = entryBody("2026-01-05", {{"1010", 1}, {"4000", -1}});
  euros["currency"] = "EUR";
  EXPECT_EQ(post("/journal-entries", euros).error().code, "CURRENCY_MISMATCH");
  json both = entryBody("2026-01-05", {{"1010", 1}});
  both["lines"][0]["account"] = "x";
  EXPECT_EQ(post("/journal-entries", both).status, 400);
  json forged = entryBody("2026-01-05", {{"1010", 1}, {"4000", -1}});
  for (const auto& [type, kind] :
       {std::pair{"journal_entry", "reversal"}, std::pair{"payment", "charge"}}) {
    forged["source"] = {{"type", type}, {"id", "pay_1"}, {"kind", kind}};
    EXPECT_EQ(post("/journal-entries", forged).status, 400) << type;
  }
}

TEST_F(Journal, ADraftIsChangedUntilItIsPosted) {
  const json draft = drafted("2026-01-05", {{"6100", 100}, {"1010", -99}});
  const std::string one = path("/journal-entries/" + draft.at("id").get<std::string>());
  EXPECT_EQ(host_.patch(one, R"({"memo":"x"})").status, 428);
  EXPECT_EQ(host_.patch(one, R"({"source":null})", ifMatch(draft)).status, 400) << "that it keeps";
  EXPECT_EQ(host_.patch(one, R"({"date":"2026-02-30"})", ifMatch(draft)).status, 400);
  EXPECT_EQ(host_.patch(one, R"({"lines":[{"code":"0000","amount":1}]})", ifMatch(draft)).status,
            404);
  json body = entryBody("2026-01-04", {{"6100", 50}, {"6200", 50}, {"1010", -100}});
  body["memo"] = "Rent";
  const auto patched = host_.patch(one, body.dump(), ifMatch(draft));
  ASSERT_EQ(patched.status, 200) << patched.body;
  const json after = json::parse(patched.body);
  EXPECT_EQ(after["date"], "2026-01-04");
  EXPECT_EQ(after["memo"], "Rent");
  EXPECT_EQ(after["lines"].size(), 3U);
  EXPECT_EQ(after["version"], 2);
  EXPECT_EQ(json::parse(host_.get(one).body), after);
  EXPECT_EQ(host_.patch(one, R"({"memo":"x"})", ifMatch(draft)).status, 412);
  const json kept = json::parse(host_.patch(one, R"({"memo":"Rents"})", ifMatch(after)).body);
  EXPECT_EQ(kept["lines"], after["lines"]) << "what is not said stays";
  const json entry = json::parse(act(kept, "post").body);
  const auto refused = host_.patch(one, R"({"memo":"x"})", ifMatch(entry));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.error().code, "IMMUTABLE");
  expectWholeChain(chain());
}

TEST_F(Journal, ListsTellWhatIsNewSinceAMoment) {
  posted("2026-01-05", {{"1010", 100}, {"4000", -100}});
  host_.advance(std::chrono::minutes{1});
  const json draft = drafted("2026-01-05", {{"6100", 100}, {"1010", -100}});
  const auto since = [&](std::string_view list, std::string_view moment) {
    return get(fmt::format("/{}?updated_since={}", list, moment)).at("items").size();
  };
  EXPECT_EQ(since("journal-entries", "2026-01-05T08:00:00Z"), 2U);
  EXPECT_EQ(since("journal-entries", "2026-01-05T08:00:01Z"), 1U);
  EXPECT_EQ(since("journal-entries", "2026-01-05T08:01:01Z"), 0U);
  EXPECT_EQ(since("accounts", "2026-01-05T08:00:01Z"), 0U);
  for (const char* moment : {"2026-01-05", "2026-01-05T24:00:00Z", "2026-02-30T08:00:00Z",
                             "2026-01-05T08:00:00", "2026-01-05T08:00:00+01"}) {
    EXPECT_EQ(host_.get(path(fmt::format("/accounts?updated_since={}", moment))).status, 400)
        << moment;
  }
}

}  // namespace
}  // namespace accounting
