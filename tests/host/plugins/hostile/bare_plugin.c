#include <bulkhead/abi.h>

#ifndef BARE_MAJOR
#define BARE_MAJOR BULKHEAD_ABI_MAJOR
#endif
#ifndef BARE_MINOR
#define BARE_MINOR BULKHEAD_ABI_MINOR
#endif
#ifndef BARE_SIZE
#define BARE_SIZE sizeof(bulkhead_plugin)
#endif
#ifndef BARE_HANDLE
#define BARE_HANDLE handle
#endif
#ifndef BARE_TABLE
#define BARE_TABLE &table
#endif

static int object;

static bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** plugin,
                              const bulkhead_error_sink* error) {
  (void)host;
  (void)home;
  (void)error;
  *plugin = &object;
  return BULKHEAD_OK;
}

__attribute__((unused)) static bulkhead_status handle(void* plugin, const bulkhead_request* request,
                                                      bulkhead_transaction* transaction,
                                                      const bulkhead_response* response,
                                                      const bulkhead_error_sink* error) {
  (void)plugin;
  (void)request;
  (void)transaction;
  (void)response;
  (void)error;
  return BULKHEAD_OK;
}

static void destroy(void* plugin) {
  (void)plugin;
}

__attribute__((unused)) static const bulkhead_plugin table = {
    BARE_SIZE, BARE_MAJOR, BARE_MINOR, create, NULL, BARE_HANDLE, NULL, NULL, destroy};

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return BARE_TABLE;
}
