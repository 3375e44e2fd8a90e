#!/usr/bin/env python3
"""bench/worker_hop.py [ROUNDS]: one plugin in two hosts, in one of them as a worker, asked in turns.

The hop is the difference of medians of a round, and the figure the median of the rounds. Processor time is that of host and
worker together, for each request."""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = "build/release"
SECONDS = 3
PATH = "/api/load/v1/items"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Host:
    def __init__(self, folder, isolation):
        for name in ("plugins", "conf", "data"):
            os.makedirs(f"{folder}/{name}")
        shutil.copy(f"{BUILD}/bench/load.so", f"{folder}/plugins/load.so")
        with open(f"{folder}/conf/load.properties", "w", encoding="utf-8") as settings:
            settings.write(f"isolation = {isolation}\n")
        self.port = free_port()
        environment = {"PATH": os.environ["PATH"], "PORT": str(self.port), "BIND_ADDRESS": "127.0.0.1",
                       "DATA_DIR": f"{folder}/data", "PLUGIN_DIR": f"{folder}/plugins", "PLUGIN_CONF_DIR": f"{folder}/conf",
                       "LOG_FILE": f"{folder}/log", "API_KEY": "k" * 40, "SHUTDOWN_DELAY": "0"}
        self.process = subprocess.Popen([f"{BUILD}/bin/bulkhead", "serve"], env=environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{PATH}") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"the host with {isolation} does not answer")

    def processes(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            own = [int(child) for child in children.read().split()]
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/children", encoding="ascii") as children:
                own += [int(child) for child in children.read().split()]
        return {self.process.pid, *own}

    def processor_us(self):
        ticks = 0
        for process in self.processes():
            with open(f"/proc/{process}/stat", encoding="ascii") as facts:
                fields = facts.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks * 1e6 / os.sysconf("SC_CLK_TCK")

    def load(self, connections):
        """Requests a second, median and p99 in microseconds, processor time in microseconds a request."""
        before = self.processor_us()
        text = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency",
                               f"http://127.0.0.1:{self.port}{PATH}"], check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in text or "Socket errors" in text:
            raise SystemExit(text)
        requests = int(re.search(r"(\d+) requests in", text)[1])
        return (requests / SECONDS, latency(text, "50%"), latency(text, "99%"), (self.processor_us() - before) / requests)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


def latency(text, share):
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 1, "ms": 1000, "s": 1e6}[unit]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    folder = tempfile.mkdtemp(prefix="bulkhead-bench.")
    hosts = []
    try:
        inside, worker = (Host(f"{folder}/{life}", life) for life in ("inprocess", "worker"))
        hosts = [inside, worker]
        hop = {1: [], 16: []}
        processor, throughput = [], []
        for host in hosts:
            host.load(16)
        for number in range(rounds):
            for connections in hop:
                ours, theirs = worker.load(connections), inside.load(connections)
                hop[connections].append(ours[1] - theirs[1])
                print(f"round {number} c={connections}: worker {ours[1]:.0f} us, in-process {theirs[1]:.0f} us")
                if connections == 16:
                    processor.append(ours[3] - theirs[3])
            ours, theirs = worker.load(64), inside.load(64)
            throughput.append(ours[0] / theirs[0])
            print(f"round {number} c=64: worker {ours[0]:.0f}/s p99 {ours[2]:.0f} us, in-process {theirs[0]:.0f}/s p99 "
                  f"{theirs[2]:.0f} us; processor {ours[3]:.1f} and {theirs[3]:.1f} us")
        print(f"RESULT worker_hop_p50_c1 {statistics.median(hop[1]):.1f} us 75 lower")
        print(f"RESULT worker_hop_p50_c16 {statistics.median(hop[16]):.1f} us 100 lower")
        print(f"RESULT worker_hop_processor {statistics.median(processor):.1f} us 8 lower")
        print(f"RESULT worker_throughput_of_inprocess {statistics.median(throughput):.2f} ratio 0.65 higher")
    finally:
        for host in hosts:
            host.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
