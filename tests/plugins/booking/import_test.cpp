#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

class ImportTest : public BookingTest {
 protected:
  TestResponse send(std::string_view table, std::string_view query = "",
                    std::string_view key = "import", std::string_view type = "text/csv") {
    return host_.send("POST", path(fmt::format("/leads/import{}", query)),
                      {{"Content-Type", std::string{type}}, {"Idempotency-Key", std::string{key}}},
                      table);
  }
  json imported(std::string_view table, std::string_view query = "",
                std::string_view key = "import") {
    const auto response = send(table, query, key);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body, nullptr, false);
  }
  static std::string codeOf(const json& result) { return result.at("error").at("code"); }
};

TEST_F(ImportTest, MakesAndChangesLeadsRowByRow) {
  put("/leads/bob", R"({"name":"Bob","email":"bob@example.com","notes":"regular"})");
  put("/leads/cem", R"({"name":"Cem","phone":"+905321234567"})");
  const json answer = imported(
      "\xEF\xBB\xBFName,E-Mail,Mobile Phone,Shoe size,Notes\r\n"
      "\"Ng, Ann\",Ann@Example.com,+1 (202) 555-0123,38,\"says \"\"hi\"\"\r\ntwice\"\r\n"
      "Bobby,BOB@example.com,,44,\r\n"
      "Cem,,+90 532 123 45 67,,\r\n"
      "Dan,dan,,,\r\n"
      "Eve,,,,\r\n"
      "Fay,ANN@example.com,,,\r\n"
      "Gus,bob2@example.com\r\n"
      "J\xFCrgen,j@example.com,,,\r\n");
  EXPECT_EQ(answer.at("rows"), 8);
  EXPECT_EQ(answer.at("created"), 1);
  EXPECT_EQ(answer.at("updated"), 1);
  EXPECT_EQ(answer.at("unchanged"), 1);
  EXPECT_EQ(answer.at("refused"), 5);
  EXPECT_EQ(answer.at("columns")[2], json::parse(R"({"column":"Mobile Phone","member":"phone"})"));
  EXPECT_EQ(answer.at("columns")[3], json::parse(R"({"column":"Shoe size","member":null})"));
  const json& results = answer.at("results");
  ASSERT_EQ(results.size(), 8U);
  EXPECT_EQ(results[0].at("row"), 2);
  EXPECT_EQ(results[0].at("line"), 2);
  EXPECT_EQ(results[1].at("row"), 3);
  EXPECT_EQ(results[1].at("line"), 4) << "a cell of two lines";
  const json ann = get("/leads/" + results[0].at("id").get<std::string>());
  EXPECT_EQ(ann.at("name"), "Ng, Ann");
  EXPECT_EQ(ann.at("phone"), "+12025550123");
  EXPECT_EQ(ann.at("email"), "ann@example.com");
  EXPECT_EQ(ann.at("notes"), "says \"hi\"\r\ntwice");
  EXPECT_EQ(ann.at("source"), "import");
  EXPECT_EQ(results[1].at("status"), "updated");
  EXPECT_EQ(get("/leads/bob").at("name"), "Bobby");
  EXPECT_EQ(get("/leads/bob").at("notes"), "regular") << "an empty cell changes nothing";
  EXPECT_EQ(get("/leads/bob").at("source"), "web");
  EXPECT_EQ(results[2].at("status"), "unchanged");
  EXPECT_EQ(results[3].at("field"), "email");
  EXPECT_EQ(codeOf(results[3]), "VALIDATION_ERROR");
  EXPECT_EQ(results[4].at("field"), "phone");
  EXPECT_EQ(codeOf(results[5]), "DUPLICATE_IN_FILE");
  EXPECT_EQ(results[5].at("error").at("details").at("first_row"), 2);
  EXPECT_EQ(codeOf(results[6]), "CSV_FIELD_COUNT");
  EXPECT_EQ(codeOf(results[7]), "CSV_ENCODING");
  EXPECT_EQ(get("/leads").at("items").size(), 3U);
}

TEST_F(ImportTest, ADryRunSaysTheSameAndWritesNothing) {
  put("/leads/bob", R"({"email":"bob@example.com"})");
  const std::string table =
      "name,email\nAnn,ann@example.com\nBob,bob@example.com\nAnn,ann@example.com\nX,x\n";
  const auto outcomes = [](const json& answer) {
    std::vector<std::string> words;
    for (const auto& result : answer.at("results")) words.push_back(result.at("status"));
    return words;
  };
  const json dry = imported(table, "?dry_run=true");
  EXPECT_EQ(dry.at("dry_run"), true);
  EXPECT_EQ(get("/leads").at("items").size(), 1U);
  EXPECT_EQ(get("/leads/bob").at("version"), 1);
  const json real = imported(table);
  EXPECT_EQ(outcomes(dry), outcomes(real));
  EXPECT_EQ(outcomes(real), (std::vector<std::string>{"created", "updated", "refused", "refused"}));
}

TEST_F(ImportTest, B3_ARepeatShowsTheFirstResults) {
  const std::string table = "email\nann@example.com\nbob@example.com\n";
  const json first = imported(table);
  EXPECT_EQ(imported(table), first);
  EXPECT_EQ(imported(table, "", "another").at("unchanged"), 2);
  EXPECT_EQ(send("email\neve@example.com\n").error().code, "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(send(table, "?delimiter=tab").error().code, "IDEMPOTENCY_KEY_REUSED");
  const auto without =
      host_.send("POST", path("/leads/import"), {{"Content-Type", "text/csv"}}, table);
  EXPECT_EQ(without.error().code, "IDEMPOTENCY_KEY_REQUIRED");
}

TEST_F(ImportTest, ColumnsCanBeChosen) {
  const json answer = imported("Kunde;Rufnummer;E-Mail privat\nAnn;+12025550123;ann@example.com\n",
                               "?delimiter=semicolon&columns=Kunde:name,Rufnummer:phone");
  EXPECT_EQ(answer.at("created"), 1);
  const json ann = get("/leads").at("items")[0];
  EXPECT_EQ(ann.at("name"), "Ann");
  EXPECT_EQ(ann.at("email"), nullptr);
}

TEST_F(ImportTest, RefusesWhatIsNoTableOfLeads) {
  const auto code = [&](std::string_view table, std::string_view query = "") {
    const auto response = send(table, query);
    EXPECT_EQ(response.status, 400) << table;
    return response.error().code;
  };
  EXPECT_EQ(code("name,notes\nAnn,x\n"), "CSV_HEADER_INVALID");
  EXPECT_EQ(code(""), "CSV_HEADER_INVALID");
  EXPECT_EQ(code("phone,mobile\n1,2\n"), "CSV_HEADER_INVALID");
  EXPECT_EQ(code("a,b\n1,2\n", "?columns=a:phone,b:age"), "CSV_HEADER_INVALID");
  EXPECT_EQ(code("\"phone\n"), "CSV_MALFORMED");
  EXPECT_EQ(code("phone\n", "?delimiter=pipe"), "VALIDATION_ERROR");
  EXPECT_EQ(send("phone\n", "", "k", "application/json").error().code, "UNSUPPORTED_MEDIA_TYPE");
  EXPECT_EQ(send("phone\n", "", "k", "text/csv; charset=latin1").error().code,
            "UNSUPPORTED_MEDIA_TYPE");
}

TEST_F(ImportTest, WhatComesBeforeABrokenRowStands) {
  const json answer = imported("email\nann@example.com\n\"bob@example.com\neve@example.com\n");
  EXPECT_EQ(answer.at("created"), 1);
  EXPECT_EQ(answer.at("rows"), 2);
  EXPECT_EQ(codeOf(answer.at("results")[1]), "CSV_MALFORMED");
}

TEST_F(ImportTest, TwoLeadsAreNotMadeOneByARow) {
  put("/leads/ann", R"({"phone":"+12025550123"})");
  put("/leads/bob", R"({"email":"bob@example.com"})");
  const json answer = imported("phone,email\n+12025550123,bob@example.com\n");
  EXPECT_EQ(codeOf(answer.at("results")[0]), "DUPLICATE");
}

TEST_F(ImportTest, TakesThousandsOfRows) {
  std::string table = "name,phone,email\n";
  for (int i = 0; i < 5000; ++i) {
    table += fmt::format("Lead {0},+1202{0:07},lead{0}@example.com\n", i);
  }
  const json answer = imported(table);
  EXPECT_EQ(answer.at("created"), 5000);
  EXPECT_EQ(imported(table, "?dry_run=true").at("unchanged"), 5000);
}

}  // namespace
}  // namespace booking
