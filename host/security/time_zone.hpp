#pragma once

#include <string>

namespace bulkhead::host {

/// True when `name` is a time zone of the machine's zone data (`TZDIR`, else /usr/share/zoneinfo),
/// such as "Europe/London". Opens nothing but regular files below that folder. The zones that are
/// no place's (`right/`, `posix/`, `localtime`) are none.
bool isTimeZone(const std::string& name);

}  // namespace bulkhead::host
