//! A plugin in Rust against <bulkhead/abi.h>, with no crate and nothing of the host but the waist:
//! two routes with their contracts, a setting, a store, a health contributor, and panics that do
//! not cross.
mod abi;

use abi::*;
use std::fmt::Write;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

type ErrorSink = *const bulkhead_error_sink;
/// The error was reported already, by whoever had it.
type Done = Result<(), bulkhead_status>;

// What bulkhead_add_plugin() embeds for plugins in C++: one note each.

#[repr(C, align(4))]
struct Note<const SIZE: usize> {
    owner_size: u32,
    description_size: u32,
    kind: u32,
    owner: [u8; 12],
    description: [u8; SIZE],
}

const fn note<const SIZE: usize>(kind: u32, description: [u8; SIZE]) -> Note<SIZE> {
    Note {
        owner_size: 9,
        description_size: SIZE as u32,
        kind,
        owner: *b"Bulkhead\0\0\0\0",
        description,
    }
}

const MANIFEST: &[u8] = include_bytes!("plugin.json");
const MIGRATIONS: &[u8] = include_bytes!("migrations.json");

#[used]
#[link_section = ".note.bulkhead"]
static MANIFEST_NOTE: Note<{ MANIFEST.len() }> =
    note(BULKHEAD_NOTE_MANIFEST, *include_bytes!("plugin.json"));

#[used]
#[link_section = ".note.bulkhead"]
static MIGRATIONS_NOTE: Note<{ MIGRATIONS.len() }> =
    note(BULKHEAD_NOTE_MIGRATIONS, *include_bytes!("migrations.json"));

const ROUTE_HELLO: u32 = 1;
const ROUTE_GREET: u32 = 2;
const HEALTH_STORE: u32 = 1;

const HELLO: &str = r#"{"summary":"Greets one person","scope":"rust-greeter:read","errors":["EMPTY_NAME"],
  "response":{"type":"object","required":["hello"],"properties":{"hello":{"type":"string"}}}}"#;
const GREET: &str = r#"{"summary":"Greets one person, and counts it","scope":"rust-greeter:write",
  "transaction":"write","idempotency":"optional","success":201,
  "response":{"type":"object","required":["greeted"],"properties":{"greeted":{"type":"integer"}}}}"#;

struct Greeter {
    host: &'static bulkhead_host,
    home: *mut bulkhead_home,
    greeting: String,
    panics_at: String,
}

fn bytes(text: &str) -> bulkhead_bytes {
    bulkhead_bytes { data: text.as_ptr() as *const c_char, size: text.len() }
}

unsafe fn text(bytes: bulkhead_bytes) -> String {
    if bytes.size == 0 {
        return String::new();
    }
    let raw = std::slice::from_raw_parts(bytes.data as *const u8, bytes.size);
    String::from_utf8_lossy(raw).into_owned()
}

fn done(status: bulkhead_status) -> Done {
    if status == BULKHEAD_OK { Ok(()) } else { Err(status) }
}

unsafe fn refuse(error: ErrorSink, kind: bulkhead_status, code: &str, message: &str) -> Done {
    if let Some(sink) = error.as_ref() {
        let told = bulkhead_error {
            size: std::mem::size_of::<bulkhead_error>() as u32,
            kind,
            code: bytes(code),
            message: bytes(message),
            details: bytes(""),
            retry_after_s: 0,
        };
        (sink.report)(sink.self_, &told);
    }
    Err(kind)
}

/// The fence on every door: a panic ends here, as an error, and never unwinds into the host.
unsafe fn fenced(error: ErrorSink, work: impl FnOnce() -> Done) -> bulkhead_status {
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        refuse(error, BULKHEAD_APP_ERROR, "PANICKED", "The plugin panicked; its log says where.")
    });
    match outcome {
        Ok(()) => BULKHEAD_OK,
        Err(status) => status,
    }
}

fn json_text(plain: &str) -> String {
    let mut json = String::from("\"");
    for c in plain.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if (c as u32) < 0x20 => write!(json, "\\u{:04x}", c as u32).unwrap(),
            c => json.push(c),
        }
    }
    json + "\""
}

/// Takes one text; `self_` is the String.
unsafe extern "C" fn take_text(self_: *mut c_void, value: *const bulkhead_value, count: usize) -> i32 {
    let value = &*value;
    if count == 1 && value.type_ == BULKHEAD_TEXT {
        *(self_ as *mut String) = text(value.bytes);
    }
    0
}

/// Takes one integer; `self_` is the i64.
unsafe extern "C" fn take_integer(self_: *mut c_void, value: *const bulkhead_value, count: usize) -> i32 {
    let value = &*value;
    if count == 1 && value.type_ == BULKHEAD_INTEGER {
        *(self_ as *mut i64) = value.integer;
    }
    0
}

impl Greeter {
    unsafe fn setting(&self, name: &str, error: ErrorSink) -> Result<String, bulkhead_status> {
        let mut value = String::new();
        let into = &mut value as *mut String as *mut c_void;
        done((self.host.read_setting)(self.home, bytes(name), take_text, into, error))?;
        Ok(value)
    }

    unsafe fn register(&mut self, error: ErrorSink) -> Done {
        self.greeting = self.setting("greeting", error)?;
        self.panics_at = self.setting("panics_at", error)?;
        let route = self.host.register_route;
        done(route(self.home, ROUTE_HELLO, bytes("GET"), bytes("/hello/{name}"), bytes(HELLO), error))?;
        done(route(self.home, ROUTE_GREET, bytes("POST"), bytes("/greetings/{name}"), bytes(GREET), error))?;
        done((self.host.register_health)(self.home, HEALTH_STORE, bytes("store"), bytes(""), error))
    }

    /// How many were greeted, of that tenant or at all.
    unsafe fn count(
        &self,
        transaction: *mut bulkhead_transaction,
        tenant: Option<&str>,
        error: ErrorSink,
    ) -> Result<i64, bulkhead_status> {
        let values = [sql_text(tenant.unwrap_or(""))];
        let sql = match tenant {
            Some(_) => "SELECT count(*) FROM greetings WHERE tenant = $1",
            None => "SELECT count(*) FROM greetings",
        };
        let mut count: i64 = 0;
        let into = &mut count as *mut i64 as *mut c_void;
        let given = if tenant.is_some() { 1 } else { 0 };
        done((self.host.tx_read)(transaction, bytes(sql), values.as_ptr(), given, take_integer, into, error))?;
        Ok(count)
    }

    unsafe fn hello(&self, name: &str, out: &bulkhead_response) -> Done {
        if !self.panics_at.is_empty() && name == self.panics_at {
            panic!("the setting panics_at says so");
        }
        answer(out, 200, &format!("{{\"hello\":{}}}", json_text(&format!("{} {}", self.greeting, name))));
        Ok(())
    }

    unsafe fn greet(
        &self,
        request: &bulkhead_request,
        name: &str,
        transaction: *mut bulkhead_transaction,
        out: &bulkhead_response,
        error: ErrorSink,
    ) -> Done {
        let tenant = text(request.tenant);
        let values = [sql_text(&tenant), sql_text(name)];
        let sql = bytes("INSERT INTO greetings (tenant, name) VALUES ($1, $2)");
        done((self.host.tx_send)(transaction, sql, values.as_ptr(), 2, 1, null(), error))?;
        let count = self.count(transaction, Some(&tenant), error)?;
        answer(out, 201, &format!("{{\"greeted\":{}}}", count));
        Ok(())
    }
}

fn sql_text(text: &str) -> bulkhead_value {
    bulkhead_value { type_: BULKHEAD_TEXT, reserved: 0, integer: 0, real: 0.0, bytes: bytes(text) }
}

unsafe fn answer(out: &bulkhead_response, status: i32, json: &str) {
    (out.status)(out.self_, status);
    (out.header)(out.self_, bytes("content-type"), bytes("application/json"));
    (out.body)(out.self_, json.as_ptr() as *const c_char, json.len());
}

unsafe extern "C" fn create(
    host: *const bulkhead_host,
    home: *mut bulkhead_home,
    plugin: *mut *mut c_void,
    error: ErrorSink,
) -> bulkhead_status {
    fenced(error, || {
        let host = &*host;
        // A host of an older minor version has a shorter table.
        if (host.size as usize) < std::mem::size_of::<bulkhead_host>() {
            return refuse(error, BULKHEAD_CONFIGURATION_ERROR, "HOST_TOO_OLD", "The host is older than 1.3.");
        }
        let mut made =
            Box::new(Greeter { host, home, greeting: String::new(), panics_at: String::new() });
        made.register(error)?;
        *plugin = Box::into_raw(made) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn handle(
    plugin: *mut c_void,
    request: *const bulkhead_request,
    transaction: *mut bulkhead_transaction,
    out: *const bulkhead_response,
    error: ErrorSink,
) -> bulkhead_status {
    fenced(error, || {
        let (greeter, request, out) = (&*(plugin as *const Greeter), &*request, &*out);
        let name = match request.parameter_count {
            0 => String::new(),
            _ => text((*request.parameters).value),
        };
        match request.route {
            ROUTE_HELLO => greeter.hello(&name, out),
            ROUTE_GREET => greeter.greet(request, &name, transaction, out, error),
            _ => refuse(error, BULKHEAD_BUSINESS_LOGIC_ERROR, "UNKNOWN_ROUTE", "There is no such route."),
        }
    })
}

/// A closure of db_read that counts.
struct Counting<'a> {
    greeter: &'a Greeter,
    count: i64,
}

unsafe extern "C" fn count_all(
    self_: *mut c_void,
    transaction: *mut bulkhead_transaction,
    error: ErrorSink,
) -> bulkhead_status {
    fenced(error, || {
        let counting = &mut *(self_ as *mut Counting);
        counting.count = counting.greeter.count(transaction, None, error)?;
        Ok(())
    })
}

unsafe extern "C" fn check_health(
    plugin: *mut c_void,
    contributor: u32,
    context: *mut bulkhead_context,
    result: *const bulkhead_sink,
    error: ErrorSink,
) -> bulkhead_status {
    fenced(error, || {
        if contributor != HEALTH_STORE {
            return refuse(error, BULKHEAD_APP_ERROR, "UNKNOWN", "There is no such contributor.");
        }
        let greeter = &*(plugin as *const Greeter);
        let mut counting = Counting { greeter, count: 0 };
        let into = &mut counting as *mut Counting as *mut c_void;
        let read = (greeter.host.db_read)(greeter.home, context, count_all, into, null());
        let told = match read {
            BULKHEAD_OK => format!(r#"{{"status":"healthy","greeted":{}}}"#, counting.count),
            _ => String::from(r#"{"status":"degraded","message":"The greetings cannot be counted."}"#),
        };
        ((*result).write)((*result).self_, told.as_ptr() as *const c_char, told.len());
        Ok(())
    })
}

unsafe extern "C" fn destroy(plugin: *mut c_void) {
    fenced(null(), || {
        drop(Box::from_raw(plugin as *mut Greeter));
        Ok(())
    });
}

static TABLE: bulkhead_plugin = bulkhead_plugin {
    size: std::mem::size_of::<bulkhead_plugin>() as u32,
    abi_major: BULKHEAD_ABI_MAJOR,
    abi_minor: BULKHEAD_ABI_MINOR,
    create,
    start: None,
    handle,
    check_health: Some(check_health),
    stop: None,
    destroy,
};

/// The door.
#[no_mangle]
pub extern "C" fn bulkhead_plugin_v1() -> *const bulkhead_plugin {
    &TABLE
}
