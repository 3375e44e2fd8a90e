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
#define BULKHEAD_ABI_MINOR 4

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

  /* Since 1.2. NULL but on a route whose contract streams its response; then `body` is for answers
   * that do not stream. One thread at a time. */

  /// Sends status and headers as they are by now: the answer streams from here on, and ends when
  /// handle returns, as a whole one for BULKHEAD_OK and broken off for anything else.
  bulkhead_status (*begin)(void* self, const bulkhead_error_sink* error);
  /// After begin: hands bytes over, and waits while the client is slower. Refused with
  /// STREAM_ENDED when nobody reads them any more.
  bulkhead_status (*send)(void* self, const char* data, size_t size,
                          const bulkhead_error_sink* error);
  /// After begin: waits at most so long. 1 when an endless stream has to end: the client has gone
  /// or the host stops.
  int32_t (*pause)(void* self, int64_t duration_us);
} bulkhead_response;

/// What became of an outbound request.
enum {
  BULKHEAD_HTTP_OK = 0,        /* a whole answer, 2xx */
  BULKHEAD_HTTP_ERROR = 1,     /* a whole answer of another status; redirects are not followed */
  BULKHEAD_HTTP_NOT_SENT = 2,  /* the service has got nothing of it */
  BULKHEAD_HTTP_AMBIGUOUS = 3, /* it was sent, and no whole answer came */
  BULKHEAD_HTTP_REJECTED = 4   /* the host did not try */
};

/// A request to an outside service. Since 1.3.
typedef struct bulkhead_http_request {
  uint32_t size;
  int32_t repeatable; /* not 0: a second run of it at the service is no second effect */
  bulkhead_bytes method;
  bulkhead_bytes url; /* absolute */
  const bulkhead_field* headers;
  size_t header_count;
  bulkhead_bytes body;
  bulkhead_bytes operation; /* what it is for, in fixed words, for the log; may be empty */
  int64_t timeout_us;       /* longest time; 0 or less for what the caller has left */
} bulkhead_http_request;

/// What became of it. Since 1.3.
typedef struct bulkhead_http_answer {
  uint32_t size;
  int32_t outcome; /* BULKHEAD_HTTP_OK ... */
  int32_t status;  /* 0 when no head came */
  int32_t retry_after_s;
  int32_t attempts; /* how often it was sent */
  int32_t reserved; /* 0 */
  int64_t elapsed_us;
  bulkhead_bytes code;           /* why there is no whole answer: "DEADLINE_EXCEEDED" */
  bulkhead_bytes message;        /* the same as a sentence, for the log */
  const bulkhead_field* headers; /* names in lower case; of a whole answer only */
  size_t header_count;
  bulkhead_bytes body; /* whole, or empty */
} bulkhead_http_answer;

/// Receives the answer, once; it is borrowed for this call.
typedef void (*bulkhead_http_answer_fn)(void* self, const bulkhead_http_answer* answer);

/// An event that is published. Since 1.4.
typedef struct bulkhead_event {
  uint32_t size;
  uint32_t reserved;         /* 0 */
  bulkhead_bytes capability; /* "payments/1" */
  bulkhead_bytes event;      /* as the capability's contract names it */
  bulkhead_bytes payload;    /* JSON text by that contract, at most 256 KiB */
  bulkhead_bytes tenant;     /* whom it concerns; may be empty */
  bulkhead_bytes subject; /* those of one subject are handled one after the other; may be empty */
  bulkhead_bytes key;     /* published once for one key; may be empty */
} bulkhead_event;

/// A message that a plugin keeps in an inbox of its own. Since 1.4.
typedef struct bulkhead_message {
  uint32_t size;
  uint32_t reserved;      /* 0 */
  bulkhead_bytes inbox;   /* as it was registered */
  bulkhead_bytes key;     /* kept once for one key of an inbox */
  bulkhead_bytes type;    /* what it is, in the words of its sender */
  bulkhead_bytes subject; /* those of one subject are handled one after the other; may be empty */
  bulkhead_bytes tenant;  /* may be empty */
  bulkhead_bytes body;    /* any bytes, at most 1 MiB */
  const bulkhead_field* headers; /* what else the handler wants of it, at most 16 KiB */
  size_t header_count;
  int64_t event_time_us; /* when it happened, since 1970-01-01T00:00:00Z; 0: unknown */
} bulkhead_message;

/// A job that is enqueued. Since 1.4.
typedef struct bulkhead_job {
  uint32_t size;
  int32_t priority;       /* from -100 to 100; of those that are due the highest is first */
  bulkhead_bytes queue;   /* as it was registered */
  bulkhead_bytes key;     /* a queue has one job for one key that is not finished; may be empty */
  bulkhead_bytes tenant;  /* may be empty */
  bulkhead_bytes payload; /* UTF-8 without NUL, by habit JSON, at most 256 KiB */
  int64_t run_at_us;      /* not before, since 1970-01-01T00:00:00Z; 0: at once */
} bulkhead_job;

/// The answer to an ask. Since 1.4.
typedef struct bulkhead_ask_answer {
  uint32_t size;
  int32_t is_fallback;   /* not 0: nobody gave it, and it is what the contract has for that */
  bulkhead_bytes json;   /* by the contract of the capability */
  bulkhead_bytes reason; /* why it is the fall-back: "deadline"; else empty */
} bulkhead_ask_answer;

/// Receives the answer, once; it is borrowed for this call.
typedef void (*bulkhead_ask_answer_fn)(void* self, const bulkhead_ask_answer* answer);

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

  /* Since 1.2. Only within the call of a route whose contract streams its request. */

  /// Takes the next bytes of the body, at most `size` > 0 of them, and waits for them; `taken` is 0
  /// at its end. Refused with BODY_INCOMPLETE when the rest will not come in time or at all.
  bulkhead_status (*body_read)(bulkhead_context*, char* data, size_t size, size_t* taken,
                               const bulkhead_error_sink* error);

  /* Since 1.3. */

  /// Sends a request to an outside service and waits for what comes of it, at most until the
  /// context's deadline (NULL: that of the running call, else the plugin's own). Whatever the
  /// service does is an answer, and so is what the host does not let out; refused are calls within
  /// create() and within a transaction (CALL_IN_TRANSACTION), and those of a home that has no way
  /// out (NO_EGRESS).
  bulkhead_status (*http_send)(bulkhead_home*, bulkhead_context*,
                               const bulkhead_http_request* request,
                               bulkhead_http_answer_fn receive, void* self,
                               const bulkhead_error_sink* error);

  /// Only within create(): the plugin answers `call` of `capability` ("payments/1"), which its
  /// manifest provides. It comes to `handle` as a request of method "CALL" with this number, which
  /// is of the routes' numbers; what is written to the response, or reported, is the answer.
  /// `options` is a JSON object: {"transaction":"none|read|write"}, or empty.
  bulkhead_status (*register_call)(bulkhead_home*, uint32_t route, bulkhead_bytes capability,
                                   bulkhead_bytes call, bulkhead_bytes options,
                                   const bulkhead_error_sink* error);
  /// Calls whoever provides `capability`, which the manifest wants, and waits: `timeout_us` at
  /// most (0: as long as the caller has), and never longer than `context` has. Both texts are JSON
  /// by the contract of the capability. Refused with what the provider refuses; with
  /// CAPABILITY_UNAVAILABLE when nobody can answer (its details say whether the call was begun);
  /// with CALL_IN_TRANSACTION within a transaction; with CALL_TOO_DEEP. `context` may be NULL.
  bulkhead_status (*call_capability)(bulkhead_home*, bulkhead_context*, bulkhead_bytes capability,
                                     bulkhead_bytes call, bulkhead_bytes request,
                                     int64_t timeout_us, const bulkhead_sink* answer,
                                     const bulkhead_error_sink* error);

  /* Since 1.4: events and messages, which live in the plugin's store. A message comes to `handle`
   * as a request of method "MESSAGE" with the number that its handler was registered with. Its
   * parameters are "source" (the capability, or the inbox), "type" (the event, or the message's),
   * "id" (the event's id, or the message's key), "subject", "attempt" (from 1), "received_us" and
   * "event_time_us"; body, headers and tenant are those of the message. BULKHEAD_OK is the end of
   * it; anything else, and it comes again, later. `options` is a JSON object or empty:
   * {"transaction":"none|write","attempts":20}: with "write" the call is a transaction closure, in
   * which the message is done; after so many attempts it is dead. */

  /// Only within create(): the plugin publishes events of `capability`, which its manifest
  /// provides.
  bulkhead_status (*register_events)(bulkhead_home*, bulkhead_bytes capability,
                                     const bulkhead_error_sink* error);
  /// Publishes in a transaction of db_write: it goes out when that has committed, and only then.
  /// `is_new` (may be NULL) is 0 when it was published before, by its key. Refused with
  /// EVENT_REFUSED for what the contract does not have or allow.
  bulkhead_status (*publish_event)(bulkhead_home*, bulkhead_transaction*,
                                   const bulkhead_event* event, int32_t* is_new,
                                   const bulkhead_error_sink* error);
  /// Only within create(): the plugin listens to `event` of `capability`, which its manifest wants.
  /// `route` is of the routes' numbers.
  bulkhead_status (*register_listener)(bulkhead_home*, uint32_t route, bulkhead_bytes capability,
                                       bulkhead_bytes event, bulkhead_bytes options,
                                       const bulkhead_error_sink* error);
  /// Only within create(): an inbox of the plugin's own, whose messages come with that number.
  bulkhead_status (*register_inbox)(bulkhead_home*, uint32_t route, bulkhead_bytes inbox,
                                    bulkhead_bytes options, const bulkhead_error_sink* error);
  /// Keeps a message in a transaction of db_write. `is_new` (may be NULL) is 0 when one with its
  /// key was kept before.
  bulkhead_status (*keep_message)(bulkhead_home*, bulkhead_transaction*,
                                  const bulkhead_message* message, int32_t* is_new,
                                  const bulkhead_error_sink* error);

  /* Since 1.4: asks. */

  /// Only within create(): the plugin answers `ask` of `capability` ("voice/1"), which its manifest
  /// wants. It comes to `handle` as register_call says, of method "ASK", on threads that work on
  /// nothing but asks and events. One plugin answers it.
  bulkhead_status (*register_answer)(bulkhead_home*, uint32_t route, bulkhead_bytes capability,
                                     bulkhead_bytes ask, bulkhead_bytes options,
                                     const bulkhead_error_sink* error);
  /// Asks the one plugin that answers `ask` of `capability`, which the manifest provides, and
  /// waits: `timeout_us` at most (0: as long as the caller has), and never longer than `context`
  /// has or the contract says. Where nobody answers in that time, the contract's fall-back is the
  /// answer. Refused with what the contract lets the other one refuse; with what is wrong with the
  /// ask itself (CAPABILITY_NOT_PROVIDED, NO_SUCH_ASK, CAPABILITY_REQUEST_REFUSED); with
  /// CALL_IN_TRANSACTION within a transaction; with CALL_TOO_DEEP. `context` may be NULL.
  bulkhead_status (*ask_capability)(bulkhead_home*, bulkhead_context*, bulkhead_bytes capability,
                                    bulkhead_bytes ask, bulkhead_bytes request, int64_t timeout_us,
                                    bulkhead_ask_answer_fn receive, void* self,
                                    const bulkhead_error_sink* error);

  /* Since 1.4: jobs, which live in the plugin's store. A job comes to `handle` as a request of
   * method "JOB" with the number that its queue was registered with. Its parameters are "queue",
   * "id", "key", "attempt" (from 1), "enqueued_us", "schedule" and "fire_us" (of what a schedule
   * has enqueued, else empty and 0); its body is the payload. BULKHEAD_OK is the end of it;
   * anything else, and it comes again, later. Who has lost its job to another, because it was
   * silent for too long, is refused every write of that call with JOB_LOST, and none of them is
   * kept. */

  /// Only within create(): a queue of the plugin's, whose jobs come with that number. `options` is
  /// a JSON object or empty: {"transaction":"none|write","attempts":20,"at_once":2,
  /// "timeout_ms":60000}: with "write" the call is a transaction closure, in which the job is done;
  /// after so many attempts it is dead; so many of the queue are worked on at once in one home;
  /// none takes longer. `queue` is [a-z][a-z0-9_-]{0,62}.
  bulkhead_status (*register_queue)(bulkhead_home*, uint32_t route, bulkhead_bytes queue,
                                    bulkhead_bytes options, const bulkhead_error_sink* error);
  /// Only within create(): a job is enqueued at each of the schedule's times, once, whoever else
  /// runs and whatever has ended meanwhile. `options` is a JSON object: {"queue":"...",
  /// "cron":"0 3 * *
  /// *","zone":"Europe/Berlin","every_s":300,"misfire":"fire_once","catch_up_max":1,
  /// "payload":"..."}, of which "queue" and one of "cron" and "every_s" have to be there.
  bulkhead_status (*register_schedule)(bulkhead_home*, bulkhead_bytes name, bulkhead_bytes options,
                                       const bulkhead_error_sink* error);
  /// Enqueues in a transaction of db_write: the job is there when that has committed, and only
  /// then. `id` (may be NULL) gets the job's id, or that of the job that holds its key; `is_new`
  /// (may be NULL) is 0 then. Refused with JOB_REFUSED for what is no job.
  bulkhead_status (*enqueue_job)(bulkhead_home*, bulkhead_transaction*, const bulkhead_job* job,
                                 const bulkhead_sink* id, int32_t* is_new,
                                 const bulkhead_error_sink* error);
  /// Within the call of a job: shows `progress`, at most 4 KiB of text, to operators (empty: leaves
  /// what was shown), and tells whether the handler had better end. `stop` is not 0 when the job
  /// was cancelled, or the host stops: then the handler returns what is no BULKHEAD_OK, and a job
  /// that was not cancelled comes again as if it had not been begun. Refused with JOB_LOST.
  bulkhead_status (*job_progress)(bulkhead_home*, bulkhead_context*, bulkhead_bytes progress,
                                  int32_t* stop, const bulkhead_error_sink* error);
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
/// each (engine, number) once, numbers from 1. CAPABILITIES, at most once: a JSON array of
/// contracts of capabilities that are not the host's own; see docs/plugin-api.md.
#define BULKHEAD_NOTE_SECTION ".note.bulkhead"
#define BULKHEAD_NOTE_OWNER "Bulkhead"
#define BULKHEAD_NOTE_MANIFEST 1
#define BULKHEAD_NOTE_MIGRATIONS 2
#define BULKHEAD_NOTE_CAPABILITIES 3

#ifdef __cplusplus
}
#endif

#endif
