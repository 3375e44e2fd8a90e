#pragma once

namespace bulkhead::host::data {

/// SQLite's file layer, except that a write-ahead log is written in one call for each sync instead
/// of two for each page: what is appended is kept until the log is synced, read elsewhere or
/// closed. Only for connections that sync at every commit (synchronous=FULL): others would tell
/// readers of frames that are not in the file yet.
///
/// Registers itself at the first call, beneath no other name, over whatever layer is SQLite's
/// default when a file is opened. Returns its name, for a `file:` URI's parameter `vfs`.
const char* logVfs();

}  // namespace bulkhead::host::data
