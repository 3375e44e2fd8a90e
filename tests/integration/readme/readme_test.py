"""Runs the `sh` blocks of README.md as printed, against a real host, and compares the status that stands
behind each curl line. Only the port and the program's path are replaced.

usage: readme_test.py BULKHEAD_PROGRAM PLUGIN_FOLDER
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
PRINTED_PROGRAM = "build/release/bin/bulkhead"
PRINTED_ADDRESS = "127.0.0.1:5000"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"# ([1-5]\d\d)$", re.MULTILINE)
START_S = 60
DEMO_KEY = "readme-demo-key-0123456789abcdef0123456789abcdef"

# Every curl of a block goes through this: what it prints stays, its status is noted.
PRELUDE = r"""
curl() {
  local answer
  answer=$(command curl --max-time 20 "$@" -w '\n%{http_code}')
  printf '%s\n' "${answer##*$'\n'}" >>"$STATUSES"
  printf '%s\n' "${answer%$'\n'*}" | tee -a "$TRANSCRIPT"
}
"""


class Host:
    """`bulkhead serve` on a free port and a data folder of its own."""

    def __init__(self, program, folder, **more):
        self.program, self.folder = program, folder
        self.environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TZ")}
        self.environment.update(PORT="0", BIND_ADDRESS="127.0.0.1", DATA_DIR=str(folder / "data"),
                                PLUGIN_DIR=str(folder / "plugins"), NODE_ENV="development", LOG_LEVEL="info")
        self.environment.update(more)

    def __enter__(self):
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen([self.program, "serve"], cwd=ROOT, env=self.environment,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.port = self.await_port()
            self.await_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        code = self.process.wait(60)
        self.log.close()
        check(code == 0, f"the host ended with {code}")

    def await_port(self):
        def listening():
            for line in (self.folder / "log").read_text(encoding="utf-8").splitlines():
                if '"Listening"' in line:
                    return json.loads(line)["port"]
            return None
        return self.wait_for(listening, "listens")

    def await_ready(self):
        def ready():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/readiness", timeout=5) as answer:
                    return answer.status == 200
            except urllib.error.HTTPError:
                return False
        self.wait_for(ready, "is ready")

    def wait_for(self, condition, what):
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        sys.exit(f"the host never {what}:\n" + (self.folder / "log").read_text(encoding="utf-8"))

    def run(self, block):
        """The statuses of the block's curl lines, and all that they printed."""
        statuses, transcript = self.folder / "statuses", self.folder / "transcript"
        statuses.write_text("")
        transcript.write_text("")
        script = PRELUDE + block.replace(PRINTED_PROGRAM, self.program).replace(
            PRINTED_ADDRESS, f"127.0.0.1:{self.port}")
        subprocess.run(["bash", "-c", script], cwd=ROOT, check=False, timeout=100,
                       env={**self.environment, "STATUSES": str(statuses), "TRANSCRIPT": str(transcript)})
        return statuses.read_text().split(), transcript.read_text()


def check(holds, message):
    if not holds:
        sys.exit(f"readme_test: {message}")


def check_tour(program, folder, data, tour):
    """The tour on what tools/demo loads into an empty host."""
    with Host(program, folder, DATA_DIR=str(data), API_KEY=DEMO_KEY) as host:
        loaded = subprocess.run([ROOT / "tools" / "demo", f"http://127.0.0.1:{host.port}"], check=False, capture_output=True,
                                text=True, timeout=100, env=host.environment)
        check(loaded.returncode == 0, f"tools/demo ended with {loaded.returncode}:\n{loaded.stdout}{loaded.stderr}")
        statuses, transcript = host.run(tour)
        check(statuses == EXPECTED.findall(tour), f"the tour answered {statuses}:\n{transcript}")
        check('"reason":' in transcript, "nothing was explained")


def main():
    program, plugins = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    check(len(blocks) == 3, "README.md has three sh blocks")
    business, tour, degraded = blocks
    for block in blocks:
        check(len(EXPECTED.findall(block)) == len(re.findall(r"(?:^|\()curl ", block, re.MULTILINE)),
              "every curl line names its status")

    with tempfile.TemporaryDirectory(prefix="bulkhead-readme-") as name:
        folder = pathlib.Path(name)
        (folder / "plugins").mkdir()
        for plugin in plugins.glob("*.so"):
            shutil.copy(plugin, folder / "plugins")
        with Host(program, folder) as host:
            statuses, transcript = host.run(business)
            check(statuses == EXPECTED.findall(business), f"the ten requests answered {statuses}:\n{transcript}")
            check(transcript.lower().count("idempotent-replayed: true") == 1, "the repeat was not replayed")
            check('"SLOT_TAKEN"' in transcript, "the second client was not told SLOT_TAKEN")
            check('"status":"cancelled"' in transcript, "nothing was cancelled")
            control, _ = host.run(degraded)
            check(control != EXPECTED.findall(degraded), "with its file in place stripe looks degraded, too")
        with tempfile.TemporaryDirectory(prefix="bulkhead-demo-") as data:
            check_tour(program, folder, pathlib.Path(data), tour)
        (folder / "plugins" / "stripe.so").unlink()
        with Host(program, folder) as host:
            statuses, transcript = host.run(degraded)
            check(statuses == EXPECTED.findall(degraded), f"degraded, it answered {statuses}:\n{transcript}")
            check('"status":"degraded"' in transcript, "/health did not say degraded")
            check('"stripe":{"configured":false,"status":"missing"}' in transcript, "/health did not say missing")
    print("README.md does what it prints")


if __name__ == "__main__":
    main()
