#pragma once

namespace bulkhead::host {

/// Confines this process for good, every thread of it, to what a plugin's work needs: it starts no
/// process or program, traces and signals no other, mounts nothing, enters no other namespace,
/// takes no memory that its own does not count, changes nothing of the machine and gains no
/// privilege. A refused call answers EPERM. False where the kernel has no such filter, and under
/// sanitizers.
bool confineWorker();

/// Puts this process behind a wall (Landlock) through which it opens no other's memory, environment
/// or descriptors by /proc, although it has the same user, even root's, of whose rights it keeps
/// those on files alone; whoever is
/// outside may still debug it. For good, for this thread and those that it makes from now on: call
/// it before any other is made. False where the kernel has no such wall.
bool hideOtherProcesses();

}  // namespace bulkhead::host
