#pragma once

namespace bulkhead::host {

/// Confines this process for good to what a plugin needs until start(): limits of memory, processor
/// time and descriptors, no byte in any file, and a filter of system calls (seccomp) under which it
/// starts no process, opens no socket, makes, removes or renames no file, sends no signal to others
/// and changes nothing of the machine. At a refused call `refused` is called with the call's name,
/// in a signal handler, and must not return. Where the kernel has no such filter, and under
/// sanitizers, the limits alone hold.
void confinePreflight(void (*refused)(const char* system_call));

/// Kills this process when the one that started it ends.
void dieWithParent();

}  // namespace bulkhead::host
