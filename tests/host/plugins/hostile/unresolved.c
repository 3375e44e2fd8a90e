#include <bulkhead/abi.h>

const bulkhead_plugin* nobody_defines_this(void);

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return nobody_defines_this();
}
