/* Gives the process another malloc, if the process takes it. */
#include <bulkhead/abi.h>

void* malloc(size_t size);
BULKHEAD_EXPORT void* malloc(size_t size) {
  (void)size;
  return NULL;
}

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return NULL;
}
