#include "bank_feed.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/utf8.hpp>

namespace plaid {
namespace {

using bulkhead::arrayIn;
using bulkhead::JsonWriter;
using bulkhead::objectIn;
using bulkhead::textIn;
using Json = nlohmann::json;

/// Digits behind the point (ISO 4217); two unless said.
int exponentOf(std::string_view currency) {
  static const std::map<std::string_view, int> kOthers{
      {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0},
      {"KMF", 0}, {"KRW", 0}, {"PYG", 0}, {"RWF", 0}, {"UGX", 0}, {"VND", 0},
      {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0}, {"BHD", 3}, {"IQD", 3},
      {"JOD", 3}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"TND", 3}};
  const auto found = kOthers.find(currency);
  return found == kOthers.end() ? 2 : found->second;
}

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// A number's digits without its point, and how many of them stand before it.
struct Digits {
  std::string all;
  int before_point = 0;

  static std::optional<Digits> of(std::string_view text) {
    Digits digits;
    bool has_point = false;
    std::size_t i = 0;
    for (; i < text.size() && (isDigit(text[i]) || (text[i] == '.' && !has_point)); ++i) {
      if (text[i] == '.') {
        has_point = true;
        continue;
      }
      digits.all += text[i];
      if (!has_point) ++digits.before_point;
    }
    if (digits.all.empty()) return std::nullopt;
    if (i == text.size()) return digits;
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    std::string_view power = text.substr(i + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    int shift = 0;
    const auto read = std::from_chars(power.data(), power.data() + power.size(), shift);
    constexpr int kShiftMax = 30;
    if (power.empty() || read.ec != std::errc{} || read.ptr != power.data() + power.size() ||
        shift > kShiftMax || shift < -kShiftMax)
      return std::nullopt;
    digits.before_point += shift;
    return digits;
  }
};

std::string cut(const std::string& text, std::size_t bytes_max) {
  return std::string{bulkhead::upTo(bytes_max, text)};
}

std::optional<std::int64_t> amountIn(const Json& object, const char* name,
                                     std::string_view currency) {
  const Json& number = bulkhead::memberIn(object, name);
  if (!number.is_number()) return std::nullopt;
  return minorUnits(number.dump(), currency);
}

bool isCurrency(const std::string& code) {
  return code.size() == 3 &&
         std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string kindOf(const Json& account) {
  std::string type = textIn(account, "type");
  std::string subtype = textIn(account, "subtype");
  if (type == "credit" || type == "loan") return type;
  const bool is_plain = subtype == "checking" || subtype == "savings";
  return type == "depository" && is_plain ? subtype : "other";
}

std::optional<BankTransaction> readTransaction(const Json& object) {
  BankTransaction read;
  read.currency = textIn(object, "iso_currency_code");
  if (!isCurrency(read.currency)) return std::nullopt;
  const auto taken_out = amountIn(object, "amount", read.currency);
  if (!taken_out) return std::nullopt;
  read.amount = -*taken_out;  // Plaid's positive amounts leave the account
  read.id = textIn(object, "transaction_id");
  read.account = textIn(object, "account_id");
  read.date = textIn(object, "date");
  const std::string original = textIn(object, "original_description");
  read.description = cut(original.empty() ? textIn(object, "name") : original, 1000);
  read.counterparty = cut(textIn(object, "merchant_name"), 500);
  read.replaces = textIn(object, "pending_transaction_id");
  read.pending = bulkhead::flagIn(object, "pending");
  if (read.id.empty() || read.account.empty() || read.date.empty()) return std::nullopt;
  return read;
}

std::vector<BankTransaction> readTransactions(const Json& answer, const char* name, int& left_out) {
  std::vector<BankTransaction> all;
  for (const Json& object : arrayIn(answer, name)) {
    if (auto read = readTransaction(object)) {
      all.push_back(*std::move(read));
    } else {
      ++left_out;
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.date < b.date; });
  return all;
}

void write(JsonWriter& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out.member(name, text);
}

void writeTransaction(JsonWriter& out, const BankTransaction& one) {
  out.beginObject();
  out.member("id", one.id);
  out.member("account", one.account);
  out.member("amount", one.amount);
  out.member("currency", one.currency);
  out.member("date", one.date);
  write(out, "description", one.description);
  write(out, "counterparty", one.counterparty);
  out.member("pending", one.pending);
  write(out, "replaces", one.replaces);
  out.endObject();
}

}  // namespace

std::optional<std::int64_t> minorUnits(std::string_view decimal, std::string_view currency) {
  constexpr std::int64_t kMax = 9'007'199'254'740'991;  // of bank-feed/1
  const bool is_negative = decimal.starts_with('-');
  const auto digits = Digits::of(decimal.substr(is_negative ? 1 : 0));
  if (!digits) return std::nullopt;
  const int wanted = digits->before_point + exponentOf(currency);
  std::int64_t minor = 0;
  for (int i = 0; i < wanted; ++i) {
    const auto at = static_cast<std::size_t>(i);
    minor = minor * 10 + (at < digits->all.size() ? digits->all[at] - '0' : 0);
    if (minor > kMax) return std::nullopt;
  }
  const bool has_next = wanted >= 0 && static_cast<std::size_t>(wanted) < digits->all.size();
  if (has_next && digits->all[static_cast<std::size_t>(wanted)] >= '5') ++minor;
  if (minor > kMax) return std::nullopt;
  return is_negative ? -minor : minor;
}

std::vector<Account> readAccounts(const Json& answer, int& left_out) {
  std::vector<Account> accounts;
  for (const Json& object : arrayIn(answer, "accounts")) {
    Account account;
    account.id = textIn(object, "account_id");
    account.name = cut(textIn(object, "name"), 200);
    if (account.name.empty()) account.name = account.id;
    account.mask = cut(textIn(object, "mask"), 10);
    account.kind = kindOf(object);
    if (const Json* balances = objectIn(object, "balances")) {
      account.currency = textIn(*balances, "iso_currency_code");
      account.balance = amountIn(*balances, "current", account.currency);
    }
    const bool is_owed = account.kind == "credit" || account.kind == "loan";
    if (account.balance && is_owed) account.balance = -*account.balance;
    if (account.id.empty() || !isCurrency(account.currency)) {
      ++left_out;
    } else {
      accounts.push_back(std::move(account));
    }
  }
  return accounts;
}

FeedPage readPage(const Json& answer, int& left_out) {
  FeedPage page;
  page.added = readTransactions(answer, "added", left_out);
  page.modified = readTransactions(answer, "modified", left_out);
  for (const Json& object : arrayIn(answer, "removed")) {
    if (auto id = textIn(object, "transaction_id"); !id.empty())
      page.removed.push_back(std::move(id));
  }
  page.cursor = textIn(answer, "next_cursor");
  page.more = bulkhead::flagIn(answer, "has_more");
  return page;
}

std::string toJson(const std::vector<Account>& accounts) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("accounts");
    out.array(accounts, [](JsonWriter& item, const Account& account) {
      item.beginObject();
      item.member("id", account.id);
      item.member("name", account.name);
      write(item, "mask", account.mask);
      item.member("kind", account.kind);
      item.member("currency", account.currency);
      if (account.balance) item.member("balance", *account.balance);
      item.endObject();
    });
    out.endObject();
  });
}

std::string toJson(const FeedPage& page) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("added");
    out.array(page.added, &writeTransaction);
    out.key("modified");
    out.array(page.modified, &writeTransaction);
    out.key("removed");
    out.array(page.removed, [](JsonWriter& item, const std::string& id) { item.value(id); });
    out.member("cursor", page.cursor);
    out.member("more", page.more);
    out.endObject();
  });
}

}  // namespace plaid
