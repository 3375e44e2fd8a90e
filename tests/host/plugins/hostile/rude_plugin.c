/* Breaks the waist's rules of registration, answers and health, as no C++ plugin can: the name
 * says which. */
#include <string.h>

#include <bulkhead/abi.h>

#include "hostile_name.h"

static const bulkhead_host* host;
static bulkhead_home* home;
static int object;

static int is(const char* name) {
  return strcmp(hostile_name, name) == 0;
}

static bulkhead_bytes text(const char* words) {
  const bulkhead_bytes bytes = {words, strlen(words)};
  return bytes;
}

static bulkhead_status registerRoute(uint32_t number, const char* path,
                                     const bulkhead_error_sink* error) {
  return host->register_route(home, number, text("GET"), text(path),
                              text("{\"summary\":\"Is rude\",\"scope\":\"hostile:read\","
                                   "\"response\":{\"type\":\"object\"}}"),
                              error);
}

static void registerMetric(void) {
  uint32_t metric = 0;
  host->register_metric(home, text("counter"), text("rude_total"), text("Rudeness."), NULL, 0,
                        &metric, NULL);
}

static bulkhead_status create(const bulkhead_host* given_host, bulkhead_home* given_home,
                              void** plugin, const bulkhead_error_sink* error) {
  host = given_host;
  home = given_home;
  *plugin = is("gives-no-object") ? NULL : &object;
  if (is("fails-without-reason")) return BULKHEAD_APP_ERROR;
  const bulkhead_status status = registerRoute(0, "/fault", error);
  if (is("registers-a-million")) {
    for (uint32_t i = 0; i < 1000 * 1000; ++i) registerRoute(i, "/fault", NULL);
  }
  if (is("registers-twice")) registerRoute(1, "/fault", NULL);
  if (is("metric-twice")) {
    registerMetric();
    registerMetric();
  }
  if (is("health-floods") || is("health-no-json"))
    host->register_health(home, 0, text("rude"), text("{\"interval_ms\":100}"), error);
  return status;
}

static bulkhead_status start(void* plugin, const bulkhead_error_sink* error) {
  (void)plugin;
  return is("registers-late") ? registerRoute(1, "/late", error) : BULKHEAD_OK;
}

static void answer(const bulkhead_response* response) {
  const char* body = "{\"ok\":true}";
  response->status(response->self, is("answers-status-zero") ? 0 : 200);
  response->header(response->self, text("Content-Type"), text("application/json"));
  response->body(response->self, body, strlen(body));
}

static void setHeader(const bulkhead_response* response, const char* name, const char* value) {
  response->header(response->self, text(name), text(value));
}

/// What would end the message early, begin another, or weaken what the host says of it.
static void frameItself(const bulkhead_response* response) {
  setHeader(response, "Content-Length", "2");
  setHeader(response, "content-length", "0");
  setHeader(response, "Transfer-Encoding", "chunked");
  setHeader(response, "Connection", "close, upgrade");
  setHeader(response, "Keep-Alive", "timeout=0");
  setHeader(response, "X-Request-Id", "forged");
  setHeader(response, "X-Frame-Options", "ALLOWALL");
  setHeader(response, "referrer-policy", "unsafe-url");
}

static bulkhead_status refuseWithoutJson(const bulkhead_error_sink* error) {
  const bulkhead_error refusal = {sizeof(bulkhead_error),
                                  BULKHEAD_CONFLICT_ERROR,
                                  text("RUDE"),
                                  text("\"}\xff"),
                                  text("{}},\"injected\":{\"a\":{}"),
                                  0};
  error->report(error->self, &refusal);
  return BULKHEAD_CONFLICT_ERROR;
}

static bulkhead_status handle(void* plugin, const bulkhead_request* request,
                              bulkhead_transaction* transaction, const bulkhead_response* response,
                              const bulkhead_error_sink* error) {
  (void)plugin;
  (void)request;
  (void)transaction;
  if (is("refuses-without-json")) return refuseWithoutJson(error);
  if (is("answers-nothing")) return BULKHEAD_OK;
  answer(response);
  if (is("answers-twice")) answer(response);
  if (is("answers-split-header")) setHeader(response, "X-Rude", "a\r\nX-Injected: 1");
  if (is("answers-own-framing")) frameItself(response);
  for (int i = is("answers-header-flood") ? 1000 * 1000 : 0; i > 0; --i)
    setHeader(response, "X-Rude", "and another one");
  return BULKHEAD_OK;
}

static bulkhead_status checkHealth(void* plugin, uint32_t contributor, bulkhead_context* context,
                                   const bulkhead_sink* result, const bulkhead_error_sink* error) {
  (void)plugin;
  (void)contributor;
  (void)context;
  (void)error;
  static const char kNoise[65536];
  if (is("health-no-json")) result->write(result->self, "healthy", 7);
  for (int i = is("health-floods") ? 64 * 1024 : 0; i > 0; --i)
    result->write(result->self, kNoise, sizeof kNoise);
  return BULKHEAD_OK;
}

static void destroy(void* plugin) {
  (void)plugin;
}

static const bulkhead_plugin table = {sizeof(bulkhead_plugin),
                                      BULKHEAD_ABI_MAJOR,
                                      BULKHEAD_ABI_MINOR,
                                      create,
                                      start,
                                      handle,
                                      checkHealth,
                                      NULL,
                                      destroy};

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return &table;
}
