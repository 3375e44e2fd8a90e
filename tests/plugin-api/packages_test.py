"""An author's first hour with nothing but the two packages: they are made, unpacked into an empty prefix, a plugin is
written, built, tested and verified against them, and served by the host that was in them.

usage: packages_test.py BUILD CPACK CMAKE CTEST CXX"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

BUILD, CPACK, CMAKE, CTEST, CXX = sys.argv[1:6]
FIRST_HOUR = pathlib.Path(__file__).with_name("first_hour.sh")
KEY = "author-" + "k" * 40


def run(*words, **how):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **how)
    return done.returncode, done.stdout + done.stderr


def require(*words, **how):
    code, said = run(*words, **how)
    if code != 0:
        sys.exit(f"{' '.join(map(str, words))} ended with {code}:\n{said}")
    return said


def expect(holds, what):
    if not holds:
        sys.exit(what)


def unpack(work):
    packages, prefix = work / "packages", work / "prefix"
    require(CPACK, "--config", f"{BUILD}/CPackConfig.cmake", "-B", packages, cwd=work)
    for name in ("bulkhead", "bulkhead-dev"):
        depends = require("dpkg-deb", "--field", packages / f"{name}.deb", "Depends")
        expect("libpocofoundation" in depends and "libsqlite3-0" in depends, f"{name} depends on: {depends}")
        require("dpkg-deb", "--extract", packages / f"{name}.deb", prefix)
    conf = require("dpkg-deb", "--info", packages / "bulkhead.deb", "conffiles")
    expect("/etc/bulkhead/bulkhead.properties" in conf, f"conffiles: {conf}")
    return prefix


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def first_hour(work, prefix):
    """The guide's own commands; then what they built is served once more, with a setting."""
    host = prefix / "usr" / "bin" / "bulkhead"
    environment = {**os.environ, "PATH": f"{prefix}/usr/bin:{os.environ['PATH']}", "CMAKE_PREFIX_PATH": f"{prefix}/usr",
                   "CXX": CXX, "PORT": str(free_port()), "BIND_ADDRESS": "127.0.0.1", "SHUTDOWN_DELAY": "0", "APP_ENV": "test"}
    folder = work / "hour"
    folder.mkdir()
    said = require(FIRST_HOUR, cwd=folder, env=environment)
    expect("100% tests passed" in said and "my-thing_test" in said, said)
    expect("GET /api/my-thing/v1/hello/{name}" in said and "trials broke it" in said, said)
    expect('{"hello":"Ann"}' in said, said)
    source = folder / "my-thing"
    code, said = run(CMAKE, "-S", source, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={CXX}", "-B", work / "without",
                     "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
    expect(code != 0, f"it configures although no package is there, so that this test proves nothing:\n{said}")
    return host, source / "build" / "plugins"


def ask(port, path, method="GET", body=None, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, method=method,
                                     headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json",
                                              **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except OSError as problem:
        return 0, str(problem)


def serve(work, host, plugins):
    conf = work / "plugins.d"
    conf.mkdir()
    (conf / "my-thing.properties").write_text("enabled = true\nmax_length = 3\n", encoding="utf-8")
    port = free_port()
    settings = {"PORT": str(port), "BIND_ADDRESS": "127.0.0.1", "DATA_DIR": str(work / "data"), "API_KEY": KEY,
                "PLUGIN_DIR": str(plugins), "PLUGIN_CONF_DIR": str(conf), "SHUTDOWN_DELAY": "0", "APP_ENV": "test"}
    log = work / "log"
    with open(log, "wb") as out:
        served = subprocess.Popen([host, "serve"], env={**os.environ, **settings}, cwd=work, stdout=out, stderr=out)
    try:
        for _ in range(300):
            if ask(port, "/health/readiness")[0] == 200 or served.poll() is not None:
                break
            time.sleep(0.05)
        status, said = ask(port, "/api/admin/tenants", "POST", b'{"slug":"salon"}')
        expect(status == 201, f"{status} {said}\n{log.read_text()}")
        answer = ask(port, "/api/my-thing/v1/hello/Ann", headers={"X-Tenant-Id": "salon"})
        expect(answer == (200, '{"hello":"Ann"}'), f"{answer}\n{log.read_text()}")
        refused = ask(port, "/api/my-thing/v1/hello/Anna", headers={"X-Tenant-Id": "salon"})
        expect(refused[0] == 422 and "NAME_TOO_LONG" in refused[1], f"{refused}")
    finally:
        served.send_signal(signal.SIGTERM)
        code = served.wait(20)
    expect(code == 0, f"the host ended with {code}:\n{log.read_text()}")


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-packages."))
    try:
        host, plugins = first_hour(work, unpack(work))
        serve(work, host, plugins)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
