#pragma once

#include <string>
#include <string_view>

#include <bulkhead/json_writer.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/transaction.hpp>

#include "journal_entry.hpp"

/// Entries as clients write and read them.
namespace accounting {

/// JSON Schemas of the body that makes an entry, and of an entry as it is shown.
std::string entryBodySchema();
std::string entryPatchSchema();
std::string entrySchema();

/// The entry that the body asks for. Accounts that it names by code are looked up. Throws
/// VALIDATION_ERROR, NOT_FOUND.
JournalEntry entryFrom(const bulkhead::Request& request, bulkhead::ReadTransaction& read);

/// `entry` with the day, the text and the lines that the body says. Throws likewise.
JournalEntry changedBy(const bulkhead::Request& request, bulkhead::ReadTransaction& read,
                       JournalEntry entry);

void write(bulkhead::JsonWriter& out, const JournalEntry& entry);

}  // namespace accounting
