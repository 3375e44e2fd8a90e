#!/usr/bin/env python3
"""The host's front beside nginx, Poco's HTTPServer, Go, Fastify and Express, as one client sees them.

usage: bench/http_front.py [--rounds N] [--seconds N] [--only TEXT] [--smoke]

Each server runs on processor 0, the load on processor 1, in turns (A B C ... A B C ...), so that a noisy machine is
noisy for all; figures are medians over the rounds of the ratios within a round. Processor time is the kernel's account
of all the server's threads, divided by the requests answered. Prints a table of what was measured, and RESULT lines
for bench/run. --only runs the groups whose name has the text; --smoke runs each for a moment.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import http_crowd
import http_servers

LOAD_CPU = "1"
MANY_HEADERS = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Accept: application/json, text/plain, */*",
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8", "Accept-Encoding: identity", "Referer: https://app.example.org/dashboard",
    "Cookie: theme=dark; locale=en-GB", "X-Request-Id: 7f0c9a3e5b1d4c2f", "Cache-Control: no-cache"]


class Sample:
    """What one run of wrk said, and what it cost the server."""

    def __init__(self, server, path, connections, seconds, headers=()):
        words = ["taskset", "-c", LOAD_CPU, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
        for header in headers:
            words += ["-H", header]
        before = server.cpu_seconds()
        output = subprocess.run([*words, server.url(path)], capture_output=True, text=True, check=True).stdout
        cpu = server.cpu_seconds() - before
        self.requests = int(re.search(r"(\d+) requests in", output)[1])
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\s", output)
        if not p99:
            sys.exit(f"bench/http_front.py: {server.name} answered nothing that has a time: {output}")
        self.p99_ms = float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[p99[2]]
        self.cpu_us = cpu * 1e6 / max(self.requests, 1)
        self.failed = "Non-2xx" in output or "Socket errors" in output
        self.said = output


def result(name, value, unit, bar, direction):
    print(f"RESULT {name} {value:.3g} {unit} {bar} {direction}", flush=True)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.host = http_servers.start_host(folder)
        self.peers = {peer.name: peer for peer in http_servers.start_peers(folder, self.host)}

    def stop(self):
        for server in [self.host, *self.peers.values()]:
            server.stop()

    def in_turns(self, title, names, path_of, connections, headers=()):
        """Samples of the host and the peers named, by name, a list of one for each round."""
        servers = [self.host, *(self.peers[name] for name in names)]
        samples = {server.name: [] for server in servers}
        for _ in range(self.options.rounds):
            for server in servers:
                samples[server.name].append(
                    Sample(server, path_of(server), connections, self.options.seconds, headers))
        print(f"\n{title}\n{'':20}{'requests/s':>12}{'p99 ms':>10}{'CPU us':>10}{'failed':>8}")
        for name, runs in samples.items():
            median = lambda member: statistics.median(getattr(run, member) for run in runs)
            print(f"{name:20}{median('rate'):12.0f}{median('p99_ms'):10.2f}{median('cpu_us'):10.2f}"
                  f"{sum(run.failed for run in runs):8}", flush=True)
        if any(run.failed for run in samples["bulkhead"]):
            sys.exit(f"bench/http_front.py: requests to the host failed: {samples['bulkhead'][0].said}")
        return samples

    @staticmethod
    def ratio(samples, peer, member, one="bulkhead"):
        return statistics.median(getattr(ours, member) / getattr(theirs, member)
                                 for ours, theirs in zip(samples[one], samples[peer]))

    def health(self):
        path = lambda server: "/healthz"
        samples = self.in_turns("GET /healthz, 64 connections", self.peers, path, 64)
        result("http_cpu_to_nginx", self.ratio(samples, "nginx", "cpu_us"), "ratio", 1.25, "lower")
        result("http_rate_to_nginx", self.ratio(samples, "nginx", "rate"), "ratio", 0.8, "higher")
        for peer, bar in (("express", 15), ("express_middleware", 40), ("fastify", 1.8), ("poco", 3)):
            result(f"http_rate_to_{peer}", self.ratio(samples, peer, "rate"), "ratio", bar, "higher")
            result(f"http_nginx_to_{peer}", self.ratio(samples, peer, "rate", "nginx"), "ratio", "-", "higher")
        result("http_rate_to_go", self.ratio(samples, "go", "rate"), "ratio", "-", "higher")
        samples = self.in_turns("GET /healthz, 256 connections", ["nginx"], path, 256)
        result("http_rate_to_nginx_256", self.ratio(samples, "nginx", "rate"), "ratio", 0.8, "higher")

    def headers(self):
        samples = self.in_turns("GET /healthz with 8 headers, 64 connections", ["nginx", "fastify", "poco"],
                                lambda server: "/healthz", 64, MANY_HEADERS)
        result("http_headers_cpu_to_nginx", self.ratio(samples, "nginx", "cpu_us"), "ratio", "-", "lower")
        result("http_headers_rate_to_nginx", self.ratio(samples, "nginx", "rate"), "ratio", 0.75, "higher")

    def items(self):
        samples = self.in_turns("1 KB of JSON, built for each request, 64 connections", ["express", "fastify", "go"],
                                lambda server: server.items, 64)
        for peer, bar in (("express", 10), ("fastify", 2), ("go", 1.3)):
            result(f"http_items_to_{peer}", self.ratio(samples, peer, "rate"), "ratio", bar, "higher")

    def connections(self):
        samples = self.in_turns("GET /healthz, a connection for each request", ["nginx"], lambda server: "/healthz", 64,
                                ["Connection: close"])
        result("http_connections_to_nginx", self.ratio(samples, "nginx", "rate"), "ratio", 0.8, "higher")

    def blocked(self):
        """Probes while 200 clients wait for a plugin that blocks."""
        load = subprocess.Popen(["taskset", "-c", LOAD_CPU, "wrk", "-t1", "-c200", f"-d{self.options.seconds * self.options.rounds + 2}s",
                                 "--timeout", "30s", self.host.url(self.host.slow)], stdout=subprocess.PIPE, text=True)
        runs = [Sample(self.host, "/healthz", 4, self.options.seconds) for _ in range(self.options.rounds)]
        load.communicate()
        p99 = statistics.median(run.p99_ms for run in runs)
        failed = sum(run.failed for run in runs)
        print(f"\nGET /healthz, 4 connections, while 200 wait for a plugin that blocks\np99 {p99:.2f} ms, {failed} of {len(runs)} runs failed")
        result("http_blocked_p99", p99, "ms", 1, "lower")
        result("http_blocked_failures", failed, "runs", 0, "lower")

    def crowd(self):
        """64 active clients beside thousands that are silent, and beside some that send a byte a second."""
        seconds = self.options.seconds
        alone = [Sample(self.host, "/healthz", 64, seconds) for _ in range(self.options.rounds)]
        memory, threads = self.host.resident_mib(), self.host.threads()
        count = 1000 if self.options.smoke else 10000
        with http_crowd.Idle(self.host.port, count):
            beside = [Sample(self.host, "/healthz", 64, seconds) for _ in range(self.options.rounds)]
            more_memory, more_threads = self.host.resident_mib() - memory, self.host.threads() - threads
        rate = lambda runs: statistics.median(run.rate for run in runs)
        print(f"\n{count} idle connections: {more_memory:.1f} MiB, {more_threads} threads more; {rate(alone):.0f} -> {rate(beside):.0f} requests/s")
        result("http_idle_10000_memory", more_memory, "MiB", 40, "lower")
        result("http_idle_10000_threads", more_threads, "threads", 0, "lower")
        result("http_idle_10000_rate_kept", rate(beside) / rate(alone), "ratio", 0.85, "higher")
        result("http_idle_10000_p99", statistics.median(run.p99_ms for run in beside), "ms", 5, "lower")
        with http_crowd.Dripping(self.host.port, count // 10) as dripping:
            beside = [Sample(self.host, "/healthz", 64, seconds) for _ in range(self.options.rounds)]
            closed_after = dripping.closed_after(30)
        print(f"\n{count // 10} that drip: all closed after {closed_after:.1f} s; {rate(alone):.0f} -> {rate(beside):.0f} requests/s")
        result("http_dripping_rate_kept", rate(beside) / rate(alone), "ratio", 0.85, "higher")
        result("http_dripping_closed_after", closed_after, "s", 15, "lower")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 1
    with tempfile.TemporaryDirectory(prefix="bulkhead-http.") as folder:
        pathlib.Path(folder).chmod(0o755)  # for nginx's worker
        bench = Bench(options, pathlib.Path(folder))
        try:
            for name in ("health", "headers", "items", "connections", "blocked", "crowd"):
                if options.only in name:
                    getattr(bench, name)()
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
