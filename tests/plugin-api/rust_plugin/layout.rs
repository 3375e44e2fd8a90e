//! Prints size and offset of each member of the bindings, "host.db_read 48 8" a line, and the
//! version that they are of, for layout_test.py.
#[path = "../../../plugin-api/example/rust_greeter/abi.rs"]
mod abi;

use abi::*;
use std::mem::{size_of, size_of_val, MaybeUninit};
use std::ptr::addr_of;

fn size_of_pointed<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! layout {
    ($type:ty, $name:literal { $($member:ident),* }) => {
        let made = MaybeUninit::<$type>::uninit();
        let begin = made.as_ptr();
        $(
            let member = unsafe { addr_of!((*begin).$member) };
            let offset = member as usize - begin as usize;
            let name = stringify!($member).trim_end_matches('_');
            println!("{}.{} {} {}", $name, name, offset, size_of_pointed(member));
        )*
        println!("{} {}", $name, size_of_val(&made));
    };
}

fn main() {
    println!("version {} {}", BULKHEAD_ABI_MAJOR, BULKHEAD_ABI_MINOR);
    layout!(bulkhead_bytes, "bytes" { data, size });
    layout!(bulkhead_sink, "sink" { self_, write });
    layout!(bulkhead_error, "error" { size, kind, code, message, details, retry_after_s });
    layout!(bulkhead_error_sink, "error_sink" { self_, report });
    layout!(bulkhead_value, "value" { type_, reserved, integer, real, bytes });
    layout!(bulkhead_field, "field" { name, value });
    layout!(bulkhead_request, "request" {
        size, route, context, method, path, tenant, key_id, request_id, trace_id, body, parameters,
        parameter_count, query, query_count, headers, header_count, scopes
    });
    layout!(bulkhead_response, "response" {
        size, reserved, self_, status, header, body, begin, send, pause
    });
    layout!(bulkhead_http_request, "http_request" {
        size, repeatable, method, url, headers, header_count, body, operation, timeout_us
    });
    layout!(bulkhead_http_answer, "http_answer" {
        size, outcome, status, retry_after_s, attempts, reserved, elapsed_us, code, message,
        headers, header_count, body
    });
    layout!(bulkhead_host, "host" {
        size, abi_major, abi_minor, register_route, register_health, register_metric,
        read_setting, log, record_metric, db_read, db_write, tx_read, tx_send, now_us,
        monotonic_us, remaining_us, random_bytes, recovery_read, recovery_keep, recovery_token,
        body_read, http_send, register_call, call_capability
    });
    layout!(bulkhead_plugin, "plugin" {
        size, abi_major, abi_minor, create, start, handle, check_health, stop, destroy
    });
}
