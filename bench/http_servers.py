"""The servers that bench/http_front.py compares: the host and its peers, each on a loopback port and one processor."""

import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
PEERS = ROOT / "bench" / "http_peers"
SERVER_CPU = "0"
CONNECTIONS_MAX = 30000

NGINX = """
daemon off;
worker_processes 1;
error_log stderr error;
pid {folder}/nginx.pid;
worker_rlimit_nofile {connections};
events {{ worker_connections {connections}; }}
http {{
  log_format json escape=json '{{"timestamp":"$time_iso8601","method":"$request_method","url":"$request_uri",'
    '"ip":"$remote_addr","userAgent":"$http_user_agent","statusCode":$status,"duration":$request_time,"requestId":"$request_id"}}';
  access_log {folder}/nginx.log json buffer=64k flush=1s;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  default_type application/json;
  tcp_nodelay on;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
{headers}
    location = /healthz {{ return 200 '{body}'; }}
  }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def process_tree(root):
    """The processes below a process, itself included."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for task in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                pass
    return found


class Server:
    """A running server; `items` and `slow` are the paths of its other routes, where it has them."""

    def __init__(self, name, words, folder, items=None, slow=None, variables=None, port=None,
                 cpus=SERVER_CPU):
        self.name, self.port, self.items, self.slow = name, port or free_port(), items, slow
        self.log = open(folder / f"{name}.out", "wb")
        self.process = subprocess.Popen(
            ["taskset", "-c", cpus, *map(str, words)],
            env={**os.environ, "PORT": str(self.port), "NODE_ENV": "production", "GOMAXPROCS": "1", **(variables or {})},
            cwd=folder, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.await_answer("/healthz")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def await_answer(self, path):
        for _ in range(1500):
            try:
                return urllib.request.urlopen(self.url(path), timeout=2).read()
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not answer {path}; see {self.log.name}")

    def tasks(self):
        for process in process_tree(self.process.pid):
            yield from pathlib.Path(f"/proc/{process}/task").glob("*")

    def threads(self):
        return sum(1 for _ in self.tasks())

    def cpu_seconds(self):
        """Processor time of all its threads, user and kernel, to the nanosecond."""
        total = 0
        for task in self.tasks():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                pass
        return total / 1e9

    def resident_mib(self):
        pages = 0
        for process in process_tree(self.process.pid):
            pages += int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1048576

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def start_host(folder, settings=None):
    """The release build as it is run: log file, metrics, security headers and limits on, and the plugin of this benchmark."""
    plugins, conf = folder / "plugins", folder / "plugins.d"
    for made in (plugins, conf, folder / "data"):
        made.mkdir(parents=True, exist_ok=True)
    shutil.copy(BUILD / "bench" / "load.so", plugins / "load.so")
    (conf / "load.properties").write_text("enabled = true\nisolation = inprocess\n")
    host = Server("bulkhead", [BUILD / "bin" / "bulkhead", "serve"], folder, items="/api/load/v1/items",
                  slow="/api/load/v1/slow",
                  variables={"BIND_ADDRESS": "127.0.0.1", "DATA_DIR": str(folder / "data"), "PLUGIN_DIR": str(plugins),
                             "PLUGIN_CONF_DIR": str(conf), "LOG_FILE": str(folder / "bulkhead.log"), "SHUTDOWN_DELAY": "0",
                             "APP_ENV": "test", "API_KEY": "bench-" + os.urandom(16).hex(),
                             "RATE_LIMIT_PER_MINUTE": "1000000000", "RATE_LIMIT_PER_HOUR": "1000000000",
                             "RATE_LIMIT_ADDRESS_PER_MINUTE": "1000000000", "RATE_LIMIT_ADDRESS_PER_HOUR": "1000000000",
                             "LIMITS_CONNECTIONS_PER_ADDRESS": str(CONNECTIONS_MAX), "LIMITS_CONNECTIONS": str(CONNECTIONS_MAX),
                             **(settings or {})})
    host.await_answer("/health/readiness")
    host.await_answer(host.items)
    return host


def start_nginx(folder, host):
    """The same answer with the same headers as the host gives, kept in the configuration."""
    with urllib.request.urlopen(host.url("/healthz")) as answer:
        body, fields = answer.read().decode(), answer.getheaders()
    own = ("content-length", "content-type", "date", "connection", "keep-alive", "server", "x-request-id")
    lines = [f'    add_header {name} "{value}";' for name, value in fields if name.lower() not in own]
    lines.append("    add_header X-Request-Id $request_id;")
    path = folder / "nginx.conf"
    port = free_port()
    path.write_text(NGINX.format(folder=folder, port=port, headers="\n".join(lines), body=body,
                                 connections=CONNECTIONS_MAX))
    return Server("nginx", ["/usr/sbin/nginx", "-c", path, "-p", folder], folder, port=port)


def prepare_node():
    modules = ROOT / "build" / "bench" / "http_peers"
    modules.mkdir(parents=True, exist_ok=True)
    for path in [*PEERS.glob("*.js"), PEERS / "package.json"]:
        shutil.copy(path, modules)
    if not (modules / "node_modules" / "fastify").exists():
        subprocess.run(["npm", "install", "--prefix", modules, "--no-audit", "--no-fund", "--no-package-lock"],
                       check=True, stdout=subprocess.DEVNULL)
    return modules


def prepare_go():
    binary = ROOT / "build" / "bench" / "net_http"
    source = PEERS / "net_http.go"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["go", "build", "-o", binary, source], check=True,
                       env={**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off"})
    return binary


def start_peers(folder, host):
    node = prepare_node()
    express = ["node", node / "express.js"]
    return [
        start_nginx(folder, host),
        Server("poco", [BUILD / "bin" / "http_peer_poco"], folder),
        Server("go", [prepare_go()], folder, items="/items"),
        Server("fastify", ["node", node / "fastify.js"], folder, items="/items"),
        Server("express", express, folder, items="/items"),
        Server("express_middleware", express, folder, items="/items", variables={"MIDDLEWARE": "1"}),
    ]
