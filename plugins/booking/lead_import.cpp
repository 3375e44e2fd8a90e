#include "lead_import.hpp"

#include <algorithm>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "lead_store.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;

Error malformed(std::size_t line) {
  return Error::validation("CSV_MALFORMED",
                           "Line " + std::to_string(line) +
                               " is not CSV: a quote stands where none can, or is never closed.");
}

std::string_view outcomeOf(LeadChange::Kind kind) {
  switch (kind) {
    case LeadChange::Kind::Made:
      return "created";
    case LeadChange::Kind::Changed:
      return "updated";
    case LeadChange::Kind::Kept:
      break;
  }
  return "unchanged";
}

}  // namespace

LeadImport::LeadImport(const bulkhead::Host& host, const Caller& caller, std::string_view text,
                       char delimiter, std::string_view columns)
    : host_{host}, caller_{caller}, reader_{text, delimiter} {
  const auto read = reader_.next(header_);
  if (read == CsvReader::Read::Malformed) throw malformed(reader_.line());
  for (auto& name : header_) {
    if (!isPlainUtf8(name)) {
      throw Error::validation("CSV_HEADER_INVALID", "The header is not UTF-8; save it as UTF-8.");
    }
  }
  columns_ = LeadColumns::read(header_, columns);
}

std::size_t LeadImport::ready(std::size_t count) {
  while (rows_.size() < count && !at_end_) {
    std::vector<std::string> cells;
    const auto read = reader_.next(cells);
    at_end_ = read != CsvReader::Read::Record;
    if (read != CsvReader::Read::End) readRow(read, std::move(cells));
  }
  return std::min(count, rows_.size());
}

void LeadImport::drop(std::size_t count) {
  rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(count));
}

void LeadImport::readRow(CsvReader::Read read, std::vector<std::string> cells) {
  Row row;
  row.number = next_row_++;
  row.line = reader_.line();
  row.cells = std::move(cells);
  if (read == CsvReader::Read::Malformed) {
    row.problem = CellProblem{"", malformed(row.line)};
  } else {
    check(row);
  }
  rows_.push_back(std::move(row));
}

/// A repeat has to come to the same, so that only the table itself decides here, not the store.
void LeadImport::check(Row& row) {
  if (row.cells.size() != header_.size()) {
    row.problem = CellProblem{
        "", Error::validation("CSV_FIELD_COUNT", "The row has " + std::to_string(row.cells.size()) +
                                                     " fields, the header " +
                                                     std::to_string(header_.size()) + ".")};
  } else if (!std::all_of(row.cells.begin(), row.cells.end(), isPlainUtf8)) {
    row.problem = CellProblem{
        "",
        Error::validation("CSV_ENCODING", "The row is not plain UTF-8 text; save it as UTF-8.")};
  } else {
    row.problem = columns_.fill(row.cells, row.lead);
  }
  if (row.problem) return;
  row.same_as_row = firstRowOf(row.lead.phone, row.number);
  const auto by_email = firstRowOf(row.lead.email, row.number);
  if (row.same_as_row == 0) row.same_as_row = by_email;
}

std::size_t LeadImport::firstRowOf(const std::optional<std::string>& address, std::size_t row) {
  if (!address) return 0;
  const auto [known, is_new] = row_of_address_.emplace(*address, row);
  return is_new ? 0 : known->second;
}

BatchResult LeadImport::carryOut(Transaction& transaction, std::size_t index) {
  const Row& row = rows_[index];
  LeadChange change;
  try {
    change = plan(transaction, row);
  } catch (const Error& error) {
    if (!isRefusal(error)) throw;
    return refused(index, error);
  }
  LeadStore::write(transaction, caller_.tenant, change);
  return resultOf(row, change);
}

BatchResult LeadImport::refused(std::size_t index, const Error& error) {
  const Row& row = rows_[index];
  return refusal(row, row.problem ? row.problem->field : "", error);
}

BatchResult LeadImport::rehearse(ReadTransaction& transaction, std::size_t index) const {
  const Row& row = rows_[index];
  try {
    return resultOf(row, plan(transaction, row));
  } catch (const Error& error) {
    if (!isRefusal(error)) throw;
    return refusal(row, row.problem ? row.problem->field : "", error);
  }
}

LeadChange LeadImport::plan(ReadTransaction& transaction, const Row& row) const {
  if (row.problem) throw Error{row.problem->error};
  if (row.same_as_row > 0) {
    throw Error::conflict("DUPLICATE_IN_FILE", "Row " + std::to_string(row.same_as_row) +
                                                   " has the same phone or email.")
        .withDetails(
            bulkhead::toJson([&](JsonWriter& out) { out.object("first_row", row.same_as_row); }));
  }
  return planLead(transaction, caller_.tenant, {host_.newId(), caller_.now}, [&](Lead& lead) {
    if (lead.id.empty()) lead.source = "import";
    columns_.fill(row.cells, lead);
  });
}

BatchResult LeadImport::resultOf(const Row& row, const LeadChange& change) {
  const auto outcome = outcomeOf(change.kind);
  return {outcome, bulkhead::toJson([&](JsonWriter& out) {
            out.object("row", row.number, "line", row.line, "status", outcome, "id",
                       change.lead.id);
          })};
}

BatchResult LeadImport::refusal(const Row& row, std::string_view field, const Error& error) {
  return {"refused", bulkhead::toJson([&](JsonWriter& out) {
            out.beginObject();
            out.member("row", row.number);
            out.member("line", row.line);
            out.member("status", "refused");
            out.key("field");
            if (field.empty()) {
              out.value(nullptr);
            } else {
              out.value(field);
            }
            out.key("error");
            writeRefusal(out, error);
            out.endObject();
          })};
}

}  // namespace booking
