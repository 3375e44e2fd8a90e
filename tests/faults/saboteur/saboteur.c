/* A broken build of somebody's plugin: it has that plugin's id, registers nothing that others do,
   and does its deed at its start. -DPLUGIN_ID="booking", and -DFAILS, -DHANGS or -DCRASHES. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulkhead/abi.h>

#define MANIFEST                                                                                  \
  "{\"id\":\"" PLUGIN_ID                                                                          \
  "\",\"version\":\"99.0.0\",\"api\":\"1\",\"summary\":\"A broken build of " PLUGIN_ID ".\"" MORE \
  "}"

__attribute__((section(BULKHEAD_NOTE_SECTION), used, aligned(4))) static const struct {
  uint32_t owner_size;
  uint32_t description_size;
  uint32_t type;
  char owner[12];
  char description[sizeof(MANIFEST) - 1];
} note = {sizeof(BULKHEAD_NOTE_OWNER), sizeof(MANIFEST) - 1, BULKHEAD_NOTE_MANIFEST,
          BULKHEAD_NOTE_OWNER, MANIFEST};

static bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** plugin,
                              const bulkhead_error_sink* error) {
  static int it;
  (void)host, (void)home, (void)error;
  *plugin = &it;
  return BULKHEAD_OK;
}

static bulkhead_status start(void* plugin, const bulkhead_error_sink* error) {
  (void)plugin, (void)error;
#if defined(HANGS)
  for (;;) pause();
#elif defined(CRASHES)
  abort();
#else
  static const char kMessage[] = "This build does not start.";
  bulkhead_error told = {sizeof told, BULKHEAD_APP_ERROR, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
  told.code.data = "BROKEN_BUILD";
  told.code.size = 12;
  told.message.data = kMessage;
  told.message.size = sizeof kMessage - 1;
  if (error != NULL) error->report(error->self, &told);
#endif
  return BULKHEAD_APP_ERROR;
}

static bulkhead_status handle(void* plugin, const bulkhead_request* request,
                              bulkhead_transaction* transaction, const bulkhead_response* out,
                              const bulkhead_error_sink* error) {
  (void)plugin, (void)request, (void)transaction, (void)out, (void)error;
  return BULKHEAD_APP_ERROR;
}

static void destroy(void* plugin) {
  (void)plugin;
}

static const bulkhead_plugin table = {
    sizeof table, BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR, create, start, handle, NULL, NULL,
    destroy};

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return &table;
}
