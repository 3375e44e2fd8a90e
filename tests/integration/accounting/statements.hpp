#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What anybody might write to the ledger's tables without asking the plugin, and what has to come
/// of it on both engines.
namespace accounting {

enum class Engine { Sqlite, PostgreSql };

/// A statement, and the code of the rule that refuses it; empty where it is allowed. UNIQUE,
/// REFERENCE and CHECK stand for the engine's own constraints.
struct Statement {
  std::string sql;
  std::string refusal;
};

/// Company t with the accounts a (which lines name), b and c; the posted entry e with a source; the
/// drafts d, u (it does not balance), n (it has no lines), r (it says that it reverses e, with the
/// wrong amounts) and s (it says that it reverses d). Company t2 with the account x and the draft
/// y.
std::string ledgerRows();

/// Each is judged by itself, on the rows of ledgerRows().
std::vector<Statement> statementsOn(Engine engine);

/// The rule's code in what the database complained of; empty for no complaint.
std::string ruleIn(std::string_view complaint);

/// The text of the plugin's migrations for `engine`, in their order.
std::string schemaOf(Engine engine);

}  // namespace accounting
