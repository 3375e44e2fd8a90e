#pragma once

#include <string>
#include <string_view>

#include <bulkhead/plugin.hpp>

#include "body.hpp"
#include "catalogue_list.hpp"
#include "exchange.hpp"
#include "record.hpp"
#include "record_json.hpp"

namespace booking {

/// POST, GET, PUT, PATCH and DELETE of one kind of record. `Kind` says what is its own:
/// it is a PlainKind with kPath "/services", kNoun "service", kRequired (quoted names), kExample,
/// kPatchExample, and prepare(transaction, tenant, noun, host), which checks a record before it is
/// stored. Lives as long as the routes.
template <class Kind>
class CatalogueRoutes {
 public:
  using Noun = typename Kind::Noun;
  using Store = typename Kind::Store;
  using Request = bulkhead::Request;
  using Response = bulkhead::Response;
  using ReadTransaction = bulkhead::ReadTransaction;
  using Transaction = bulkhead::Transaction;

  CatalogueRoutes(bulkhead::Registrar& host, Signatures& signatures)
      : host_{host.host()}, signatures_{signatures} {
    const std::string one = std::string{Kind::kPath} + "/{id}";
    const std::string noun{Kind::kNoun};
    host.route(
        {.method = "POST",
         .path = Kind::kPath,
         .scope = "booking:configure",
         .summary = "Makes a " + noun,
         .request = bodySchema(properties(), Kind::kRequired),
         .response = recordSchema(properties()),
         .success = 201,
         .errors = {"NOT_FOUND", "INVALID_TIME_ZONE"},
         .example = Kind::kExample,
         .idempotency = bulkhead::Idempotency::Required},
        [this](const Request& request, Transaction& write) { return create(request, write); });
    host.route(
        {.method = "GET",
         .path = Kind::kPath,
         .scope = "booking:read",
         .summary = "Lists each " + noun + ", by id unless sort says else",
         .query = listQuery(catalogueSorts<Noun>(), catalogueFilters<Noun>()),
         .response = pageSchema(recordSchema(properties())),
         .errors = {"CURSOR_INVALID"}},
        [this](const Request& request, ReadTransaction& read) { return list(request, read); });
    host.route(
        {.method = "GET",
         .path = one,
         .scope = "booking:read",
         .summary = "Shows a " + noun,
         .response = recordSchema(properties()),
         .errors = {"NOT_FOUND"}},
        [this](const Request& request, ReadTransaction& read) { return show(request, read); });
    host.route(
        {.method = "PUT",
         .path = one,
         .scope = "booking:configure",
         .summary = "Makes a " + noun + " with the client's id, or replaces it",
         .request = bodySchema(properties(), Kind::kRequired),
         .response = recordSchema(properties()),
         .errors = {"NOT_FOUND", "INVALID_TIME_ZONE", "VERSION_CONFLICT", "PRECONDITION_REQUIRED"},
         .example = Kind::kExample},
        [this](const Request& request, Transaction& write) { return put(request, write); });
    host.route(
        {.method = "PATCH",
         .path = one,
         .scope = "booking:configure",
         .summary = "Changes members of a " + noun,
         .request = bodySchema(properties()),
         .response = recordSchema(properties()),
         .errors = {"NOT_FOUND", "INVALID_TIME_ZONE", "VERSION_CONFLICT"},
         .example = Kind::kPatchExample,
         .if_match = true},
        [this](const Request& request, Transaction& write) { return patch(request, write); });
    host.route(
        {.method = "DELETE",
         .path = one,
         .scope = "booking:configure",
         .summary = "Deletes a " + noun + "; one that is referred to is made inactive",
         .response = recordSchema(properties()),
         .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
         .if_match = true},
        [this](const Request& request, Transaction& write) { return remove(request, write); });
  }

 private:
  static std::string properties() {
    return fieldSchemas<Noun>() + Kind::moreProperties() + R"(,"active":{"type":"boolean"})";
  }
  static void write(bulkhead::JsonWriter& out, const Noun& noun) {
    out.beginObject();
    out.member("id", noun.id);
    writeFields(out, noun);
    Kind::writeMore(out, noun);
    out.member("active", noun.active);
    out.member("version", noun.version);
    out.member("created_at", formatInstant(noun.created_at));
    out.member("updated_at", formatInstant(noun.updated_at));
    out.endObject();
  }
  static auto writer(const Noun& noun) {
    return [&noun](bulkhead::JsonWriter& out) { write(out, noun); };
  }
  static Response answer(int status, const Noun& noun) {
    return versioned(status, noun.version, writer(noun));
  }

  Instant now() const { return std::chrono::floor<seconds>(host_.now()); }
  Noun get(ReadTransaction& read, const Request& request) const {
    auto found = Store::find(read, request.tenant(), request.param("id"));
    if (!found) throw notFound(Kind::kNoun, request.param("id"));
    return std::move(*found);
  }
  static void fillFrom(const nlohmann::json& body, Noun& noun) {
    fillFields(body, noun);
    Kind::fillMore(body, noun);
    take(body, "active", noun.active);
  }
  void prepare(Transaction& write, const Request& request, Noun& noun) const {
    Kind::prepare(write, request.tenant(), noun, host_);
  }

  Response insert(Transaction& write, const Request& request, Noun noun) const {
    noun.created_at = noun.updated_at = now();
    prepare(write, request, noun);
    Store::insert(write, request.tenant(), noun);
    return answer(201, noun);
  }
  Response replace(Transaction& write, const Request& request, Noun noun) const {
    ++noun.version;
    noun.updated_at = now();
    prepare(write, request, noun);
    Store::update(write, request.tenant(), noun);
    return answer(200, noun);
  }

  Response create(const Request& request, Transaction& write) const {
    Noun noun;
    fillFrom(bodyOf(request), noun);
    noun.id = host_.newId();
    return insert(write, request, std::move(noun));
  }

  Response list(const Request& request, ReadTransaction& read) const {
    const Listing<Noun> listing{request, read, signatures_, catalogueSorts<Noun>()};
    typename Store::Filter wanted;
    wanted.active = request.query("active");
    wanted.updated_since = queryInstant(request, "updated_since");
    for (std::size_t i = 0; i < Noun::kFilters.size(); ++i) {
      wanted.values[i] = request.query(Noun::kFilters[i].name);
    }
    return listing.page(Store::list(read, request.tenant(), wanted, listing.order()), write);
  }

  Response show(const Request& request, ReadTransaction& read) const {
    return answer(200, get(read, request));
  }

  /// A repeat of the PUT that made the record finds its content unchanged and needs no If-Match.
  Response put(const Request& request, Transaction& write) const {
    Noun wanted;
    fillFrom(bodyOf(request), wanted);
    const auto existing = Store::find(write, request.tenant(), request.param("id"));
    if (!existing) {
      wanted.id = clientMadeId(request.param("id"));
      return insert(write, request, std::move(wanted));
    }
    const bool active = wanted.active;
    const Record& kept = *existing;
    static_cast<Record&>(wanted) = kept;
    wanted.active = active;
    Kind::keepUnwritten(*existing, wanted);
    if (!request.header("if-match")) {
      if (wanted == *existing) return answer(200, *existing);
      throw bulkhead::Error::conflict(
          "PRECONDITION_REQUIRED",
          "That id exists with other content; send If-Match with its ETag to replace it.");
    }
    requireMatch(request, existing->version, writer(*existing));
    return replace(write, request, std::move(wanted));
  }

  Response patch(const Request& request, Transaction& write) const {
    Noun noun = get(write, request);
    requireMatch(request, noun.version, writer(noun));
    fillFrom(bodyOf(request), noun);
    return replace(write, request, std::move(noun));
  }

  Response remove(const Request& request, Transaction& write) const {
    Noun noun = get(write, request);
    requireMatch(request, noun.version, writer(noun));
    if (!Store::isReferenced(write, request.tenant(), noun.id)) {
      Store::erase(write, request.tenant(), noun.id);
      return Response::noContent();
    }
    noun.active = false;
    return replace(write, request, std::move(noun));
  }

  const bulkhead::Host host_;
  Signatures& signatures_;
};

}  // namespace booking
