"""qps_lib.py - what the tests of seed document 2 share: its dataset, `weir as benchmark` in a folder of its own, the printed
table as figures, and the simulator's truth of the same requests."""
import glob
import json
import os
import subprocess

from lib import SANITIZED, SLOW, check, clean_env, quantile

# The document's script for synthetic data, as it stands there but for its comments.
SYNTHETIC = '''
import json

conversations = []

for topic in ["weather", "time", "math", "facts"]:
    conversations.append({
        "prompt_content": "You are a helpful assistant.",
        "cut_chat_history": [
            {"role": "user", "content": f"Tell me about {topic}"}
        ]
    })

conversations.append({
    "prompt_content": "You are a coding tutor.",
    "cut_chat_history": [
        {"role": "user", "content": "How do I learn Python?"},
        {"role": "assistant", "content": "Start with basics like variables and loops."},
        {"role": "user", "content": "What are variables?"}
    ]
})

with open('conversations.json', 'w') as f:
    json.dump(conversations, f, indent=2)
'''
LEVEL_KEYS = ["qps_target", "actual_qps", "duration", "total_requests", "successful_requests", "failed_requests",
              "success_rate", "ttft", "e2e_latency", "tokens_per_sec", "cost_analysis", "actual_duration", "errors",
              "status_codes"]
METADATA_KEYS = ["timestamp", "endpoint", "model", "dataset", "qps_levels", "duration", "max_tokens", "temperature",
                 "percentiles", "show_tokens"]
PERCENTILES = ["p50", "p90", "p95", "p99"]


def make_dataset(folder):
    subprocess.run(["python3", "-c", SYNTHETIC], cwd=folder, check=True)
    with open(os.path.join(folder, "conversations.json")) as f:
        return json.load(f)


class Run:
    """`weir as benchmark` with the document's needed options; .results and .metadata where it wrote them."""

    def __init__(self, weir, folder, url, *options, expect=0, timeout=60, dataset="conversations.json",
                 model="meta-llama/Llama-3.1-8B-Instruct"):
        before = set(glob.glob(os.path.join(folder, "results", "*")))
        words = [os.path.abspath(weir), "as", "benchmark", "--endpoint", url + "/v1/chat/completions", "--api-key", "sk-xxxx",
                 "--model", model, "--dataset", dataset, *options]
        done = subprocess.run(words, cwd=folder, env=clean_env(), capture_output=True, text=True, timeout=timeout * SLOW)
        self.code, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr
        check(expect is None or done.returncode == expect, f"exit {done.returncode}:\n{done.stdout}\n{done.stderr}")
        made = sorted(set(glob.glob(os.path.join(folder, "results", "*"))) - before)
        check(len(made) <= 1, f"one folder a run: {made}")
        self.dir = made[0] if made else None
        self.results = self.json("benchmark_qps_results.json")
        self.metadata = self.json("metadata.json")

    def path(self, name):
        return os.path.join(self.dir, name)

    def json(self, name):
        if not self.dir or not os.path.exists(self.path(name)):
            return None
        with open(self.path(name)) as f:
            return json.load(f)

    def requests(self, level):
        with open(self.path("weir/requests.jsonl")) as f:
            rows = [json.loads(line) for line in f]
        return [r for r in rows if r["type"] == "request" and r.get("level", 0) == level]

    def table(self):
        """The heading, and the rows as lists of their cells' texts."""
        lines = self.stdout.split("\n")
        at = lines.index("QPS BENCHMARK RESULTS")
        check(lines[at - 1] == lines[at + 1] == "=" * 80, "the rules above and below the title")
        rows = []
        for line in lines[at + 3:]:
            if not line.strip() or line.startswith("QPS"):
                break
            rows.append(line)
        return lines[at + 2], rows

    def summary(self):
        lines = self.stdout.split("\n")
        at = lines.index("SUMMARY")
        return "\n".join(lines[at + 2:])


def cells(line, widths):
    out = []
    for w in widths:
        out.append(line[:w])
        check(line[w:w + 1] in (" ", ""), f"a column of {w} runs over: {line!r}")
        line = line[w + 1:]
    check(line == "", f"behind the last column: {line!r}")
    return [c.rstrip() for c in out]


def against_truth(r, level, truth, tolerance=0.25):
    """Figures of a level against the simulator's instants. A request's time at the client encloses that at the server, so each
    percentile is at least the server's; without sanitizers it is not much more."""
    rows = [q for q in r.requests(level) if q["outcome"] == "ok"]
    server = [truth[q["request_id"]] for q in rows]
    figures = r.results[level]
    ttft = [(t["tokens"][0] - t["recv"]) / 1e9 for t in server]
    whole = [(t["tokens"][-1] - t["recv"]) / 1e9 for t in server]
    rate = [t["output_tokens"] / w for t, w in zip(server, whole)]
    for name, values in (("ttft", ttft), ("e2e_latency", whole)):
        for p in PERCENTILES:
            want, got = quantile(values, int(p[1:]) / 100), figures[name][p]
            check(got >= want - 1e-6, f"{name} {p}: {got} s, less than the simulator's {want} s")
            check(SANITIZED or got <= want + tolerance, f"{name} {p}: {got} s, the simulator's {want} s")
    for p in PERCENTILES:
        want, got = quantile(rate, int(p[1:]) / 100), figures["tokens_per_sec"][p]
        check(got <= want + 1e-3, f"tokens/s {p}: {got}, more than the simulator's {want}")
        check(SANITIZED or got >= 0.15 * want, f"tokens/s {p}: {got}, the simulator's {want}")
