/* A plugin that uses what its version of the waist has, built against the header of that version:
   -DPLUGIN_ID="waist-1-2" and -I with that header. Each version's own members have a route. */
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#if BULKHEAD_ABI_MINOR >= 3
#define WANTS ",\"wants\":{\"calendar/1\":\"optional\"}"
#else
#define WANTS ""
#endif
#define MANIFEST                                                                                  \
  "{\"id\":\"" PLUGIN_ID                                                                          \
  "\",\"version\":\"1.0.0\",\"api\":\"1\",\"summary\":\"As old as its header.\",\"store\":true"   \
  ",\"settings\":{\"word\":{\"type\":\"string\",\"default\":\"old\",\"help\":\"A word.\"}}" WANTS \
  "}"
#define MIGRATIONS                                                     \
  "[{\"engine\":\"sqlite\",\"number\":1,\"name\":\"start\",\"sql\":\"" \
  "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\"}]"

#define NOTE(variable, kind, text)                                                        \
  __attribute__((section(BULKHEAD_NOTE_SECTION), used, aligned(4))) static const struct { \
    uint32_t owner_size;                                                                  \
    uint32_t description_size;                                                            \
    uint32_t type;                                                                        \
    char owner[12];                                                                       \
    char description[sizeof(text) - 1];                                                   \
  } variable = {sizeof(BULKHEAD_NOTE_OWNER), sizeof(text) - 1, kind, BULKHEAD_NOTE_OWNER, text}

NOTE(manifest_note, BULKHEAD_NOTE_MANIFEST, MANIFEST);
NOTE(migrations_note, BULKHEAD_NOTE_MIGRATIONS, MIGRATIONS);

enum { NOTES = 1, CHARGE = 2, ECHO = 3, OUTSIDE = 4, CALENDAR = 5 };

typedef struct plugin {
  const bulkhead_host* host;
  bulkhead_home* home;
  uint32_t metric;
  char word[33];
} plugin;

static bulkhead_bytes text(const char* literal) {
  const bulkhead_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

static int32_t take_word(void* self, const bulkhead_value* value, size_t count) {
  plugin* made = self;
  if (count == 1 && value->type == BULKHEAD_TEXT && value->bytes.size < sizeof made->word)
    memcpy(made->word, value->bytes.data, value->bytes.size);
  return 0;
}

static int32_t take_number(void* self, const bulkhead_value* value, size_t count) {
  if (count == 1) *(int64_t*)self = value->integer;
  return 0;
}

static bulkhead_status route(const plugin* of, uint32_t number, const char* method,
                             const char* path, const char* contract,
                             const bulkhead_error_sink* error) {
  return of->host->register_route(of->home, number, text(method), text(path), text(contract),
                                  error);
}

#define JSON_ANSWER "\"response\":{\"type\":\"object\"}"

static bulkhead_status register_all(plugin* made, const bulkhead_error_sink* error) {
  const bulkhead_host* host = made->host;
  bulkhead_home* home = made->home;
  const bulkhead_bytes label = text("what");
  bulkhead_status status = host->read_setting(home, text("word"), take_word, made, error);
  if (status == BULKHEAD_OK)
    status = host->register_metric(home, text("counter"), text("notes_total"), text("Notes."),
                                   &label, 1, &made->metric, error);
  if (status == BULKHEAD_OK)
    status = host->register_health(home, 1, text("self"), text("{\"interval_ms\":1000}"), error);
  if (status == BULKHEAD_OK)
    status = route(
        made, NOTES, "POST", "/notes",
        "{\"summary\":\"Keeps one\",\"access\":\"public\",\"transaction\":\"write\"," JSON_ANSWER
        "}",
        error);
#if BULKHEAD_ABI_MINOR >= 1
  if (status == BULKHEAD_OK)
    status = route(made, CHARGE, "POST", "/charges",
                   "{\"summary\":\"Charges\",\"scope\":\"old:write\",\"idempotency\":\"required\","
                   "\"recovery_points\":[\"charged\"]," JSON_ANSWER "}",
                   error);
#endif
#if BULKHEAD_ABI_MINOR >= 2
  if (status == BULKHEAD_OK)
    status = route(made, ECHO, "POST", "/echo",
                   "{\"summary\":\"Echoes\",\"access\":\"public\",\"streams\":\"both\","
                   "\"media_type\":\"text/plain\"}",
                   error);
#endif
#if BULKHEAD_ABI_MINOR >= 3
  if (status == BULKHEAD_OK)
    status = route(made, OUTSIDE, "GET", "/outside",
                   "{\"summary\":\"Goes out\",\"access\":\"public\"," JSON_ANSWER "}", error);
  if (status == BULKHEAD_OK)
    status = route(made, CALENDAR, "GET", "/calendar",
                   "{\"summary\":\"Calls\",\"access\":\"public\"," JSON_ANSWER "}", error);
#endif
  return status;
}

static bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** object,
                              const bulkhead_error_sink* error) {
  plugin* made = calloc(1, sizeof *made);
  if (made == NULL) return BULKHEAD_APP_ERROR;
  made->host = host;
  made->home = home;
  const bulkhead_status status = register_all(made, error);
  if (status != BULKHEAD_OK)
    free(made);
  else
    *object = made;
  return status;
}

static void answer(const bulkhead_response* out, const char* name, const char* value, size_t size) {
  out->header(out->self, text("content-type"), text("application/json"));
  out->body(out->self, "{\"", 2);
  out->body(out->self, name, strlen(name));
  out->body(out->self, "\":\"", 3);
  out->body(out->self, value, size);
  out->body(out->self, "\"}", 2);
}

static bulkhead_status keep_note(const plugin* self, const bulkhead_request* request,
                                 bulkhead_transaction* transaction, const bulkhead_response* out,
                                 const bulkhead_error_sink* error) {
  bulkhead_value value = {BULKHEAD_TEXT, 0, 0, 0.0, {NULL, 0}};
  value.bytes = text(self->word);
  unsigned char random[8];
  bulkhead_status status = self->host->random_bytes(self->home, random, sizeof random, error);
  if (status != BULKHEAD_OK) return status;
  status = self->host->tx_send(transaction, text("INSERT INTO notes (text) VALUES ($1)"), &value, 1,
                               1, NULL, error);
  if (status != BULKHEAD_OK) return status;
  int64_t count = 0;
  status = self->host->tx_read(transaction, text("SELECT count(*) FROM notes"), NULL, 0,
                               take_number, &count, error);
  if (status != BULKHEAD_OK) return status;
  const bulkhead_bytes label = text("kept");
  self->host->record_metric(self->home, self->metric, &label, 1, 1.0);
  self->host->log(self->home, request->context, BULKHEAD_LOG_INFO, text("a note was kept"),
                  text(""));
  const int in_time = self->host->remaining_us(request->context) > 0 &&
                      self->host->now_us(self->home) > 0 &&
                      self->host->monotonic_us(self->home) > 0;
  const char digit = (char)('0' + count % 10);
  if (in_time) answer(out, self->word, &digit, 1);
  return in_time ? BULKHEAD_OK : BULKHEAD_APP_ERROR;
}

#if BULKHEAD_ABI_MINOR >= 1
typedef struct buffer {
  char data[256];
  size_t size;
} buffer;

static void append(void* self, const char* data, size_t size) {
  buffer* into = self;
  if (into->size + size > sizeof into->data) return;
  memcpy(into->data + into->size, data, size);
  into->size += size;
}

static int32_t take_kept(void* self, const bulkhead_value* value, size_t count) {
  if (count == 1) append(self, value->bytes.data, value->bytes.size);
  return 0;
}

static bulkhead_status charge(const plugin* self, const bulkhead_request* request,
                              const bulkhead_response* out, const bulkhead_error_sink* error) {
  const bulkhead_bytes point = text("charged");
  buffer token = {{0}, 0};
  buffer kept = {{0}, 0};
  const bulkhead_sink sink = {&token, append};
  bulkhead_context* context = request->context;
  bulkhead_status status = self->host->recovery_token(self->home, context, point, &sink, error);
  if (status == BULKHEAD_OK)
    status = self->host->recovery_read(self->home, context, point, take_kept, &kept, error);
  if (status == BULKHEAD_OK && kept.size == 0)
    status = self->host->recovery_keep(self->home, context, NULL, point, text("ch_1"), error);
  if (status == BULKHEAD_OK && token.size > 0) answer(out, "charge", "ch_1", 4);
  return status;
}
#endif

#if BULKHEAD_ABI_MINOR >= 2
static bulkhead_status echo(const plugin* self, const bulkhead_request* request,
                            const bulkhead_response* out, const bulkhead_error_sink* error) {
  char piece[512];
  size_t taken = 1;
  bulkhead_status status = out->begin(out->self, error);
  while (status == BULKHEAD_OK && taken > 0) {
    status = self->host->body_read(request->context, piece, sizeof piece, &taken, error);
    if (status == BULKHEAD_OK && taken > 0) status = out->send(out->self, piece, taken, error);
  }
  return status;
}
#endif

#if BULKHEAD_ABI_MINOR >= 3
static void take_answer(void* self, const bulkhead_http_answer* answer) {
  *(int32_t*)self = answer->outcome;
}

static bulkhead_status go_out(const plugin* self, const bulkhead_request* request,
                              const bulkhead_response* out, const bulkhead_error_sink* error) {
  bulkhead_http_request sent = {0};
  sent.size = sizeof sent;
  sent.method = text("GET");
  sent.url = text("https://127.0.0.1:9/");
  int32_t outcome = -1;
  const bulkhead_status status =
      self->host->http_send(self->home, request->context, &sent, take_answer, &outcome, error);
  const char digit = (char)('0' + outcome);
  if (status == BULKHEAD_OK) answer(out, "outcome", &digit, 1);
  return status;
}

static bulkhead_status call(const plugin* self, const bulkhead_request* request,
                            const bulkhead_response* out, const bulkhead_error_sink* error) {
  buffer told = {{0}, 0};
  const bulkhead_sink sink = {&told, append};
  (void)out;
  return self->host->call_capability(self->home, request->context, text("calendar/1"),
                                     text("list_calendars"), text("{\"connection\":\"one\"}"), 0,
                                     &sink, error);
}
#endif

static bulkhead_status handle(void* object, const bulkhead_request* request,
                              bulkhead_transaction* transaction, const bulkhead_response* out,
                              const bulkhead_error_sink* error) {
  const plugin* self = object;
  switch (request->route) {
    case NOTES:
      return keep_note(self, request, transaction, out, error);
#if BULKHEAD_ABI_MINOR >= 1
    case CHARGE:
      return charge(self, request, out, error);
#endif
#if BULKHEAD_ABI_MINOR >= 2
    case ECHO:
      return echo(self, request, out, error);
#endif
#if BULKHEAD_ABI_MINOR >= 3
    case OUTSIDE:
      return go_out(self, request, out, error);
    case CALENDAR:
      return call(self, request, out, error);
#endif
    default:
      return BULKHEAD_APP_ERROR;
  }
}

static bulkhead_status check_health(void* object, uint32_t contributor, bulkhead_context* context,
                                    const bulkhead_sink* result, const bulkhead_error_sink* error) {
  (void)object, (void)contributor, (void)context, (void)error;
  result->write(result->self, "{\"status\":\"healthy\"}", 20);
  return BULKHEAD_OK;
}

static bulkhead_status write_first(void* self, bulkhead_transaction* transaction,
                                   const bulkhead_error_sink* error) {
  const plugin* of = self;
  return of->host->tx_send(transaction, text("DELETE FROM notes"), NULL, 0, -1, NULL, error);
}

static bulkhead_status start(void* object, const bulkhead_error_sink* error) {
  const plugin* self = object;
  return self->host->db_write(self->home, NULL, write_first, object, error);
}

static void stop(void* object) {
  (void)object;
}

static const bulkhead_plugin table = {
    sizeof table, BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR, create, start, handle, check_health, stop,
    free};

BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1(void);
const bulkhead_plugin* bulkhead_plugin_v1(void) {
  return &table;
}
