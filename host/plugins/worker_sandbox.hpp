#pragma once

namespace bulkhead::host {

/// Confines this process for good, every thread of it, to what a plugin's work needs: it starts no
/// process or program, traces and signals no other, mounts nothing, enters no other namespace,
/// changes nothing of the machine and gains no privilege. A refused call answers EPERM. False where
/// the kernel has no such filter, and under sanitizers.
bool confineWorker();

}  // namespace bulkhead::host
