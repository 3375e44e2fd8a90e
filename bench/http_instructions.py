#!/usr/bin/env python3
"""User instructions that the running host needs for one request, as callgrind counts them: the same on a busy machine.

usage: bench/http_instructions.py [--program FILE] [--requests N] [--bars BARE HEADERS] [--profile FOLDER]

Starts the host under callgrind, warms it up, and counts N requests for /healthz on one connection, first bare, then with
8 headers; log, metrics, security headers and limits are on. What the host does beside them in that time is counted
too, so the least of three turns is told. Prints RESULT lines for bench/run; ends with 1 above a bar, and with 2 where
nothing could be counted. --profile keeps the profiles and prints the functions that cost most.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTIONS_SHOWN = 40
TURNS = 3
BARS = (10000, 25000)  # bare, with 8 headers
HEADERS = {
    "bare": "",
    "8_headers": "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json, text/plain, */*\r\n"
                 "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n"
                 "Referer: https://app.example.org/dashboard\r\nCookie: theme=dark; locale=en-GB\r\n"
                 "X-Request-Id: 7f0c9a3e5b1d4c2f\r\nCache-Control: no-cache\r\n"}


def fail(why):
    print(f"bench/http_instructions.py: {why}", file=sys.stderr)
    sys.exit(2)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Host:
    """The host under callgrind, with neither plugins nor tenants."""

    def __init__(self, program, folder):
        self.folder, self.port = folder, free_port()
        (folder / "plugins").mkdir()
        (folder / "plugins.d").mkdir()
        variables = {
            "PORT": str(self.port), "BIND_ADDRESS": "127.0.0.1", "DATA_DIR": str(folder / "data"), "PLUGIN_DIR": str(folder / "plugins"),
            "PLUGIN_CONF_DIR": str(folder / "plugins.d"), "LOG_FILE": str(folder / "log"), "SHUTDOWN_DELAY": "0", "APP_ENV": "test",
            "LIMITS_REQUESTS_PER_CONNECTION": "1000000000", "API_KEY": "bench-" + os.urandom(16).hex()}
        self.process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/profile", "--separate-threads=no", "--dump-instr=no",
             program, "serve"],
            cwd=folder, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def connect(self):
        for _ in range(600):
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=60)
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        fail("the host did not start under callgrind")

    def control(self, *words):
        subprocess.run(["callgrind_control", *words, str(self.process.pid)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=self.folder)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ask(connection, headers, count):
    request = f"GET /healthz HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()
    for _ in range(count):
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            fail(f"the host answered {head!r}")
        left = int(re.search(rb"content-length: (\d+)", head.lower())[1]) - len(body)
        while left > 0:
            left -= len(connection.recv(left))


def instructions_of(profile):
    """The sum that a dump says it holds."""
    return int(re.search(r"^(?:totals|summary): (\d+)", profile.read_text(errors="replace"), re.MULTILINE)[1])


def newest_dump(folder, seen):
    return next(path for path in sorted(folder.glob("profile.*")) if path not in seen)


def count_requests(host, connection, requests):
    """Instructions per request by kind of request, of the quietest turn; the dumps stay in the folder."""
    counted = {}
    for kind, headers in HEADERS.items():
        ask(connection, headers, requests // 4)
        turns = []
        for _ in range(TURNS):
            host.control("-z")
            ask(connection, headers, requests)
            seen = set(host.folder.glob("profile.*"))
            host.control("-d")
            dump = newest_dump(host.folder, seen)
            turns.append((instructions_of(dump) / requests, dump))
        counted[kind] = min(turns)
    return counted


def own_costs(profile):
    """Own instructions by function and file of a callgrind profile."""
    names, sums, current, skip = {}, collections.Counter(), "", False
    with open(profile, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            named = re.match(r"c?(fn|ob)=\((\d+)\)(?: (.*))?$", line)
            if named:
                kind, number, name = named.groups()
                if name:
                    names[kind, number] = os.path.basename(name) if kind == "ob" else name
                if line.startswith("ob="):
                    library = names["ob", number]
                elif line.startswith("fn="):
                    current = f"{library}: {names['fn', number]}"
            elif line.startswith("calls="):
                skip = True  # the next line is the callee's cost
            elif line[:1] in "+-*0123456789" and line.strip():
                if not skip:
                    sums[current] += int(line.split()[1])
                skip = False
    return sums


def show_costs(profile, requests):
    for name, cost in own_costs(profile).most_common(FUNCTIONS_SHOWN):
        print(f"{cost / requests:10.0f}  {name[:160]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "bin" / "bulkhead"))
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--bars", type=int, nargs=2, default=BARS)
    parser.add_argument("--profile", type=pathlib.Path)
    options = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory(prefix="bulkhead-callgrind.") as folder:
        host = Host(os.path.abspath(options.program), pathlib.Path(folder))
        try:
            counted = count_requests(host, host.connect(), options.requests)
        finally:
            host.stop()
        for bar, (kind, (instructions, dump)) in zip(options.bars, counted.items()):
            over |= instructions > bar
            print(f"RESULT http_instructions_{kind} {instructions:.0f} instructions {bar} lower")
            if options.profile:
                options.profile.mkdir(parents=True, exist_ok=True)
                shutil.copy(dump, options.profile / f"callgrind.out.{kind}")
                show_costs(dump, options.requests)
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
