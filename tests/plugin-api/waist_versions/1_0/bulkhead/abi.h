/* The waist of version 1.0, as plugins were built against it, without its comments: they have to
   run for as long as the major version is 1. Never changed. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define BULKHEAD_ABI_MAJOR 1
#define BULKHEAD_ABI_MINOR 0
typedef struct bulkhead_bytes {
  const char* data;
  size_t size;
} bulkhead_bytes;
typedef struct bulkhead_sink {
  void* self;
  void (*write)(void* self, const char* data, size_t size);
} bulkhead_sink;
typedef int32_t bulkhead_status;
enum {
  BULKHEAD_OK = 0,
  BULKHEAD_APP_ERROR = 1,
  BULKHEAD_VALIDATION_ERROR = 2,
  BULKHEAD_AUTHENTICATION_ERROR = 3,
  BULKHEAD_AUTHORIZATION_ERROR = 4,
  BULKHEAD_NOT_FOUND_ERROR = 5,
  BULKHEAD_CONFLICT_ERROR = 6,
  BULKHEAD_RATE_LIMIT_ERROR = 7,
  BULKHEAD_EXTERNAL_SERVICE_ERROR = 8,
  BULKHEAD_DATABASE_ERROR = 9,
  BULKHEAD_BUSINESS_LOGIC_ERROR = 10,
  BULKHEAD_CONFIGURATION_ERROR = 11
};
typedef struct bulkhead_error {
  uint32_t size;
  bulkhead_status kind;
  bulkhead_bytes code;
  bulkhead_bytes message;
  bulkhead_bytes details;
  int32_t retry_after_s;
} bulkhead_error;
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
typedef struct bulkhead_value {
  int32_t type;
  int32_t reserved;
  int64_t integer;
  double real;
  bulkhead_bytes bytes;
} bulkhead_value;
typedef int32_t (*bulkhead_row_fn)(void* self, const bulkhead_value* columns, size_t count);
typedef struct bulkhead_field {
  bulkhead_bytes name;
  bulkhead_bytes value;
} bulkhead_field;
typedef struct bulkhead_home bulkhead_home;
typedef struct bulkhead_context bulkhead_context;
typedef struct bulkhead_transaction bulkhead_transaction;
typedef struct bulkhead_request {
  uint32_t size;
  uint32_t route;
  bulkhead_context* context;
  bulkhead_bytes method;
  bulkhead_bytes path;
  bulkhead_bytes tenant;
  bulkhead_bytes key_id;
  bulkhead_bytes request_id;
  bulkhead_bytes trace_id;
  bulkhead_bytes body;
  const bulkhead_field* parameters;
  size_t parameter_count;
  const bulkhead_field* query;
  size_t query_count;
  const bulkhead_field* headers;
  size_t header_count;
  bulkhead_bytes scopes;
} bulkhead_request;
typedef struct bulkhead_response {
  uint32_t size;
  uint32_t reserved;
  void* self;
  void (*status)(void* self, int32_t status);
  int32_t (*header)(void* self, bulkhead_bytes name, bulkhead_bytes value);
  void (*body)(void* self, const char* data, size_t size);
} bulkhead_response;
typedef bulkhead_status (*bulkhead_transaction_fn)(void* self, bulkhead_transaction* transaction,
                                                   const bulkhead_error_sink* error);
typedef struct bulkhead_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  bulkhead_status (*register_route)(bulkhead_home*, uint32_t route, bulkhead_bytes method,
                                    bulkhead_bytes path, bulkhead_bytes contract,
                                    const bulkhead_error_sink* error);
  bulkhead_status (*register_health)(bulkhead_home*, uint32_t contributor, bulkhead_bytes name,
                                     bulkhead_bytes options, const bulkhead_error_sink* error);
  bulkhead_status (*register_metric)(bulkhead_home*, bulkhead_bytes kind, bulkhead_bytes name,
                                     bulkhead_bytes help, const bulkhead_bytes* labels,
                                     size_t label_count, uint32_t* metric,
                                     const bulkhead_error_sink* error);
  bulkhead_status (*read_setting)(bulkhead_home*, bulkhead_bytes name, bulkhead_row_fn receive,
                                  void* self, const bulkhead_error_sink* error);
  void (*log)(bulkhead_home*, bulkhead_context*, int32_t level, bulkhead_bytes message,
              bulkhead_bytes fields);
  void (*record_metric)(bulkhead_home*, uint32_t metric, const bulkhead_bytes* label_values,
                        size_t label_count, double value);
  bulkhead_status (*db_read)(bulkhead_home*, bulkhead_context*, bulkhead_transaction_fn, void* self,
                             const bulkhead_error_sink* error);
  bulkhead_status (*db_write)(bulkhead_home*, bulkhead_context*, bulkhead_transaction_fn,
                              void* self, const bulkhead_error_sink* error);
  bulkhead_status (*tx_read)(bulkhead_transaction*, bulkhead_bytes sql,
                             const bulkhead_value* values, size_t count, bulkhead_row_fn receive,
                             void* self, const bulkhead_error_sink* error);
  bulkhead_status (*tx_send)(bulkhead_transaction*, bulkhead_bytes sql,
                             const bulkhead_value* values, size_t count, int64_t expected_rows,
                             const bulkhead_error* refusal, const bulkhead_error_sink* error);
  int64_t (*now_us)(bulkhead_home*);
  int64_t (*monotonic_us)(bulkhead_home*);
  int64_t (*remaining_us)(bulkhead_context*);
  bulkhead_status (*random_bytes)(bulkhead_home*, void* out, size_t size,
                                  const bulkhead_error_sink* error);
} bulkhead_host;
typedef struct bulkhead_plugin {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  bulkhead_status (*create)(const bulkhead_host*, bulkhead_home*, void** plugin,
                            const bulkhead_error_sink* error);
  bulkhead_status (*start)(void* plugin, const bulkhead_error_sink* error);
  bulkhead_status (*handle)(void* plugin, const bulkhead_request*, bulkhead_transaction*,
                            const bulkhead_response*, const bulkhead_error_sink* error);
  bulkhead_status (*check_health)(void* plugin, uint32_t contributor, bulkhead_context*,
                                  const bulkhead_sink* result, const bulkhead_error_sink* error);
  void (*stop)(void* plugin);
  void (*destroy)(void* plugin);
} bulkhead_plugin;
typedef const bulkhead_plugin* (*bulkhead_plugin_fn)(void);
#define BULKHEAD_PLUGIN_SYMBOL "bulkhead_plugin_v1"
#define BULKHEAD_EXPORT __attribute__((visibility("default")))
#define BULKHEAD_NOTE_SECTION ".note.bulkhead"
#define BULKHEAD_NOTE_OWNER "Bulkhead"
#define BULKHEAD_NOTE_MANIFEST 1
#define BULKHEAD_NOTE_MIGRATIONS 2
#ifdef __cplusplus
}
#endif
