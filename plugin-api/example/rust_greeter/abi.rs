//! <bulkhead/abi.h> of version 1.3 in Rust, by hand: the same structs in the same order. The header
//! says what each member means. tests/plugin-api/rust_layout_test.py holds sizes and offsets to
//! those that a C compiler gives.
#![allow(non_camel_case_types, dead_code)]

use std::os::raw::{c_char, c_void};

pub const BULKHEAD_ABI_MAJOR: u16 = 1;
pub const BULKHEAD_ABI_MINOR: u16 = 3;

pub type bulkhead_status = i32;
pub const BULKHEAD_OK: bulkhead_status = 0;
pub const BULKHEAD_APP_ERROR: bulkhead_status = 1;
pub const BULKHEAD_BUSINESS_LOGIC_ERROR: bulkhead_status = 10;
pub const BULKHEAD_CONFIGURATION_ERROR: bulkhead_status = 11;

pub const BULKHEAD_LOG_ERROR: i32 = 3;
pub const BULKHEAD_INTEGER: i32 = 1;
pub const BULKHEAD_TEXT: i32 = 3;

pub const BULKHEAD_NOTE_MANIFEST: u32 = 1;
pub const BULKHEAD_NOTE_MIGRATIONS: u32 = 2;

/// The opaque types: only ever pointed at.
pub type bulkhead_home = c_void;
pub type bulkhead_context = c_void;
pub type bulkhead_transaction = c_void;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct bulkhead_bytes {
    pub data: *const c_char,
    pub size: usize,
}

#[repr(C)]
pub struct bulkhead_sink {
    pub self_: *mut c_void,
    pub write: unsafe extern "C" fn(*mut c_void, *const c_char, usize),
}

#[repr(C)]
pub struct bulkhead_error {
    pub size: u32,
    pub kind: bulkhead_status,
    pub code: bulkhead_bytes,
    pub message: bulkhead_bytes,
    pub details: bulkhead_bytes,
    pub retry_after_s: i32,
}

#[repr(C)]
pub struct bulkhead_error_sink {
    pub self_: *mut c_void,
    pub report: unsafe extern "C" fn(*mut c_void, *const bulkhead_error),
}

#[repr(C)]
pub struct bulkhead_value {
    pub type_: i32,
    pub reserved: i32,
    pub integer: i64,
    pub real: f64,
    pub bytes: bulkhead_bytes,
}

pub type bulkhead_row_fn =
    unsafe extern "C" fn(*mut c_void, *const bulkhead_value, usize) -> i32;

#[repr(C)]
pub struct bulkhead_field {
    pub name: bulkhead_bytes,
    pub value: bulkhead_bytes,
}

#[repr(C)]
pub struct bulkhead_request {
    pub size: u32,
    pub route: u32,
    pub context: *mut bulkhead_context,
    pub method: bulkhead_bytes,
    pub path: bulkhead_bytes,
    pub tenant: bulkhead_bytes,
    pub key_id: bulkhead_bytes,
    pub request_id: bulkhead_bytes,
    pub trace_id: bulkhead_bytes,
    pub body: bulkhead_bytes,
    pub parameters: *const bulkhead_field,
    pub parameter_count: usize,
    pub query: *const bulkhead_field,
    pub query_count: usize,
    pub headers: *const bulkhead_field,
    pub header_count: usize,
    pub scopes: bulkhead_bytes,
}

#[repr(C)]
pub struct bulkhead_response {
    pub size: u32,
    pub reserved: u32,
    pub self_: *mut c_void,
    pub status: unsafe extern "C" fn(*mut c_void, i32),
    pub header: unsafe extern "C" fn(*mut c_void, bulkhead_bytes, bulkhead_bytes) -> i32,
    pub body: unsafe extern "C" fn(*mut c_void, *const c_char, usize),
    pub begin: Option<
        unsafe extern "C" fn(*mut c_void, *const bulkhead_error_sink) -> bulkhead_status,
    >,
    pub send: Option<
        unsafe extern "C" fn(
            *mut c_void,
            *const c_char,
            usize,
            *const bulkhead_error_sink,
        ) -> bulkhead_status,
    >,
    pub pause: Option<unsafe extern "C" fn(*mut c_void, i64) -> i32>,
}

#[repr(C)]
pub struct bulkhead_http_request {
    pub size: u32,
    pub repeatable: i32,
    pub method: bulkhead_bytes,
    pub url: bulkhead_bytes,
    pub headers: *const bulkhead_field,
    pub header_count: usize,
    pub body: bulkhead_bytes,
    pub operation: bulkhead_bytes,
    pub timeout_us: i64,
}

#[repr(C)]
pub struct bulkhead_http_answer {
    pub size: u32,
    pub outcome: i32,
    pub status: i32,
    pub retry_after_s: i32,
    pub attempts: i32,
    pub reserved: i32,
    pub elapsed_us: i64,
    pub code: bulkhead_bytes,
    pub message: bulkhead_bytes,
    pub headers: *const bulkhead_field,
    pub header_count: usize,
    pub body: bulkhead_bytes,
}

pub type bulkhead_http_answer_fn =
    unsafe extern "C" fn(*mut c_void, *const bulkhead_http_answer);

pub type bulkhead_transaction_fn = unsafe extern "C" fn(
    *mut c_void,
    *mut bulkhead_transaction,
    *const bulkhead_error_sink,
) -> bulkhead_status;

type Sink = *const bulkhead_error_sink;

#[repr(C)]
pub struct bulkhead_host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub register_route: unsafe extern "C" fn(
        *mut bulkhead_home,
        u32,
        bulkhead_bytes,
        bulkhead_bytes,
        bulkhead_bytes,
        Sink,
    ) -> bulkhead_status,
    pub register_health: unsafe extern "C" fn(
        *mut bulkhead_home,
        u32,
        bulkhead_bytes,
        bulkhead_bytes,
        Sink,
    ) -> bulkhead_status,
    pub register_metric: unsafe extern "C" fn(
        *mut bulkhead_home,
        bulkhead_bytes,
        bulkhead_bytes,
        bulkhead_bytes,
        *const bulkhead_bytes,
        usize,
        *mut u32,
        Sink,
    ) -> bulkhead_status,
    pub read_setting: unsafe extern "C" fn(
        *mut bulkhead_home,
        bulkhead_bytes,
        bulkhead_row_fn,
        *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub log: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        i32,
        bulkhead_bytes,
        bulkhead_bytes,
    ),
    pub record_metric:
        unsafe extern "C" fn(*mut bulkhead_home, u32, *const bulkhead_bytes, usize, f64),
    pub db_read: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        bulkhead_transaction_fn,
        *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub db_write: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        bulkhead_transaction_fn,
        *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub tx_read: unsafe extern "C" fn(
        *mut bulkhead_transaction,
        bulkhead_bytes,
        *const bulkhead_value,
        usize,
        bulkhead_row_fn,
        *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub tx_send: unsafe extern "C" fn(
        *mut bulkhead_transaction,
        bulkhead_bytes,
        *const bulkhead_value,
        usize,
        i64,
        *const bulkhead_error,
        Sink,
    ) -> bulkhead_status,
    pub now_us: unsafe extern "C" fn(*mut bulkhead_home) -> i64,
    pub monotonic_us: unsafe extern "C" fn(*mut bulkhead_home) -> i64,
    pub remaining_us: unsafe extern "C" fn(*mut bulkhead_context) -> i64,
    pub random_bytes:
        unsafe extern "C" fn(*mut bulkhead_home, *mut c_void, usize, Sink) -> bulkhead_status,
    pub recovery_read: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        bulkhead_bytes,
        bulkhead_row_fn,
        *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub recovery_keep: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        *mut bulkhead_transaction,
        bulkhead_bytes,
        bulkhead_bytes,
        Sink,
    ) -> bulkhead_status,
    pub recovery_token: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        bulkhead_bytes,
        *const bulkhead_sink,
        Sink,
    ) -> bulkhead_status,
    pub body_read: unsafe extern "C" fn(
        *mut bulkhead_context,
        *mut c_char,
        usize,
        *mut usize,
        Sink,
    ) -> bulkhead_status,
    pub http_send: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        *const bulkhead_http_request,
        bulkhead_http_answer_fn,
        *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub register_call: unsafe extern "C" fn(
        *mut bulkhead_home,
        u32,
        bulkhead_bytes,
        bulkhead_bytes,
        bulkhead_bytes,
        Sink,
    ) -> bulkhead_status,
    pub call_capability: unsafe extern "C" fn(
        *mut bulkhead_home,
        *mut bulkhead_context,
        bulkhead_bytes,
        bulkhead_bytes,
        bulkhead_bytes,
        i64,
        *const bulkhead_sink,
        Sink,
    ) -> bulkhead_status,
}

#[repr(C)]
pub struct bulkhead_plugin {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub create: unsafe extern "C" fn(
        *const bulkhead_host,
        *mut bulkhead_home,
        *mut *mut c_void,
        Sink,
    ) -> bulkhead_status,
    pub start: Option<unsafe extern "C" fn(*mut c_void, Sink) -> bulkhead_status>,
    pub handle: unsafe extern "C" fn(
        *mut c_void,
        *const bulkhead_request,
        *mut bulkhead_transaction,
        *const bulkhead_response,
        Sink,
    ) -> bulkhead_status,
    pub check_health: Option<
        unsafe extern "C" fn(
            *mut c_void,
            u32,
            *mut bulkhead_context,
            *const bulkhead_sink,
            Sink,
        ) -> bulkhead_status,
    >,
    pub stop: Option<unsafe extern "C" fn(*mut c_void)>,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}
