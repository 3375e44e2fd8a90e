#pragma once

#include <functional>
#include <string>

namespace bulkhead::host {

/// Does it again and again, and tells what that keeps each time: "about 64 bytes of memory", "a
/// descriptor", "a thread"; empty when nothing. What is kept once is none. Nothing else may go on
/// in this process meanwhile.
std::string leakOf(const std::function<void()>& work);

}  // namespace bulkhead::host
