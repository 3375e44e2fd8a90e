#pragma once

#include <bulkhead/plugin.hpp>

#include "journal.hpp"

namespace accounting {

/// Journal entries: made, posted, reversed, shown. Lives as long as the routes.
class JournalRoutes {
 public:
  JournalRoutes(bulkhead::Registrar& host, const Journal& journal);

 private:
  using Request = bulkhead::Request;
  using Response = bulkhead::Response;
  using Transaction = bulkhead::Transaction;

  void readingRoutes(bulkhead::Registrar& host);
  void writingRoutes(bulkhead::Registrar& host);
  Response list(const Request& request, bulkhead::ReadTransaction& read) const;
  Response create(const Request& request, Transaction& write) const;
  Response patch(const Request& request, Transaction& write) const;
  Response post(const Request& request, Transaction& write) const;
  Response reverse(const Request& request, Transaction& write) const;
  Response remove(const Request& request, Transaction& write) const;

  const bulkhead::Host host_;
  const Journal& journal_;
};

}  // namespace accounting
