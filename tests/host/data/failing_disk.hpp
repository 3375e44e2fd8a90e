#pragma once

namespace bulkhead::host::data::failing_disk {

/// Calls of fsync and fdatasync by this program so far.
int syncs();

/// This process ends, as if killed, instead of its `change`-th sync, renaming, removal or making of
/// a folder from now on.
void dieAt(int change);

/// While it lives every sync of this program fails with EIO.
class Outage {
 public:
  Outage();
  ~Outage();
  Outage(const Outage&) = delete;
  Outage& operator=(const Outage&) = delete;
};

}  // namespace bulkhead::host::data::failing_disk
