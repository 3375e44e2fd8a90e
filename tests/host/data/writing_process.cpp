// The process that durability_test kills: it writes to the store of its first argument until then,
// and tells on descriptor 3 the id of each write that was acknowledged.
#include <thread>
#include <unistd.h>
#include <vector>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

constexpr int kAcknowledgements = 3;
constexpr int kThreads = 8;

void writeForEver(Store& store, int thread) {
  for (int id = thread;; id += kThreads) {
    store.write(
        [&](Transaction& tx) {
          send(tx, "INSERT INTO booking VALUES ($1)", {value(id)});
          send(tx, "INSERT INTO line VALUES ($1, 1), ($1, -1)", {value(id)});
        },
        within());
    if (::write(kAcknowledgements, &id, sizeof id) != sizeof id) ::_exit(1);
  }
}

}  // namespace
}  // namespace bulkhead::host::data

int main(int count, char** arguments) {
  using namespace bulkhead::host::data;
  if (count != 2) return 2;
  const auto store = openSqliteStore({.path = arguments[1]});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&store, thread] { writeForEver(*store, thread); });
  }
}
