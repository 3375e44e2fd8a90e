#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "plugins/accounting/books.hpp"
#include "temporary_folder.hpp"

namespace accounting {
namespace {

/// What the books come to, by the plainest means: every posted amount, with its day and account.
class Model {
 public:
  void post(const std::string& date, const Amounts& amounts) {
    for (const auto& [code, amount] : amounts) rows_.push_back({date, code, amount});
  }
  std::map<std::string, std::int64_t> balances(const std::string& as_of) const {
    std::map<std::string, std::int64_t> found;
    for (const Row& row : rows_) {
      if (row.date <= as_of) found[row.code] += row.amount;
    }
    return found;
  }

 private:
  struct Row {
    std::string date;
    std::string code;
    std::int64_t amount;
  };
  std::vector<Row> rows_;
};

/// A random business of one month: sales and costs with two to five lines, drafts, reversals.
class TrialBalance : public BooksTest {
 protected:
  void live(unsigned seed, int entries) {
    random_.seed(seed);
    for (int i = 0; i < entries; ++i) {
      const std::string date = fmt::format("2026-01-{:02}", between(1, 28));
      const Amounts amounts = someAmounts();
      const int what = between(0, 9);
      if (what == 0) {
        drafted(date, amounts);
      } else if (what == 1 && !kept_.empty()) {
        reverse(date);
      } else {
        kept_.emplace_back(posted(date, amounts), amounts);
        model_.post(date, amounts);
      }
    }
  }

  void reverse(const std::string& date) {
    const auto [entry, amounts] = kept_.back();
    kept_.pop_back();
    ASSERT_EQ(act(entry, "reverse", fmt::format(R"({{"reason":"x","date":"{}"}})", date)).status,
              201);
    Amounts opposite = amounts;
    for (auto& [code, amount] : opposite) amount = -amount;
    model_.post(date, opposite);
  }

  Amounts someAmounts() {
    static const std::vector<std::string> kCodes{"1000", "1010", "1050", "1100", "2100",
                                                 "4000", "6100", "6200", "6800"};
    Amounts amounts;
    std::int64_t total = 0;
    for (int lines = between(1, 4); lines > 0; --lines) {
      const std::int64_t amount = between(1, 1'000'000) * (between(0, 1) == 0 ? 1 : -1);
      amounts.emplace_back(kCodes[static_cast<std::size_t>(between(0, 7))], amount);
      total += amount;
    }
    if (total == 0) amounts.front().second += total = 1;
    amounts.emplace_back(kCodes.back(), -total);
    return amounts;
  }

  int between(int least, int most) {
    return std::uniform_int_distribution<int>{least, most}(random_);
  }

  /// The report's balances by code.
  std::map<std::string, std::int64_t> reported(const std::string& as_of) {
    const json report = get("/reports/trial-balance?as_of=" + as_of);
    EXPECT_EQ(report.at("debit"), report.at("credit")) << as_of;
    std::map<std::string, std::int64_t> found;
    for (const auto& one : report.at("accounts")) {
      found[one.at("code")] =
          one.at("debit").get<std::int64_t>() - one.at("credit").get<std::int64_t>();
    }
    return found;
  }

  /// The posted entries as a journal of plain-text accounting.
  std::string journalText() {
    std::map<std::string, std::string> codes;
    const json accounts = get("/accounts?limit=200");
    for (const auto& one : accounts.at("items")) codes[one.at("id")] = one.at("code");
    std::string text = "commodity USD 1000.00\n";
    const json page = get("/journal-entries?state=posted&limit=200");
    EXPECT_TRUE(page.at("next_cursor").is_null());
    for (const auto& entry : page.at("items")) {
      text += fmt::format("\n{} ({}) entry\n", entry.at("date").get<std::string>(),
                          entry.at("posting").at("number").get<int>());
      for (const auto& line : entry.at("lines")) {
        const auto amount = line.at("amount").get<std::int64_t>();
        text += fmt::format("    {}  USD {}{}.{:02}\n", codes.at(line.at("account")),
                            amount < 0 ? "-" : "", std::abs(amount) / 100, std::abs(amount) % 100);
      }
    }
    return text;
  }

  std::mt19937 random_;
  Model model_;
  std::vector<std::pair<json, Amounts>> kept_;
};

TEST_F(TrialBalance, A1_AgreesWithTheModelOnEveryDay) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    host_.actAs("tenant" + std::to_string(seed));
    setUp();
    model_ = {};
    kept_.clear();
    live(seed, 40);
    for (const char* day : {"2025-12-31", "2026-01-07", "2026-01-15", "2026-01-28", "2026-12-31"}) {
      EXPECT_EQ(reported(day), model_.balances(day)) << "seed " << seed << ' ' << day;
    }
  }
}

/// Balances by account, as hledger prints them in minor units; its own check comes first.
std::map<std::string, std::int64_t> judged(const std::string& file) {
  const std::string command = "hledger -f '" + file + "' check && hledger -f '" + file +
                              "' balance --flat --no-total --empty -O csv";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
  std::map<std::string, std::int64_t> found;
  char line[256];
  while (fgets(line, sizeof line, pipe.get()) != nullptr) {
    std::string account(64, '\0');
    std::string amount(64, '\0');
    if (std::sscanf(line, "\"%63[^\"]\",\"%63[^\"]\"", account.data(), amount.data()) != 2)
      continue;
    std::string digits;
    for (const char c : std::string{amount.c_str()}) {
      if (c == '-' || (c >= '0' && c <= '9')) digits += c;
    }
    if (account.starts_with("account")) continue;
    found[account.c_str()] = std::stoll(digits);
  }
  return found;
}

TEST_F(TrialBalance, A1_AgreesWithHledger) {
  if (std::system("hledger --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "hledger is not installed";
  }
  const bulkhead::TemporaryFolder folder;
  const std::string file = (folder / "books.journal").string();
  live(4, 60);
  std::ofstream{file} << journalText();
  auto expected = reported("2026-12-31");
  EXPECT_EQ(judged(file), expected);
  EXPECT_GE(expected.size(), 5U);
}

TEST_F(TrialBalance, AnEmptyCompanyHasAnEmptyOne) {
  const json report = get("/reports/trial-balance");
  EXPECT_TRUE(report.at("accounts").empty());
  EXPECT_EQ(report.at("as_of"), "2026-01-05");
  EXPECT_EQ(report.at("debit"), 0);
}

}  // namespace
}  // namespace accounting
