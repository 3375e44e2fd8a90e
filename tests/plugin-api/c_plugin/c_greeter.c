/* A plugin in plain C11: the proof that <bulkhead/abi.h> is the whole waist. One setting, one
   route, one health contributor. */
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#define MANIFEST                                                                               \
  "{\"id\":\"c-greeter\",\"version\":\"1.0.0\",\"api\":\"1\",\"summary\":\"Greets, from C.\"," \
  "\"settings\":{\"greeting\":{\"type\":\"string\",\"default\":\"hello\",\"min\":1,"           \
  "\"max\":32,\"help\":\"The word before the name.\"}}}"

/* The note that bulkhead_add_plugin() would have embedded. */
__attribute__((section(BULKHEAD_NOTE_SECTION), used, aligned(4))) static const struct {
  uint32_t owner_size;
  uint32_t description_size;
  uint32_t type;
  char owner[12];
  char description[sizeof(MANIFEST) - 1];
} note = {sizeof(BULKHEAD_NOTE_OWNER), sizeof(MANIFEST) - 1, BULKHEAD_NOTE_MANIFEST,
          BULKHEAD_NOTE_OWNER, MANIFEST};

enum { ROUTE_HELLO = 7, HEALTH_SELF = 3 };

typedef struct greeter {
  const bulkhead_host* host;
  char greeting[33];
} greeter;

static bulkhead_bytes text(const char* literal) {
  const bulkhead_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

static int32_t take_greeting(void* self, const bulkhead_value* setting, size_t count) {
  greeter* made = self;
  if (count == 1 && setting->type == BULKHEAD_TEXT && setting->bytes.size < sizeof made->greeting) {
    memcpy(made->greeting, setting->bytes.data, setting->bytes.size);
  }
  return 0;
}

static bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** plugin,
                              const bulkhead_error_sink* error) {
  greeter* made = calloc(1, sizeof *made);
  if (made == NULL) return BULKHEAD_APP_ERROR;
  made->host = host;
  bulkhead_status status = host->read_setting(home, text("greeting"), take_greeting, made, error);
  if (status == BULKHEAD_OK) {
    status = host->register_route(
        home, ROUTE_HELLO, text("GET"), text("/hello/{name}"),
        text("{\"summary\":\"Greets one person\",\"scope\":\"c-greeter:read\",\"response\":"
             "{\"type\":\"object\",\"properties\":{\"hello\":{\"type\":\"string\"}}}}"),
        error);
  }
  if (status == BULKHEAD_OK) {
    status = host->register_health(home, HEALTH_SELF, text("self"), text(""), error);
  }
  if (status != BULKHEAD_OK) {
    free(made);
    return status;
  }
  *plugin = made;
  return BULKHEAD_OK;
}

static bulkhead_status refuse(const bulkhead_error_sink* sink, const char* code,
                              const char* message) {
  bulkhead_error error = {
      sizeof error, BULKHEAD_BUSINESS_LOGIC_ERROR, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
  error.code = text(code);
  error.message = text(message);
  if (sink != NULL) sink->report(sink->self, &error);
  return error.kind;
}

static bulkhead_status handle(void* plugin, const bulkhead_request* request,
                              bulkhead_transaction* transaction, const bulkhead_response* out,
                              const bulkhead_error_sink* error) {
  const greeter* self = plugin;
  (void)transaction;
  if (request->route != ROUTE_HELLO || request->parameter_count != 1) {
    return refuse(error, "UNKNOWN_ROUTE", "There is no such route.");
  }
  const bulkhead_bytes name = request->parameters[0].value;
  if (memchr(name.data, '"', name.size) != NULL || memchr(name.data, '\\', name.size) != NULL) {
    return refuse(error, "STRANGE_NAME", "A name has no quotes and no backslashes.");
  }
  out->header(out->self, text("content-type"), text("application/json"));
  out->body(out->self, "{\"hello\":\"", 10);
  out->body(out->self, self->greeting, strlen(self->greeting));
  out->body(out->self, " ", 1);
  out->body(out->self, name.data, name.size);
  out->body(out->self, "\"}", 2);
  return BULKHEAD_OK;
}

static bulkhead_status check_health(void* plugin, uint32_t contributor, bulkhead_context* context,
                                    const bulkhead_sink* result, const bulkhead_error_sink* error) {
  static const char kHealthy[] = "{\"status\":\"healthy\"}";
  (void)plugin;
  (void)context;
  if (contributor != HEALTH_SELF) return refuse(error, "UNKNOWN", "There is no such contributor.");
  result->write(result->self, kHealthy, sizeof kHealthy - 1);
  return BULKHEAD_OK;
}

static void destroy(void* plugin) {
  free(plugin);
}

static const bulkhead_plugin table = {
    sizeof table, BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR, create, NULL, handle, check_health, NULL,
    destroy};

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return &table;
}
