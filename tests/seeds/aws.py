"""aws.py - what the tests of the programs for a chat endpoint behind an API Gateway share: `weir as NAME` in a folder of its
own, against `weir sim --preset lambda-proxy`, whose answers carry a Lambda function's headers."""
import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import tempfile

from lib import SLOW, Sim, check, clean_env

PATH = "/prod/chat/completions"
FAST = ("--ttft", "30ms", "--prefill", "0", "--itl", "300us")


class Lambda(Sim):
    def __init__(self, weir, *options, preset="lambda-proxy"):
        super().__init__(weir, "--quiet", "--preset", preset, *options)
        self.url = self.where + PATH

    def load(self):
        """Truth lines of the load, without the validation's one (whose prompt is one word)."""
        return [t for t in self.truth().values() if t["n"] > 0 and t["prompt_tokens"] > 1]


class Work:
    """A folder in which programs run; removed unless something failed."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="weir-seed-")
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def start(self, weir, name, *words, **env):
        return subprocess.Popen([os.path.abspath(weir), "as", name, *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.dir,
                                env=clean_env(**env))

    def run(self, weir, name, *words, expect=0, **env):
        process = self.start(weir, name, *words, **env)
        process.out, process.err = process.communicate(timeout=60 * SLOW)
        if process.returncode != expect:
            print(process.out, process.err, sep="\n")
            check(False, f"weir as {name} {words}: exit {process.returncode}, not {expect}")
        return process

    def json(self, *names):
        with open(self.path(*names)) as f:
            return json.load(f)

    def results(self, folder="results"):
        """The one aws_benchmark_STAMP in the folder."""
        found = glob.glob(self.path(folder, "aws_benchmark_*"))
        check(len(found) == 1, f"one folder aws_benchmark_* in {folder}, not {found}")
        return found[0]

    def shell(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=self.dir, capture_output=True, text=True, timeout=30 * SLOW)
        check(done.returncode == 0, f"{command}: exit {done.returncode}: {done.stderr}")
        return done.stdout


def together(*tests):
    """Each with a folder of its own, at the same time, since they mostly wait."""
    def one(test):
        with Work() as w:
            test(w)
    with concurrent.futures.ThreadPoolExecutor(len(tests)) as pool:
        for done in [pool.submit(one, t) for t in tests]:
            done.result()


def read(*names):
    with open(os.path.join(*names)) as f:
        return json.load(f)


def records(folder):
    with open(os.path.join(folder, "weir", "requests.jsonl")) as f:
        return [r for r in map(json.loads, f) if r["type"] == "request"]


def near(a, b, relative=1e-9):
    return abs(a - b) <= relative * max(abs(a), abs(b))


def served(truth):
    """When the simulator had each in hand: from its arrival to before the last write, which the client cannot be ahead of."""
    return [(t["recv"], t["tokens"][-1] if t["tokens"] else t["headers"]) for t in truth]


def most_at_once(spans):
    """Of (begin, end): how many of them at most overlap."""
    steps = sorted([(a, 1) for a, _ in spans] + [(b, -1) for _, b in spans], key=lambda s: (s[0], s[1]))
    now = most = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most
