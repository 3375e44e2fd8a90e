#include "data/store.hpp"

namespace bulkhead::host::data {

std::string_view nameOf(Engine engine) {
  return engine == Engine::Sqlite ? "sqlite" : "postgresql";
}

}  // namespace bulkhead::host::data
