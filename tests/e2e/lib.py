"""lib.py - what the end-to-end tests share: a simulator, a run, and their files as data.

Each test is a script `test_NAME.py WEIR` that exits 0 (passed), 77 (skipped, the reason on stdout) or another code.
Servers listen on loopback, port 0, and are stopped by their process id. WEIR_SANITIZED=1 says that the binary is a
sanitizer build: then counts and outcomes hold, but no bounds in time.
"""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SANITIZED = os.environ.get("WEIR_SANITIZED") == "1"
SLOW = 4 if SANITIZED else 1  # factor on time limits of the tests themselves


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


folders = [] # of the runs; a test that failed leaves them to be looked at


def remove_folders():
    for f in folders:
        shutil.rmtree(f, ignore_errors=True)


atexit.register(remove_folders)


def check(condition, text):
    if not condition:
        atexit.unregister(remove_folders)
        print("FAILED:", text)
        sys.exit(1)


class Sim:
    """`weir sim` with the given options; .url, .truth() after close()."""

    def __init__(self, weir, *options, truth=True):
        self.dir = tempfile.mkdtemp(prefix="weir-e2e-")
        self.truth_path = os.path.join(self.dir, "truth.jsonl") if truth else None
        args = [weir, "sim"]
        if "--listen" not in options:
            args += ["--listen", "127.0.0.1:0"]
        args += list(options)
        if truth:
            args += ["--truth", self.truth_path]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        check("listening on " in line, f"the simulator did not start: {line!r}")
        self.where = line.split("listening on ", 1)[1].strip()
        self.url = self.where

    def close(self):
        """Stop it; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20 * SLOW)

    def truth(self):
        """Truth lines by request id."""
        self.close()
        with open(self.truth_path) as f:
            lines = [json.loads(line) for line in f]
        return {t["id"]: t for t in lines}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Result:
    def __init__(self, directory, code, stdout, stderr, usage):
        self.dir, self.code, self.stdout, self.stderr, self.usage = directory, code, stdout, stderr, usage

    def path(self, name):
        return os.path.join(self.dir, name)

    def json(self, name):
        with open(self.path(name)) as f:
            return json.load(f)

    @property
    def summary(self):
        return self.json("summary.json")

    def lines(self, kind=None):
        with open(self.path("requests.jsonl")) as f:
            rows = [json.loads(line) for line in f]
        return [r for r in rows if kind is None or r["type"] == kind]

    @property
    def requests(self):
        return self.lines("request")

    @property
    def run(self):
        return self.lines("run")[0]


def clean_env(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "HF_"))
           and k not in ("OPENAI_API_KEY", "TOKENIZER")}
    env["XDG_STATE_HOME"] = "/nonexistent"  # no calibration of this machine in the output
    env.update(more)
    return env


def start(weir, *args, env=None, command="run", out=None, stderr=subprocess.PIPE, stdin=None):
    """Start `weir run ARGS` in a folder of its own; returns (process, folder)."""
    directory = out or tempfile.mkdtemp(prefix="weir-run-")
    if not out:
        folders.append(directory)
    words = [os.path.abspath(weir), command, *args]
    if command == "run":
        words += ["--output-dir", os.path.join(directory, "out")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr, stdin=stdin or subprocess.DEVNULL, text=True,
                               env=env or clean_env(), cwd=directory)
    return process, os.path.join(directory, "out")


def run(weir, *args, timeout=120, env=None, expect=0, stdin=None):
    """`weir run ARGS` to its end. expect: the exit code that is wanted; None: any. Exit 4 passes for 0 and 3: a machine whose
    processor was taken away meanwhile makes an honest verdict INVALID, and most tests are not about that."""
    process, directory = start(weir, *args, env=env, stdin=stdin)
    began = os.times()
    try:
        stdout, stderr = process.communicate(timeout=timeout * SLOW)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        check(False, f"weir run {' '.join(args)} did not end within {timeout * SLOW} s")
    ended = os.times()
    usage = ended.children_user + ended.children_system - began.children_user - began.children_system
    accepted = (expect, 4) if expect in (0, 3) else (expect,)
    if expect is not None and process.returncode not in accepted:
        print(stdout, stderr, sep="\n")
        check(False, f"weir run {' '.join(args)}: exit {process.returncode}, not {expect}")
    return Result(directory, process.returncode, stdout, stderr, usage)


def report(weir, directory, *args):
    return subprocess.run([weir, "report", directory, *args], capture_output=True, text=True, env=clean_env(),
                          timeout=60 * SLOW)


def stolen():
    """Share of this machine's processors that the hypervisor took away since the last call."""
    with open("/proc/stat") as f:
        ticks = [int(x) for x in f.readline().split()[1:9]]
    last, stolen.last = stolen.last, ticks
    total = sum(ticks) - sum(last)
    return (ticks[7] - last[7]) / total if total else 0.0


stolen.last = [0] * 8


def attempts(wanted=3, most=10, spoilt=0.02):
    """Numbers of attempts at a bound in time: `wanted` that count. One during which more than `spoilt` of the processors was
    taken away does not; when even `most` do not give `wanted`, the test is skipped: this machine cannot tell."""
    counted = 0
    for i in range(most):
        stolen()
        yield i
        share = stolen()
        if share <= spoilt:
            counted += 1
            if counted == wanted:
                return
        else:
            print(f"the hypervisor took {share:.0%} of the processors away: not counted")
    skip(f"the processors were taken away in {most - counted} of {most} attempts")


def quantile(values, q):
    values = sorted(values)
    check(values, "no values")
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, seconds, text):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    check(False, text)
