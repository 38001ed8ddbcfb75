"""awscurl.py - what the tests of `weir as awscurl` share: a run in a folder of its own, and what it left there."""
import glob
import json
import os
import re
import subprocess
import tempfile

from lib import SLOW, check, clean_env, folders

KEYS = ["tokenizer", "totalTimeMills", "totalRequests", "failedRequests", "errorRate", "concurrentClients", "tps", "tokenThroughput",
        "totalTokens", "tokenPerRequest", "averageLatency", "averageTokenLatency", "p50Latency", "p90Latency", "p99Latency",
        "timeToFirstByte", "p50TimeToFirstByte", "p90TimeToFirstByte", "p99TimeToFirstByte", "tokenSource"]
ENDPOINT = "/endpoints/lmi-model/invocations"
STREAM = ENDPOINT + "-response-stream"
JSON = ("-H", "Content-Type: application/json")
OSCAR = '{"inputs":"The new movie that got Oscar this year","parameters":{"max_new_tokens":256, "do_sample":true}}'


class Ran:
    def __init__(self, folder, done):
        self.folder, self.code, self.stdout, self.stderr = folder, done.returncode, done.stdout, done.stderr

    @property
    def figures(self):
        return json.loads(self.stdout)

    def path(self, name):
        return os.path.join(self.folder, name)

    def records(self, prefix):
        """(client, ms of its end, request, answer) of each request, from the files of -o."""
        out = []
        for path in glob.glob(self.path(prefix) + ".*"):
            with open(path, newline="") as f:
                text = f.read()
            found = re.split(r"\ntimestamp: (\d+)\ninput: ", text)
            check(found[0] == "", f"{path} does not begin with a record: {text[:100]!r}")
            for stamp, rest in zip(found[1::2], found[2::2]):
                request, answer = rest.split("\noutput: ", 1)
                out.append((int(path.rsplit(".", 1)[1]), int(stamp), request, answer))
        return out


def folder():
    path = tempfile.mkdtemp(prefix="weir-seed-")
    folders.append(path)
    return path


def awscurl(weir, *args, where=None, expect=0, timeout=120, program=("as", "awscurl"), **env):
    where = where or folder()
    done = subprocess.run([os.path.abspath(weir), *program, *args], capture_output=True, text=True, errors="surrogateescape", cwd=where, env=clean_env(**env),
                          timeout=timeout * SLOW, stdin=subprocess.DEVNULL)
    if expect is not None and done.returncode != expect:
        print(done.stdout, done.stderr, sep="\n")
        check(False, f"awscurl {' '.join(args)}: exit {done.returncode}, not {expect}")
    return Ran(where, done)


def is_near(got, want, share, what, least=0.0):
    check(abs(got - want) <= max(share * abs(want), least), f"{what}: {got}, not {want}")


def holds_together(f, what):
    """The documented keys in their order, and what their definitions say of each other."""
    check([k for k in f if k in KEYS] == [k for k in KEYS if k in f], f"{what}: order of {list(f)}")
    good, wall = f["totalRequests"] - f["failedRequests"], f["totalTimeMills"] / 1e3
    is_near(f["tps"], good / wall, 0.01, f"{what}: tps", 0.01)
    if f["totalTokens"]:
        is_near(f["tokenThroughput"], f["totalTokens"] / wall, 0.01, f"{what}: tokenThroughput", 0.01)
        is_near(f["tokenPerRequest"], f["totalTokens"] / good, 0, f"{what}: tokenPerRequest", 0.51)
        is_near(f["averageTokenLatency"], f["averageLatency"] * good / f["totalTokens"], 0.01, f"{what}: averageTokenLatency", 0.01)
    check(f["p50Latency"] <= f["p90Latency"] <= f["p99Latency"], f"{what}: percentiles")
    check(f["p50TimeToFirstByte"] <= f["p90TimeToFirstByte"] <= f["p99TimeToFirstByte"], f"{what}: percentiles of the first byte")
