#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// The id of the plugin that this code became; each has a source of its own that defines it.
extern const char hostile_name[];

#ifdef __cplusplus
}
#endif
