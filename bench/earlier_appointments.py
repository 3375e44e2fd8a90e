"""bench/earlier_appointments.py STORE FROM TO: copies the first thousand appointments of a store that no host has open into
the past, each thousand six hours before the last, so that the tenant with FROM of them has TO. Through REST a million of
them would take minutes, and the future would be booked out, which is another question."""

import os
import sqlite3
import sys

THOUSAND = 1000
EARLIER_S = 6 * 3600
first = int(os.environ["FIRST"])
store = sqlite3.connect(sys.argv[1])
copies = range(int(sys.argv[2]) // THOUSAND, int(sys.argv[3]) // THOUSAND)

CHANGED = {
    "id": "printf('%08x', 0x01000000 + n) || substr(id, 9)",
    "appointment": "printf('%08x', 0x01000000 + n) || substr(appointment, 9)",
    "local_start": "strftime('%Y-%m-%dT%H:%M', start_utc - n * :earlier, 'unixepoch')",
    "created_at": "created_at - n", "updated_at": "updated_at - n",
} | {name: f"{name} - n * :earlier" for name in ("start_utc", "end_utc", "block_start", "block_end")}
OF_THE_FIRST = {
    "appointment": "start_utc between :first and :first + 86400",
    "appointment_resource": "start_utc between :first and :first + 86400",
    "appointment_history": "start_utc between :first and :first + 86400 and version = 1",
}

store.execute("create temp table copy (n integer primary key)")
store.executemany("insert into copy values (?)", [(n,) for n in copies])
for table, condition in OF_THE_FIRST.items():
    columns = [row[1] for row in store.execute(f"pragma table_info({table})")]
    chosen = ", ".join(CHANGED.get(name, name) for name in columns)
    store.execute(f"create temp table base as select * from {table} where {condition}", {"first": first})
    found = store.execute("select count(*) from base").fetchone()[0]
    if found != THOUSAND:
        sys.exit(f"{table} has {found} rows of the first thousand appointments")
    store.execute(f"insert into {table} select {chosen} from copy cross join base", {"earlier": EARLIER_S})
    store.execute("drop table base")
store.commit()
store.execute("pragma wal_checkpoint(truncate)")
