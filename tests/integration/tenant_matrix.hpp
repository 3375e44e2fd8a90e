#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http_client.hpp"

namespace bulkhead::integration {

/// What a route has to do with whose data it is.
enum class Reach {
  Own,     ///< works on all of the caller's own
  Named,   ///< names a thing of a tenant: for others there is none
  Chosen,  ///< PUT under an id that the client chose: makes the caller's own, beside another's
  Installation,  ///< no tenant's: keys that are bound to tenants are refused
  Outward,       ///< needs an outside service, which is not configured here: says so, or 404
  Public         ///< takes no key
};

/// A request to one route, with things of the owner where it names any.
struct MatrixStep {
  std::string method;
  std::string path;  ///< template, as /openapi.json lists it
  Reach reach;
  std::string target;  ///< the path with its names filled in, and the query
  std::string body{};
  std::string thing{};  ///< target of the thing whose ETag the route may ask for
  std::string content_type = "application/json";

  std::string route() const { return method + " " + path; }
};

/// What one business has.
struct Things {
  std::string location, service, schedule, resource, blocked_period, time_off, lead;
  std::string rule, exception, appointment, hold;
  std::string account, entry;            ///< of books; empty before keepBooks()
  std::string waiting_payment;           ///< that the books could not take; empty without
  std::vector<std::string> free_starts;  ///< times that can be booked

  /// Makes all of it through the API: ids begin with `prefix`, and each thing has a text that holds
  /// `marker`. Throws std::runtime_error where that fails.
  static Things make(const HttpClient& client, std::string_view prefix, std::string_view marker);
  /// Begins books, with an account and a draft that hold `marker`. Throws likewise.
  void keepBooks(const HttpClient& client, std::string_view marker);
  /// The targets of the things that can be read one by one.
  std::vector<std::string> targets() const;
};

/// One step for each route of the plugins. Paths and bodies name `owner`'s things, but those
/// bodies of Reach::Chosen that shall succeed name `caller`'s.
std::vector<MatrixStep> matrixOf(const Things& owner, const Things& caller);

}  // namespace bulkhead::integration
