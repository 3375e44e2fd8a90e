#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <utility>

#include <bulkhead/transaction.hpp>

#include "data/audit_chain.hpp"
#include "data/audit_rows.hpp"

namespace bulkhead::host::data {
namespace {

constexpr std::int64_t kPageRows = 500;

using Deadline = std::chrono::steady_clock::time_point;

std::string ownerOf(const std::string& chain) {
  return chain.empty() ? "the installation" : fmt::format("'{}'", chain);
}

/// One chain, followed row by row to its end.
class Walk {
 public:
  Walk(std::string chain, const AuditHead* stored, const std::vector<AuditHead>& noted)
      : head_{std::move(chain), 0, {}}, stored_{stored} {
    for (const AuditHead& note : noted) notes_.emplace(note.position, note.hash);
  }

  /// False at the first row that does not fit.
  bool follow(const AuditRow& row) {
    const std::int64_t position = row.position.value_or(0);
    const std::int64_t next = head_.position + 1;
    if (position > next) {
      return flaw(next, 0, fmt::format("Rows {} to {} are gone.", next, position - 1));
    }
    if (position < next) {
      return flaw(position, row.seq,
                  fmt::format("A row was inserted at {}, which is taken.", position));
    }
    if (linkOf(head_.hash, position, row) != row.hash) {
      return flaw(position, row.seq,
                  fmt::format("The row at {} ({}) is not what was sealed there: it was changed, "
                              "moved, or put in.",
                              position, row.entry.action));
    }
    head_.position = position;
    head_.hash = row.hash;
    return checkNotes();
  }

  /// What the heads say of the end.
  void finish() {
    if (flaw_) return;
    if (stored_ == nullptr && head_.position != 0) {
      flaw(head_.position, 0, "The head of the chain is gone.");
    } else if (stored_ != nullptr && *stored_ != head_) {
      flaw(head_.position + 1, 0,
           fmt::format("The chain ends at {}, and its head at {}.", head_.position,
                       stored_->position));
    }
    if (flaw_ || notes_.empty() || notes_.rbegin()->first <= head_.position) return;
    flaw(
        head_.position + 1, 0,
        fmt::format("The chain ends at {}, but {} rows were noted outside: the last ones are gone.",
                    head_.position, notes_.rbegin()->first));
  }

  const std::optional<AuditFlaw>& found() const { return flaw_; }
  const AuditHead& head() const { return head_; }

 private:
  bool checkNotes() {
    const auto [from, to] = notes_.equal_range(head_.position);
    const bool agree =
        std::all_of(from, to, [&](const auto& note) { return note.second == head_.hash; });
    if (agree) return true;
    return flaw(
        head_.position, 0,
        fmt::format("The rows up to {} are not those that were noted outside: the chain was "
                    "written anew.",
                    head_.position));
  }
  bool flaw(std::int64_t position, std::int64_t seq, std::string what) {
    flaw_ = AuditFlaw{head_.chain, position, seq,
                      fmt::format("Chain of {}: {}", ownerOf(head_.chain), what)};
    return false;
  }

  AuditHead head_;
  const AuditHead* stored_;
  std::multimap<std::int64_t, std::string> notes_;
  std::optional<AuditFlaw> flaw_;
};

/// The chains of the store: where their rows end and what their heads say, as of one moment.
struct Outline {
  std::map<std::string, std::int64_t> ends;
  std::map<std::string, AuditHead> heads;
};

Outline outlineOf(Transaction& transaction) {
  Outline outline;
  transaction.read(
      "SELECT chain, max(position) FROM bulkhead_audit WHERE position IS NOT NULL GROUP BY chain",
      nullptr, 0, [&](const bulkhead_value* columns, std::size_t count) {
        const Row row{columns, count};
        outline.ends[row.string(0)] = row.integer(1);
        return 0;
      });
  transaction.read("SELECT chain, position, hash FROM bulkhead_audit_head", nullptr, 0,
                   [&](const bulkhead_value* columns, std::size_t count) {
                     const Row row{columns, count};
                     outline.ends.emplace(row.string(0), 0);
                     outline.heads[row.string(0)] = {row.string(0), row.integer(1), row.string(2)};
                     return 0;
                   });
  return outline;
}

/// By position, and by seq where somebody gave one position twice.
std::vector<AuditRow> page(Transaction& transaction, const std::string& chain,
                           const AuditRow* after, std::int64_t last) {
  const std::int64_t before_all = std::numeric_limits<std::int64_t>::min();
  const auto wanted =
      values(chain, after == nullptr ? before_all : after->position.value_or(before_all),
             after == nullptr ? before_all : after->seq, last, kPageRows);
  std::vector<AuditRow> rows;
  transaction.read(
      fmt::format("SELECT {} FROM bulkhead_audit WHERE chain = $1 AND position IS NOT NULL "
                  "AND (position > $2 OR (position = $2 AND seq > $3)) AND position <= $4 "
                  "ORDER BY position, seq LIMIT $5",
                  kAuditColumns),
      wanted.data(), wanted.size(), [&](const bulkhead_value* columns, std::size_t count) {
        rows.push_back(auditRowFrom(Row{columns, count}));
        return 0;
      });
  return rows;
}

std::int64_t followAll(Store& store, Walk& walk, std::int64_t last, Deadline deadline) {
  std::int64_t followed = 0;
  std::vector<AuditRow> rows;
  do {
    const auto before = std::exchange(rows, {});
    store.read(
        [&](Transaction& transaction) {
          rows =
              page(transaction, walk.head().chain, before.empty() ? nullptr : &before.back(), last);
        },
        deadline);
    for (const AuditRow& row : rows) {
      if (!walk.follow(row)) return followed;
      ++followed;
    }
  } while (!rows.empty());
  walk.finish();
  return followed;
}

void countUnsealed(Store& store, AuditVerdict& verdict, Deadline deadline) {
  store.read(
      [&](Transaction& transaction) {
        transaction.read("SELECT count(*), min(seq) FROM bulkhead_audit WHERE position IS NULL",
                         nullptr, 0, [&](const bulkhead_value* columns, std::size_t count) {
                           verdict.unsealed = Row{columns, count}.integer(0);
                           verdict.first_unsealed_seq = Row{columns, count}.optionalInteger(1);
                           return 1;
                         });
      },
      deadline);
}

}  // namespace

/// What is sealed while the rows are read lies beyond the ends that were read before.
AuditVerdict verifyAudit(Store& store, const AuditHeadFile& outside, Deadline deadline,
                         const std::vector<AuditHead>& also_noted) {
  AuditVerdict verdict;
  const auto content = outside.read();  // first: what is noted later is in the store by then
  std::vector<AuditHead> noted = content.heads;
  noted.insert(noted.end(), also_noted.begin(), also_noted.end());
  verdict.noted = noted.size();
  verdict.damaged_lines = content.damaged_lines;
  Outline outline;
  store.read([&](Transaction& transaction) { outline = outlineOf(transaction); }, deadline);
  std::map<std::string, std::vector<AuditHead>> notes;
  for (const AuditHead& head : noted) {
    notes[head.chain].push_back(head);
    outline.ends.emplace(head.chain, 0);
  }
  for (const auto& [chain, last] : outline.ends) {
    const auto head = outline.heads.find(chain);
    const AuditHead* stored = head == outline.heads.end() ? nullptr : &head->second;
    Walk walk{chain, stored, notes[chain]};
    verdict.sealed += followAll(store, walk, last, deadline);
    verdict.heads.push_back(walk.head());
    if (walk.found()) verdict.flaws.push_back(*walk.found());
  }
  if (!content.exists && verdict.sealed != 0 && !outside.read().exists) {
    verdict.flaws.push_back(
        {{}, 0, 0, "Nothing outside the store tells where the chains have come to."});
  }
  countUnsealed(store, verdict, deadline);
  return verdict;
}

}  // namespace bulkhead::host::data
