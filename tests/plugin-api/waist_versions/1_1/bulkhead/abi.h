/// The waist: all that host and plugin share at run time. Plain C, so that a plugin built last
/// year, by another compiler or in another language, loads. C++ authors include
/// <bulkhead/plugin.hpp> and never see this file.
///
/// Rules that hold for every function here:
/// - Only bytes with a length, integers, doubles and JSON text (UTF-8) cross. No pointer that was
/// passed in is
///   valid after the call returned, except `bulkhead_host`, `bulkhead_home` (until destroy
///   returned) and the plugin's own pointer.
/// - No exception and no longjmp crosses, in either direction.
/// - A function that can fail returns a `bulkhead_status`. When it is not BULKHEAD_OK, and `error`
/// was given, the
///   callee has written one JSON object to `error`:
///   {"code":"...","message":"...","details":{...},"retry_after":n}. `code` and `message` are shown
///   to clients.
/// - Every table and struct that may grow begins with its size in bytes as its writer knew it.
/// Members are only
///   ever appended within a major version; a reader looks at `size` before it touches a member it
///   did not always have.
#ifndef BULKHEAD_ABI_H
#define BULKHEAD_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BULKHEAD_ABI_MAJOR 1
#define BULKHEAD_ABI_MINOR 1

/// Bytes with a length; `data` may be NULL when `size` is 0. Not terminated.
typedef struct bulkhead_bytes {
  const char* data;
  size_t size;
} bulkhead_bytes;

/// Where a callee writes an answer of unknown length. `write` may be called many times; it copies.
typedef struct bulkhead_sink {
  void* self;
  void (*write)(void* self, const char* data, size_t size);
} bulkhead_sink;

/// BULKHEAD_OK or one of the error kinds; anything else is read as BULKHEAD_APP_ERROR.
typedef int32_t bulkhead_status;
enum {
  BULKHEAD_OK = 0,
  BULKHEAD_APP_ERROR = 1,              /* 500 */
  BULKHEAD_VALIDATION_ERROR = 2,       /* 400 */
  BULKHEAD_AUTHENTICATION_ERROR = 3,   /* 401 */
  BULKHEAD_AUTHORIZATION_ERROR = 4,    /* 403 */
  BULKHEAD_NOT_FOUND_ERROR = 5,        /* 404 */
  BULKHEAD_CONFLICT_ERROR = 6,         /* 409 */
  BULKHEAD_RATE_LIMIT_ERROR = 7,       /* 429 */
  BULKHEAD_EXTERNAL_SERVICE_ERROR = 8, /* 502 */
  BULKHEAD_DATABASE_ERROR = 9,         /* 500 */
  BULKHEAD_BUSINESS_LOGIC_ERROR = 10,  /* 422 */
  BULKHEAD_CONFIGURATION_ERROR = 11    /* 500 */
};

/// Why a call was refused. Borrowed: the receiver copies what it keeps.
typedef struct bulkhead_error {
  uint32_t size;
  bulkhead_status kind;
  bulkhead_bytes code;    /* stable, upper case: "SLOT_TAKEN" */
  bulkhead_bytes message; /* one sentence for a person */
  bulkhead_bytes details; /* a JSON object, or empty */
  int32_t retry_after_s;  /* 0 for none */
} bulkhead_error;

/// Where a callee reports its refusal, at most once per call.
typedef struct bulkhead_error_sink {
  void* self;
  void (*report)(void* self, const bulkhead_error* error);
} bulkhead_error_sink;

enum {
  BULKHEAD_LOG_DEBUG = 0,
  BULKHEAD_LOG_INFO = 1,
  BULKHEAD_LOG_WARN = 2,
  BULKHEAD_LOG_ERROR = 3,
  BULKHEAD_LOG_FATAL = 4
};

enum {
  BULKHEAD_NULL = 0,
  BULKHEAD_INTEGER = 1,
  BULKHEAD_REAL = 2,
  BULKHEAD_TEXT = 3,
  BULKHEAD_BLOB = 4
};

/// One SQL value or setting. Only the member that `type` names is read; TEXT and BLOB use `bytes`.
typedef struct bulkhead_value {
  int32_t type;
  int32_t reserved; /* 0 */
  int64_t integer;
  double real;
  bulkhead_bytes bytes;
} bulkhead_value;

/// Receives one row of a query, or one setting. Return 0 to go on, anything else to stop reading.
typedef int32_t (*bulkhead_row_fn)(void* self, const bulkhead_value* columns, size_t count);

typedef struct bulkhead_field {
  bulkhead_bytes name;
  bulkhead_bytes value;
} bulkhead_field;

typedef struct bulkhead_home bulkhead_home; /* the plugin's home, the host's side of it */
typedef struct bulkhead_context
    bulkhead_context; /* one call: tenant, deadline, trace. Valid during the call. */
typedef struct bulkhead_transaction
    bulkhead_transaction; /* valid until the closure it was given to returns */

/// One request, already routed, authorised, decoded and validated by the route's contract.
typedef struct bulkhead_request {
  uint32_t size;
  uint32_t route; /* the number the plugin gave at register_route */
  bulkhead_context* context;
  bulkhead_bytes method;
  bulkhead_bytes path;
  bulkhead_bytes tenant; /* from the credential; empty on public routes */
  bulkhead_bytes key_id; /* the API key's id; empty when anonymous */
  bulkhead_bytes request_id;
  bulkhead_bytes trace_id;          /* 32 hex digits */
  bulkhead_bytes body;              /* raw bytes for a route with "raw_body", else JSON text */
  const bulkhead_field* parameters; /* of the path template, percent-decoded */
  size_t parameter_count;
  const bulkhead_field* query;
  size_t query_count;
  const bulkhead_field*
      headers; /* names in lower case; Authorization, Cookie and X-API-Key are left out */
  size_t header_count;
  bulkhead_bytes scopes; /* granted scopes, separated by spaces */
} bulkhead_request;

/// Where a handler writes its answer. Status defaults to 200. A header with CR, LF or NUL is
/// refused (non-zero).
typedef struct bulkhead_response {
  uint32_t size;
  uint32_t reserved; /* 0 */
  void* self;
  void (*status)(void* self, int32_t status);
  int32_t (*header)(void* self, bulkhead_bytes name, bulkhead_bytes value);
  void (*body)(void* self, const char* data, size_t size); /* appends */
} bulkhead_response;

/// A unit of work on the store. May be run again after a conflict, so it has no effect but through
/// `transaction`. A status other than BULKHEAD_OK rolls its statements back and is handed on to the
/// caller of db_read or db_write.
typedef bulkhead_status (*bulkhead_transaction_fn)(void* self, bulkhead_transaction* transaction,
                                                   const bulkhead_error_sink* error);

/// What the host gives to a plugin. Any thread may call these from within a call of the plugin's
/// table.
typedef struct bulkhead_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;

  /* Registration: only within create(); refused afterwards. The host takes everything back by
   * owner. */

  /// `path` is relative to /api/<plugin>/v1, e.g. "/hello/{name}"; one that begins with /api/ is
  /// whole. `contract` is a JSON object; see docs/plugin-api.md. `route` is the plugin's own
  /// number, handed back in bulkhead_request.
  bulkhead_status (*register_route)(bulkhead_home*, uint32_t route, bulkhead_bytes method,
                                    bulkhead_bytes path, bulkhead_bytes contract,
                                    const bulkhead_error_sink* error);
  /// `options`: {"interval_ms":30000,"timeout_ms":1000}. `name` appears in /health under the
  /// plugin.
  bulkhead_status (*register_health)(bulkhead_home*, uint32_t contributor, bulkhead_bytes name,
                                     bulkhead_bytes options, const bulkhead_error_sink* error);
  /// `kind` is "counter", "gauge" or "histogram"; `name` gets the prefix "<plugin>_" when it lacks
  /// it. `labels` are names.
  bulkhead_status (*register_metric)(bulkhead_home*, bulkhead_bytes kind, bulkhead_bytes name,
                                     bulkhead_bytes help, const bulkhead_bytes* labels,
                                     size_t label_count, uint32_t* metric,
                                     const bulkhead_error_sink* error);

  /// Hands the typed value of a declared setting to `receive` (default included); booleans are
  /// INTEGER 0 or 1, an unset optional one is NULL. Refused when the manifest does not declare
  /// `name`.
  bulkhead_status (*read_setting)(bulkhead_home*, bulkhead_bytes name, bulkhead_row_fn receive,
                                  void* self, const bulkhead_error_sink* error);

  /// `fields` is a JSON object or empty. `context` may be NULL.
  void (*log)(bulkhead_home*, bulkhead_context*, int32_t level, bulkhead_bytes message,
              bulkhead_bytes fields);
  /// counter: adds `value` >= 0; gauge: sets; histogram: observes.
  void (*record_metric)(bulkhead_home*, uint32_t metric, const bulkhead_bytes* label_values,
                        size_t label_count, double value);

  /* The store: refused within create() and when the manifest has "store": false. Never nested. */

  bulkhead_status (*db_read)(bulkhead_home*, bulkhead_context*, bulkhead_transaction_fn, void* self,
                             const bulkhead_error_sink* error);
  bulkhead_status (*db_write)(bulkhead_home*, bulkhead_context*, bulkhead_transaction_fn,
                              void* self, const bulkhead_error_sink* error);
  /// Runs one statement with parameters $1..$n and hands its rows over. In db_read only statements
  /// that read.
  bulkhead_status (*tx_read)(bulkhead_transaction*, bulkhead_bytes sql,
                             const bulkhead_value* values, size_t count, bulkhead_row_fn receive,
                             void* self, const bulkhead_error_sink* error);
  /// Queues one statement that gives no rows. `expected_rows` < 0 accepts any number of changed
  /// rows; otherwise another number ends the transaction with `refusal` (else it may be NULL).
  /// The engine may send it later, but in order and before the transaction's next tx_read
  /// or its end.
  bulkhead_status (*tx_send)(bulkhead_transaction*, bulkhead_bytes sql,
                             const bulkhead_value* values, size_t count, int64_t expected_rows,
                             const bulkhead_error* refusal, const bulkhead_error_sink* error);

  int64_t (*now_us)(bulkhead_home*);       /* wall clock, microseconds since 1970-01-01T00:00:00Z */
  int64_t (*monotonic_us)(bulkhead_home*); /* never goes back */
  int64_t (*remaining_us)(bulkhead_context*); /* until the deadline; <= 0 when it has passed */
  bulkhead_status (*random_bytes)(bulkhead_home*, void* out, size_t size,
                                  const bulkhead_error_sink* error);

  /* Since 1.1. The recovery points that a keyed route declares: refused for a point that its
   * contract does not name, and outside such a call, whose context is given. */

  /// Hands what an earlier attempt at this request kept at `point` to `receive`, as one column;
  /// does not call it when there is nothing.
  bulkhead_status (*recovery_read)(bulkhead_home*, bulkhead_context*, bulkhead_bytes point,
                                   bulkhead_row_fn receive, void* self,
                                   const bulkhead_error_sink* error);
  /// Keeps `result` at `point`: in `transaction` of a db_write, or durably at once when that is
  /// NULL.
  bulkhead_status (*recovery_keep)(bulkhead_home*, bulkhead_context*, bulkhead_transaction*,
                                   bulkhead_bytes point, bulkhead_bytes result,
                                   const bulkhead_error_sink* error);
  /// Writes a text that is equal in every attempt at this request, and no other's: the idempotency
  /// key that an outside service gets at `point`.
  bulkhead_status (*recovery_token)(bulkhead_home*, bulkhead_context*, bulkhead_bytes point,
                                    const bulkhead_sink* token, const bulkhead_error_sink* error);
} bulkhead_host;

/// What a plugin gives to the host. `check_health` may be NULL when no contributor is registered;
/// `start` and `stop` may be NULL. Threads: create, start, stop, destroy one at a time; handle and
/// check_health from many threads at once, only between the end of start and the begin of stop.
typedef struct bulkhead_plugin {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  /// Registers routes, contributors and metrics and reads settings; touches nothing else. The table
  /// handed in may refuse everything but that. A status other than BULKHEAD_OK means that nothing
  /// exists and destroy is not called.
  bulkhead_status (*create)(const bulkhead_host*, bulkhead_home*, void** plugin,
                            const bulkhead_error_sink* error);
  /// May use the store and the world. Refusal closes the plugin with that reason; destroy follows.
  bulkhead_status (*start)(void* plugin, const bulkhead_error_sink* error);
  /// `transaction` is given when the route's contract asks for one: then the whole call is a
  /// transaction closure and may run again. Otherwise NULL.
  bulkhead_status (*handle)(void* plugin, const bulkhead_request*, bulkhead_transaction*,
                            const bulkhead_response*, const bulkhead_error_sink* error);
  /// Writes {"status":"healthy|degraded|critical","message":"...", ...} to `result`. An error
  /// counts as critical.
  bulkhead_status (*check_health)(void* plugin, uint32_t contributor, bulkhead_context*,
                                  const bulkhead_sink* result, const bulkhead_error_sink* error);
  void (*stop)(void* plugin);
  void (*destroy)(void* plugin);
} bulkhead_plugin;

/// The one exported symbol of a plugin. Returns a table that lives as long as the library is
/// loaded.
typedef const bulkhead_plugin* (*bulkhead_plugin_fn)(void);
#define BULKHEAD_PLUGIN_SYMBOL "bulkhead_plugin_v1"
#define BULKHEAD_EXPORT __attribute__((visibility("default")))

/// What a host reads of a plugin's file without running it travels in ELF notes: section
/// ".note.bulkhead", owner "Bulkhead", at most 1 MiB each. bulkhead_add_plugin() embeds them; other
/// build systems produce the same. MANIFEST, exactly once: the text of plugin.json. MIGRATIONS, at
/// most once: a JSON array of {"engine":"sqlite|postgresql","number":n,"name":"...","sql":"..."},
/// each (engine, number) once, numbers from 1.
#define BULKHEAD_NOTE_SECTION ".note.bulkhead"
#define BULKHEAD_NOTE_OWNER "Bulkhead"
#define BULKHEAD_NOTE_MANIFEST 1
#define BULKHEAD_NOTE_MIGRATIONS 2

#ifdef __cplusplus
}
#endif

#endif
