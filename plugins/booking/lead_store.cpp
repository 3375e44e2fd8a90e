#include "lead_store.hpp"

#include <string>

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

Lead read(const Row& row) {
  Lead lead;
  lead.id = row.string(0);
  lead.name = row.optionalString(1);
  lead.phone = row.optionalString(2);
  lead.email = row.optionalString(3);
  lead.time_zone = row.optionalString(4);
  lead.language = row.optionalString(5);
  lead.source = row.string(6);
  lead.status = row.string(7);
  lead.notes = row.string(8);
  lead.version = row.integer(9);
  lead.created_at = fromEpoch(row.integer(10));
  lead.updated_at = fromEpoch(row.integer(11));
  return lead;
}

}  // namespace

std::optional<Lead> LeadStore::find(ReadTransaction& transaction, std::string_view tenant,
                                    std::string_view id) {
  return transaction.first(
      "select id, name, phone, email, time_zone, language, source, status, notes, version, "
      "created_at, updated_at from lead where tenant = $1 and id = $2",
      values(tenant, id), read);
}

std::optional<Lead> LeadStore::findByPhone(ReadTransaction& transaction, std::string_view tenant,
                                           std::string_view phone) {
  return transaction.first(
      "select id, name, phone, email, time_zone, language, source, status, notes, version, "
      "created_at, updated_at from lead where tenant = $1 and phone = $2",
      values(tenant, phone), read);
}

std::optional<Lead> LeadStore::findByEmail(ReadTransaction& transaction, std::string_view tenant,
                                           std::string_view email) {
  return transaction.first(
      "select id, name, phone, email, time_zone, language, source, status, notes, version, "
      "created_at, updated_at from lead where tenant = $1 and email = $2",
      values(tenant, email), read);
}

std::vector<Lead> LeadStore::list(ReadTransaction& transaction, std::string_view tenant,
                                  const Filter& filter, const ListOrder& order) {
  const std::string sql =
      "select id, name, phone, email, time_zone, language, source, status, notes, version, "
      "created_at, updated_at from lead where tenant = $1 and ($2 is null or phone = $2) "
      "and ($3 is null or email = $3) and ($4 is null or status = $4) "
      "and ($5 is null or source = $5) and " +
      order.narrowed("updated_at") + " >= $6" + order.condition(7) + order.orderBy() + " limit $10";
  return transaction.list(sql,
                          values(tenant, filter.phone, filter.email, filter.status, filter.source,
                                 epochSeconds(filter.updated_since), order.number(), order.text(),
                                 order.id(), order.limit),
                          read);
}

void LeadStore::insert(Transaction& transaction, std::string_view tenant, const Lead& lead) {
  transaction.send(
      "insert into lead (tenant, id, name, phone, email, time_zone, language, source, status, "
      "notes, version, created_at, updated_at) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      values(tenant, lead.id, lead.name, lead.phone, lead.email, lead.time_zone, lead.language,
             lead.source, lead.status, lead.notes, lead.version, epochSeconds(lead.created_at),
             epochSeconds(lead.updated_at)));
}

void LeadStore::update(Transaction& transaction, std::string_view tenant, const Lead& lead) {
  transaction.sendExpecting(
      1, versionConflict(),
      "update lead set name = $3, phone = $4, email = $5, time_zone = $6, language = $7, "
      "source = $8, status = $9, notes = $10, version = $11, updated_at = $12 "
      "where tenant = $1 and id = $2 and version = $11 - 1",
      values(tenant, lead.id, lead.name, lead.phone, lead.email, lead.time_zone, lead.language,
             lead.source, lead.status, lead.notes, lead.version, epochSeconds(lead.updated_at)));
}

void LeadStore::write(Transaction& transaction, std::string_view tenant, const LeadChange& change) {
  if (change.kind == LeadChange::Kind::Made) insert(transaction, tenant, change.lead);
  if (change.kind == LeadChange::Kind::Changed) update(transaction, tenant, change.lead);
}

bool LeadStore::isReferenced(ReadTransaction& transaction, std::string_view tenant,
                             std::string_view id) {
  return transaction
      .first("select 1 from appointment where tenant = $1 and lead = $2 limit 1",
             values(tenant, id), [](const Row&) { return true; })
      .has_value();
}

void LeadStore::erase(Transaction& transaction, std::string_view tenant, std::string_view id) {
  transaction.send("delete from lead where tenant = $1 and id = $2", values(tenant, id));
}

}  // namespace booking
