#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <bulkhead/host.hpp>

#include "appointment_desk.hpp"
#include "batch.hpp"
#include "csv.hpp"
#include "lead_columns.hpp"

namespace booking {

/// A table of leads, row by row: of the text only the few rows that are ready are taken apart, and
/// of the rest only whom it names is remembered. Outcomes: created, updated, unchanged, refused.
class LeadImport final : public BatchWork {
 public:
  /// `text` and `caller` outlive the import. `columns` is LeadColumns' choice. Throws 400
  /// CSV_HEADER_INVALID, CSV_MALFORMED.
  LeadImport(const bulkhead::Host& host, const Caller& caller, std::string_view text,
             char delimiter, std::string_view columns);

  std::size_t ready(std::size_t count) override;
  void drop(std::size_t count) override;
  BatchResult carryOut(bulkhead::Transaction& transaction, std::size_t index) override;
  BatchResult refused(std::size_t index, const bulkhead::Error& error) override;

  /// What carryOut() would come to; writes nothing.
  BatchResult rehearse(bulkhead::ReadTransaction& transaction, std::size_t index) const;

  const std::vector<std::string>& header() const { return header_; }
  const LeadColumns& columns() const { return columns_; }

 private:
  /// A row that has been read, with what was found wrong with it before the store was asked.
  struct Row {
    std::size_t number = 0;  ///< as spreadsheets count: the header is row 1
    std::size_t line = 0;
    Lead lead;
    std::vector<std::string> cells;
    std::optional<CellProblem> problem;
    std::size_t same_as_row = 0;  ///< an earlier row that names the same person; 0 for none
  };

  void readRow(CsvReader::Read read, std::vector<std::string> cells);
  void check(Row& row);
  /// The row of the one who is known by `address`; `row` from now on when there is none.
  std::size_t firstRowOf(const std::optional<std::string>& address, std::size_t row);
  LeadChange plan(bulkhead::ReadTransaction& transaction, const Row& row) const;
  static BatchResult resultOf(const Row& row, const LeadChange& change);
  static BatchResult refusal(const Row& row, std::string_view field, const bulkhead::Error& error);

  const bulkhead::Host host_;
  const Caller& caller_;
  CsvReader reader_;
  std::vector<std::string> header_;
  LeadColumns columns_;
  std::deque<Row> rows_;
  std::size_t next_row_ = 2;
  bool at_end_ = false;
  std::unordered_map<std::string, std::size_t> row_of_address_;
};

}  // namespace booking
