#include "integration/accounting/statements.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace accounting {
namespace {

constexpr std::string_view kEntryColumns =
    "journal_entry (tenant, id, date, memo, currency, source_type, source_id, posting_kind, "
    "reverses, created_by, created_at, updated_at, version)";

/// "t", its id and the source or nothing ("null, null, null, null").
std::string entryValues(std::string_view id, std::string_view source, std::string_view tenant = "t",
                        std::string_view currency = "USD") {
  std::string text = " values ('";
  text.append(tenant).append("', '").append(id).append("', '2026-01-05', '', '").append(currency);
  return text.append("', ").append(source).append(", 'k', 0, 0, 1)");
}

std::string insertEntry(std::string_view id, std::string_view source, std::string_view tenant = "t",
                        std::string_view currency = "USD") {
  return "insert into " + std::string{kEntryColumns} + entryValues(id, source, tenant, currency);
}

std::string replaceEntry(std::string_view id, std::string_view source) {
  return "insert or replace into " + std::string{kEntryColumns} + entryValues(id, source);
}

constexpr std::string_view kNoSource = "null, null, null, null";
constexpr std::string_view kCharge = "'payment', 'pi_1', 'charge', null";

/// What posts `id` when number and chain are right.
std::string post(std::string_view id, std::string_view changes) {
  return "update journal_entry set state = 'posted', posted_at = 0, " + std::string{changes} +
         " where tenant = 't' and id = '" + std::string{id} + "'";
}

constexpr std::string_view kNext =
    "sequence = 2, year = 2026, number = 2, prev_hash = 'h1', hash = 'h2'";

std::vector<Statement> changes(std::string_view table, std::string_view where,
                               std::initializer_list<std::string_view> sets,
                               std::string_view refusal) {
  std::vector<Statement> made;
  for (const std::string_view set : sets) {
    made.push_back({"update " + std::string{table} + " set " + std::string{set} + " where " +
                        std::string{where},
                    std::string{refusal}});
  }
  return made;
}

void add(std::vector<Statement>& to, std::vector<Statement> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

std::vector<Statement> entryStatements() {
  std::vector<Statement> all;
  add(all,
      changes("journal_entry", "id = 'e'",
              {"memo = 'x'", "date = '2026-01-06'", "created_at = 1", "created_by = 'x'",
               "posted_at = 1", "updated_at = 1", "version = 9", "hash = 'x'", "prev_hash = 'x'",
               "sequence = 2", "number = 2", "tenant = 't2'", "id = 'z'", "currency = 'EUR'",
               "reverses = 'd'", "source_id = 'pi_2'", "date = '2027-01-05', year = 2027",
               "state = 'draft', sequence = null, year = null, number = null, posted_at = "
               "null, prev_hash = null, hash = null"},
              "IMMUTABLE"));
  add(all, changes("journal_entry", "id = 'd'",
                   {"tenant = 't2'", "id = 'z'", "currency = 'EUR'", "created_by = 'x'",
                    "created_at = 1", "reverses = 'e'",
                    "source_type = 'x', source_id = 'x', posting_kind = 'x'"},
                   "IMMUTABLE"));
  add(all, changes("journal_entry", "id = 'd'", {"memo = 'x'", "date = '2026-01-06'"}, ""));
  add(all, changes("journal_entry", "id = 'd'", {"state = 'open'", "sequence = 2"}, "CHECK"));
  add(all,
      {{"delete from journal_entry where id = 'e'", "IMMUTABLE"},
       {"delete from journal_entry where tenant = 't2' or id = 'e'", "IMMUTABLE"},
       {"delete from journal_entry where id = 'u'", ""},
       {insertEntry("z", kNoSource), ""},
       {insertEntry("z", kNoSource, "t", "EUR"), "CURRENCY_MISMATCH"},
       {insertEntry("z", kNoSource, "nobody"), "CURRENCY_MISMATCH"},
       {insertEntry("z", "'journal_entry', 'e', 'another', null"), "NOT_A_REVERSAL"},
       {insertEntry("z", "'invoice', 'i', 'issue', 'e'"), "NOT_A_REVERSAL"},
       {insertEntry("z", "null, null, null, 'e'"), "NOT_A_REVERSAL"},
       {insertEntry("z", "'journal_entry', 'none', 'reversal', 'none'"), "REFERENCE"},
       {insertEntry("z", "'invoice', null, null, null"), "CHECK"},
       {"insert into journal_entry (tenant, id, state, date, memo, currency, created_by, "
        "created_at, updated_at, version, sequence, year, number, posted_at, prev_hash, hash) "
        "values ('t', 'z', 'posted', '2026-01-05', '', 'USD', 'k', 0, 0, 1, 2, 2026, 2, 0, 'h1', "
        "'h2')",
        "ENTRY_NOT_DRAFT"}});
  return all;
}

std::vector<Statement> postingStatements() {
  return {
      {post("d", kNext), ""},
      {post("u", kNext), "UNBALANCED_ENTRY"},
      {post("n", kNext), "TOO_FEW_LINES"},
      {post("r", kNext), "NOT_A_REVERSAL"},
      {post("s", kNext), "NOT_A_REVERSAL"},
      {post("d", std::string{kNext} + ", currency = 'EUR'"), "IMMUTABLE"},
      {post("d", std::string{kNext} + ", id = 'z'"), "IMMUTABLE"},
      {post("d", "sequence = 2, year = 2026, number = 1, prev_hash = 'h1', hash = 'x'"),
       "NUMBER_NOT_NEXT"},
      {post("d", "sequence = 2, year = 2026, number = 3, prev_hash = 'h1', hash = 'x'"),
       "NUMBER_NOT_NEXT"},
      {post("d", "sequence = 1, year = 2026, number = 2, prev_hash = 'h1', hash = 'x'"),
       "CHAIN_BROKEN"},
      {post("d", "sequence = 3, year = 2026, number = 2, prev_hash = 'h1', hash = 'x'"),
       "CHAIN_BROKEN"},
      {post("d", "sequence = 2, year = 2026, number = 2, prev_hash = '', hash = 'x'"),
       "CHAIN_BROKEN"},
      {post("d", "sequence = 2, year = 2027, number = 1, prev_hash = 'h1', hash = 'x'"), "CHECK"},
      {post("d", "sequence = 2, year = 2026, number = 2, prev_hash = 'h1'"), "CHECK"},
  };
}

std::vector<Statement> lineStatements() {
  std::vector<Statement> all;
  add(all, changes("journal_line", "entry = 'e' and line = 1",
                   {"amount = 1", "account = 'b'", "memo = 'x'", "line = 7", "tenant = 't2'",
                    "entry = 'd', line = 7"},
                   "IMMUTABLE"));
  add(all, changes("journal_line", "entry = 'd' and line = 1",
                   {"entry = 'e', line = 7", "entry = 'u', line = 7", "line = 7", "tenant = 't2'"},
                   "IMMUTABLE"));
  add(all,
      changes("journal_line", "entry = 'd' and line = 1", {"amount = 5", "account = 'b'"}, ""));
  add(all, changes("journal_line", "entry = 'd' and line = 1",
                   {"amount = 0", "amount = 9007199254740992"}, "CHECK"));
  add(all, {{"update journal_line set account = 'x' where entry = 'd'", "REFERENCE"},
            {"delete from journal_line where entry = 'e'", "IMMUTABLE"},
            {"delete from journal_line", "IMMUTABLE"},
            {"delete from journal_line where entry = 'u'", ""},
            {"insert into journal_line values ('t', 'e', 3, 'a', 5, '')", "IMMUTABLE"},
            {"insert into journal_line values ('t', 'none', 1, 'a', 5, '')", "REFERENCE"},
            {"insert into journal_line values ('t2', 'y', 1, 'a', 5, '')", "REFERENCE"},
            {"insert into journal_line values ('t', 'e', 1, 'a', 5, '') on conflict (tenant, "
             "entry, line) do update set amount = 5",
             "IMMUTABLE"},
            {"insert into journal_line select 't', 'e', 9, account, amount, memo from "
             "journal_line where entry = 'd' and line = 1",
             "IMMUTABLE"}});
  return all;
}

std::vector<Statement> accountStatements() {
  std::vector<Statement> all;
  add(all, changes("account", "id = 'a'", {"tenant = 't2'", "id = 'z'"}, "IMMUTABLE"));
  add(all, changes("account", "id = 'b'", {"tenant = 't2'", "id = 'z'"}, "IMMUTABLE"));
  add(all, changes("account", "id = 'a'", {"type = 'income'"}, "ACCOUNT_IN_USE"));
  add(all,
      changes("account", "id = 'b'",
              {"type = 'liability'", "code = '2001'", "role = 'sales'", "active = 0", "name = 'x'"},
              ""));
  add(all, changes("account", "id = 'b'", {"type = 'x'", "active = 2"}, "CHECK"));
  add(all, {{"delete from account where id = 'a'", "ACCOUNT_IN_USE"},
            {"delete from account", "ACCOUNT_IN_USE"},
            {"delete from account where id = 'b'", ""},
            {"insert into account values ('none', 'z', '1', 'z', 'asset', null, 1, 1, 0, 0)",
             "REFERENCE"}});
  return all;
}

std::vector<Statement> companyStatements() {
  std::vector<Statement> all;
  add(all,
      changes("company", "tenant = 't'", {"tenant = 't3'", "base_currency = 'EUR'"}, "IMMUTABLE"));
  add(all, changes("company", "tenant = 't'", {"country = 'DE', version = 2"}, ""));
  add(all, {{"delete from company where tenant = 't'", "COMPANY_IN_USE"}});
  return all;
}

/// The head of t is (1, 'h1'), its series of 2026 is at 1.
std::vector<Statement> headStatements() {
  std::vector<Statement> all;
  add(all, changes("journal_head", "tenant = 't'",
                   {"hash = 'x'", "sequence = 0", "sequence = 3", "sequence = 2, hash = 'x'"},
                   "CHAIN_BROKEN"));
  add(all, changes("journal_head", "tenant = 't'", {"tenant = 't2'"}, "IMMUTABLE"));
  add(all, changes("number_series", "tenant = 't'", {"last = 0", "last = 3"}, "NUMBER_NOT_NEXT"));
  // One ahead is what every posting begins with. When it remains, the next one begins anew.
  add(all, changes("journal_head", "tenant = 't'", {"sequence = 2"}, ""));
  add(all, changes("number_series", "tenant = 't'", {"last = 2"}, ""));
  add(all, changes("number_series", "tenant = 't'", {"tenant = 't2'", "year = 2025", "kind = 'x'"},
                   "IMMUTABLE"));
  add(all,
      {{"delete from journal_head", "IMMUTABLE"},
       {"insert into journal_head values ('t2', 2, '')", "CHAIN_BROKEN"},
       {"insert into journal_head values ('t2', 1, 'x')", "CHAIN_BROKEN"},
       {"insert into journal_head values ('t2', 1, '')", ""},
       {"insert into journal_head values ('t', 1, '') on conflict (tenant) do update set sequence "
        "= journal_head.sequence + 1",
        ""},
       {"insert into journal_head values ('t', 1, '') on conflict (tenant) do update set hash = ''",
        "CHAIN_BROKEN"},
       {"delete from number_series", "IMMUTABLE"},
       {"insert into number_series values ('t', 'journal_entry', 2027, 2)", "NUMBER_NOT_NEXT"},
       {"insert into number_series values ('t', 'journal_entry', 2027, 1)", ""},
       {"insert into number_series values ('t', 'invoice', 2026, 7)", ""},
       {"insert into number_series values ('t', 'journal_entry', 2026, 1) on conflict (tenant, "
        "kind, year) do update set last = number_series.last + 1",
        ""}});
  return all;
}

constexpr std::string_view kNewUsd = "('t', 'US', 'trade', 'EUR', 1, 0, 0)";

std::vector<Statement> onSqlite() {
  const std::string company = "company values " + std::string{kNewUsd};
  return {
      {replaceEntry("e", kNoSource), "IMMUTABLE"},
      {replaceEntry("d", kNoSource), "DUPLICATE"},
      {replaceEntry("z", kCharge), "DUPLICATE"},
      {insertEntry("e", kNoSource), "IMMUTABLE"},
      {insertEntry("z", kCharge), "DUPLICATE"},
      {insertEntry("e", kNoSource) + " on conflict (tenant, id) do update set memo = 'x'",
       "IMMUTABLE"},
      {insertEntry("d", kNoSource) + " on conflict (tenant, id) do update set currency = 'EUR'",
       "DUPLICATE"},
      {"update or replace journal_entry set id = 'e' where id = 'd'", "IMMUTABLE"},
      {"update or replace journal_entry set source_type = 'payment', source_id = 'pi_1', "
       "posting_kind = 'charge' where id = 'd'",
       "IMMUTABLE"},
      {"update or ignore journal_entry set memo = 'x' where id = 'e'", "IMMUTABLE"},
      {"create temp table journal_entry (tenant, id, state); insert into journal_line values ('t', "
       "'e', 3, 'a', 5, '')",
       "IMMUTABLE"},
      {"insert or replace into journal_line values ('t', 'e', 1, 'a', 5, '')", "IMMUTABLE"},
      {"insert or replace into journal_line values ('t', 'd', 1, 'a', 5, '')", "DUPLICATE"},
      {"update or replace journal_line set entry = 'e', line = 1 where entry = 'd' and line = 1",
       "IMMUTABLE"},
      {"update journal_line set amount = 0.5 where entry = 'd'", "CHECK"},
      {"insert or replace into account values ('t', 'a', '1000', 'a', 'income', null, 1, 1, 0, 0)",
       "DUPLICATE"},
      {"insert or replace into account values ('t', 'z', '2000', 'z', 'income', null, 1, 1, 0, 0)",
       "DUPLICATE"},
      {"insert or replace into account values ('t', 'z', '9', 'z', 'income', 'wages', 1, 1, 0, 0)",
       "DUPLICATE"},
      {"insert into account values ('t', 'a', '1000', 'a', 'asset', null, 1, 1, 0, 0) on conflict "
       "(tenant, id) do update set type = 'income'",
       "DUPLICATE"},
      {"update or replace account set code = '3000' where id = 'b'", "DUPLICATE"},
      {"update or replace account set role = 'wages' where id = 'b'", "DUPLICATE"},
      {"update or replace account set id = 'a' where id = 'b'", "IMMUTABLE"},
      {"insert or replace into " + company, "DUPLICATE"},
      {"insert into " + company + " on conflict (tenant) do update set base_currency = 'EUR'",
       "DUPLICATE"},
      {"insert or replace into journal_head values ('t', 1, '')", "CHAIN_BROKEN"},
      {"insert or replace into journal_head values ('t', 7, 'x')", "CHAIN_BROKEN"},
      {"insert or replace into number_series values ('t', 'journal_entry', 2026, 7)",
       "NUMBER_NOT_NEXT"},
  };
}

std::vector<Statement> onPostgreSql() {
  const std::string company = "company values " + std::string{kNewUsd};
  return {
      {insertEntry("e", kNoSource), "UNIQUE"},
      {insertEntry("z", kCharge), "UNIQUE"},
      {insertEntry("e", kNoSource) + " on conflict (tenant, id) do update set memo = 'x'",
       "IMMUTABLE"},
      {insertEntry("d", kNoSource) + " on conflict (tenant, id) do update set currency = 'EUR'",
       "IMMUTABLE"},
      {"merge into journal_entry e using journal_entry d on e.id = 'e' and d.id = 'd' when matched "
       "then update set memo = d.id",
       "IMMUTABLE"},
      {"with gone as (delete from journal_line where entry = 'e' returning *) insert into "
       "journal_line select 't', 'd', line + 7, account, amount, memo from gone",
       "IMMUTABLE"},
      {"insert into account values ('t', 'a', '1000', 'a', 'asset', null, 1, 1, 0, 0) on conflict "
       "(tenant, id) do update set type = 'income'",
       "ACCOUNT_IN_USE"},
      {"insert into account values ('t', 'b', '1', 'b', 'asset', null, 1, 1, 0, 0) on conflict "
       "(tenant, id) do update set id = 'z'",
       "IMMUTABLE"},
      {"update account set code = '3000' where id = 'b'", "UNIQUE"},
      {"insert into " + company + " on conflict (tenant) do update set base_currency = 'EUR'",
       "IMMUTABLE"},
      {"create temp table journal_entry (like journal_entry); insert into journal_line values "
       "('t', 'e', 3, 'a', 5, '')",
       "IMMUTABLE"},
      {"create temp table journal_line (like journal_line); delete from account where id = 'a'",
       "ACCOUNT_IN_USE"},
      {"truncate journal_line", "IMMUTABLE"},
      {"truncate journal_entry, journal_line", "IMMUTABLE"},
      {"truncate company cascade", "IMMUTABLE"},
      {"truncate account cascade", "IMMUTABLE"},
      {"truncate journal_head", "IMMUTABLE"},
      {"truncate number_series", "IMMUTABLE"},
  };
}

/// What an engine says of its own constraints.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kOwnWords = {{
    {"UNIQUE constraint", "UNIQUE"},
    {"duplicate key value", "UNIQUE"},
    {"FOREIGN KEY constraint", "REFERENCE"},
    {"foreign key constraint", "REFERENCE"},
    {"CHECK constraint", "CHECK"},
    {"check constraint", "CHECK"},
    {"cannot store", "CHECK"},
    {"NOT NULL constraint", "CHECK"},
    {"null value in column", "CHECK"},
}};

}  // namespace

std::string ledgerRows() {
  std::string rows =
      "insert into company values ('t', 'US', 'services', 'USD', 1, 0, 0), "
      "('t2', 'US', 'services', 'USD', 1, 0, 0);\n"
      "insert into account values ('t', 'a', '1000', 'a', 'asset', 'bank', 1, 1, 0, 0), "
      "('t', 'b', '2000', 'b', 'income', null, 1, 1, 0, 0), "
      "('t', 'c', '3000', 'c', 'expense', 'wages', 1, 1, 0, 0), "
      "('t2', 'x', '1000', 'x', 'asset', null, 1, 1, 0, 0);\n";
  rows += insertEntry("e", kCharge) + ";\n";
  for (const char* draft : {"d", "u", "n"}) rows += insertEntry(draft, kNoSource) + ";\n";
  rows += insertEntry("r", "'journal_entry', 'e', 'reversal', 'e'") + ";\n";
  rows += insertEntry("s", "'journal_entry', 'd', 'reversal', 'd'") + ";\n";
  rows += insertEntry("y", kNoSource, "t2") + ";\n";
  for (const auto& [id, debit, credit] :
       {std::array{"e", "100", "-100"}, std::array{"d", "100", "-100"},
        std::array{"u", "100", "-99"}, std::array{"r", "100", "-100"},
        std::array{"s", "-100", "100"}}) {
    const std::string entry = std::string{"('t', '"} + id + "', ";
    rows += "insert into journal_line values " + entry + "1, 'a', " + debit + ", ''), " + entry +
            "2, 'c', " + credit + ", '');\n";
  }
  rows += "insert into journal_head values ('t', 1, '');\n";
  rows += "insert into number_series values ('t', 'journal_entry', 2026, 1);\n";
  rows += post("e", "sequence = 1, year = 2026, number = 1, prev_hash = '', hash = 'h1'") + ";\n";
  return rows + "update journal_head set hash = 'h1' where tenant = 't';\n";
}

std::vector<Statement> statementsOn(Engine engine) {
  std::vector<Statement> all = entryStatements();
  add(all, postingStatements());
  add(all, lineStatements());
  add(all, accountStatements());
  add(all, companyStatements());
  add(all, headStatements());
  add(all, engine == Engine::Sqlite ? onSqlite() : onPostgreSql());
  return all;
}

std::string ruleIn(std::string_view complaint) {
  for (const auto& [words, rule] : kOwnWords) {
    if (complaint.find(words) != std::string_view::npos) return std::string{rule};
  }
  for (const std::string_view prefix : {"ERROR:  ", "conflict "}) {
    if (const auto at = complaint.find(prefix); at != std::string_view::npos)
      complaint.remove_prefix(at + prefix.size());
  }
  return std::string{complaint.substr(0, complaint.find('\n'))};
}

std::string schemaOf(Engine engine) {
  const std::filesystem::path folder = std::filesystem::path{BULKHEAD_SOURCE_DIR} /
                                       "plugins/accounting/migrations" /
                                       (engine == Engine::Sqlite ? "sqlite" : "postgresql");
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator{folder}) files.push_back(file);
  std::sort(files.begin(), files.end());
  std::ostringstream text;
  for (const auto& file : files) text << std::ifstream{file}.rdbuf() << '\n';
  return text.str();
}

}  // namespace accounting
