#!/usr/bin/env python3
"""One plugin in two hosts, in one of them as a worker, asked in turns with 1 KB there and 1 KB back.

usage: bench/worker_hop.py [ROUNDS [SECONDS]]

The hop is the difference of the two medians of a round, and the figure the median of the rounds. At one request at a
time it is taken where host and worker share a processor, and where each has its own, so that every wake crosses.
Processor time is the kernel's account of all threads of host and worker, for each request. Throughput is taken with
nothing pinned, host, worker and load on all processors."""

import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import http_servers

PATH = "/api/load/v1/echo"
SCRIPT = str(http_servers.ROOT / "bench" / "worker_echo.lua")
EVERY_CPU = set(range(os.cpu_count()))


def in_microseconds(text, share):
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 1, "ms": 1000, "s": 1e6}[unit]


def pin(process, cpus):
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        try:
            os.sched_setaffinity(int(task.name), cpus)
        except ProcessLookupError:
            pass


class Sample:
    """What one run of wrk said, and what it cost host and worker."""

    def __init__(self, host, connections, seconds, threads=1, cpus=EVERY_CPU):
        words = ["taskset", "-c", ",".join(map(str, cpus)), "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s",
                 "--latency", "-s", SCRIPT, host.url(PATH)]
        before = host.cpu_seconds()
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        cpu = host.cpu_seconds() - before
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"bench/worker_hop.py: requests to {host.name} failed:\n{said}")
        self.requests = int(re.search(r"(\d+) requests in", said)[1])
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
        self.p50_us, self.p99_us = in_microseconds(said, "50%"), in_microseconds(said, "99%")
        self.cpu_us = cpu * 1e6 / max(self.requests, 1)


def start(folder, life):
    """The release build as it is run, with the plugin in that life."""
    place = pathlib.Path(folder) / life
    for name in ("plugins", "conf", "data"):
        (place / name).mkdir(parents=True)
    shutil.copy(http_servers.BUILD / "bench" / "load.so", place / "plugins" / "load.so")
    (place / "conf" / "load.properties").write_text(f"isolation = {life}\nlimits.threads = 8\n", encoding="utf-8")
    variables = {"BIND_ADDRESS": "127.0.0.1", "DATA_DIR": str(place / "data"), "PLUGIN_DIR": str(place / "plugins"),
                 "PLUGIN_CONF_DIR": str(place / "conf"), "LOG_FILE": str(place / "log"), "API_KEY": "k" * 40,
                 "RATE_LIMIT_PER_MINUTE": "1000000000", "RATE_LIMIT_PER_HOUR": "1000000000",
                 "RATE_LIMIT_ADDRESS_PER_MINUTE": "1000000000", "RATE_LIMIT_ADDRESS_PER_HOUR": "1000000000",
                 "SHUTDOWN_DELAY": "0", "APP_ENV": "test"}
    host = http_servers.Server(life, [http_servers.BUILD / "bin" / "bulkhead", "serve"], place, variables=variables,
                               cpus=",".join(map(str, EVERY_CPU)))
    host.await_answer("/api/load/v1/items")
    return host


class Bench:
    def __init__(self, folder, rounds, seconds):
        self.rounds, self.seconds = rounds, seconds
        self.inside, self.worker = start(folder, "inprocess"), start(folder, "worker")

    def stop(self):
        for host in (self.inside, self.worker):
            host.stop()

    def place(self, host_cpus, worker_cpus):
        for host in (self.inside, self.worker):
            first, *workers = http_servers.process_tree(host.process.pid)
            pin(first, host_cpus)
            for process in workers:
                pin(process, worker_cpus)

    def in_turns(self, title, connections, **how):
        """Pairs of samples, worker and in-process, one for each round."""
        pairs = []
        for number in range(self.rounds):
            hosts = (self.worker, self.inside) if number % 2 == 0 else (self.inside, self.worker)
            taken = {host.name: Sample(host, connections, self.seconds, **how) for host in hosts}
            pairs.append((taken["worker"], taken["inprocess"]))
        print(f"\n{title}\n{'':12}{'requests/s':>12}{'p50 us':>10}{'p99 us':>10}{'CPU us':>10}")
        for column, name in enumerate(("worker", "inprocess")):
            median = lambda member: statistics.median(getattr(pair[column], member) for pair in pairs)
            print(f"{name:12}{median('rate'):12.0f}{median('p50_us'):10.1f}{median('p99_us'):10.1f}"
                  f"{median('cpu_us'):10.2f}", flush=True)
        return pairs

    def run(self):
        difference = lambda pairs, member: statistics.median(
            getattr(worker, member) - getattr(inside, member) for worker, inside in pairs)
        self.place({0}, {0})
        pairs = self.in_turns("one request at a time, host and worker on one processor", 1, cpus={1})
        result("worker_hop_p50_same_cpu", difference(pairs, "p50_us"), "us", 10, "lower")
        self.place({0}, {1})
        pairs = self.in_turns("one request at a time, host and worker each on its own", 1, cpus={0})
        result("worker_hop_p50_two_cpus", difference(pairs, "p50_us"), "us", 75, "lower")
        self.place(EVERY_CPU, EVERY_CPU)
        pairs = self.in_turns("16 requests at a time, nothing pinned", 16)
        result("worker_hop_p50_c16", difference(pairs, "p50_us"), "us", 100, "lower")
        self.place({0}, {0})
        pairs = self.in_turns("16 requests at a time, host and worker on one processor", 16, cpus={1})
        result("worker_hop_cpu", difference(pairs, "cpu_us"), "us", 8, "lower")
        self.place(EVERY_CPU, EVERY_CPU)
        pairs = self.in_turns("64 requests at a time, at saturation of all processors", 64, threads=2)
        share = statistics.median(worker.rate / inside.rate for worker, inside in pairs)
        result("worker_throughput", share, "ratio", 0.65, "higher")


def result(name, value, unit, bar, direction):
    print(f"RESULT {name} {value:.3g} {unit} {bar} {direction}", flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    folder = tempfile.mkdtemp(prefix="bulkhead-bench.")
    bench = Bench(folder, rounds, seconds)
    try:
        for host in (bench.worker, bench.inside):
            Sample(host, 16, 1)
        bench.run()
    finally:
        bench.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
