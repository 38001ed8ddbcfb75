"""serving_lib.py - benchmark_serving against the simulator: its console as numbers, its two result files, and what truly happened."""
import glob
import itertools
import json
import os
import re

from as_program import run
from lib import Sim, check

MODEL = "gpt-j-6b"
N = r"(\d+\.\d{3}|none)"
CONSOLE = re.compile(
    rf"Total time: (?P<time>\d+\.\d{{3}}) s\n"
    r"Prompt Length \(Min/Med/Max\): (?:(?P<least>\d+) / (?P<mid>\d+(?:\.5)?) / (?P<most>\d+)|not known)\n"
    rf"Request Throughput \(QPS\): {N} requests/s\n"
    rf"Input Token Throughput: {N} tokens/s\n"
    rf"output Token Throughput: {N} tokens/s\n"
    rf"Average latency per Request: {N}(?: s)?\n"
    rf"Average latency per Token: {N}(?: s)?\n"
    rf"(?:Average latency for First Tokens: (?P<first>\d+\.\d{{3}}) s\n"
    rf"Average latency for Next Tokens: (?P<next>\d+\.\d{{3}}) s\n)?"
    r"Requests: (?P<good>\d+) successful, (?P<bad>\d+) failed(?: \((?P<why>.*)\))?\n"
    r"(?:Tokens counted by: (?P<source>.*)\n)?"
    r"(?P<saved>Saving results to .* \.\.\.\nResults saved to \"(.*)\" and \"(.*)\"\n)?")
KEYS = ["num_prompts", "benchmark_time", "min_prompt_len", "med_prompt_len", "max_prompt_len", "throughput_requests_per_s",
        "input_throughput_tokens_per_s", "output_throughput_tokens_per_s", "avg_latency", "avg_per_token_latency",
        "avg_first_token_latency", "avg_next_token_latency"]


numbers = itertools.count()


class Serving:
    """One run: .out (console), .summary, .rows (latency_tracking), .records (weir's own), .truth (of its requests)."""

    def __init__(self, weir, folder, sim, *words, expect=0, env=None, results="", name=MODEL, base=None):
        if results == "":
            results = f"results{next(numbers)}"
        more = ["--results-dir", results] if results else []
        before = set(glob.glob(os.path.join(folder, results or "none", "*")))
        self.done = run(weir, "benchmark_serving", "--model_endpoint_base", base or sim.url, "--model_name", name, *words, *more,
                        cwd=folder, env=env, expect=expect)
        m = CONSOLE.fullmatch(self.done.stdout)
        check(m, f"not the documented lines:\n{self.done.stdout}{self.done.stderr}")
        self.out = m.groupdict()
        self.new = sorted(set(glob.glob(os.path.join(folder, results or "none", "*"))) - before)
        if not results:
            return
        self.summary = json.load(open(self.file("summary_")))
        self.rows = json.load(open(self.file("latency_tracking_")))
        self.dir = self.file("run_")
        with open(os.path.join(self.dir, "weir", "requests.jsonl")) as f:
            self.records = [r for r in map(json.loads, f) if r["type"] == "request"]
        check(list(self.summary)[:12] == KEYS, f"the documented keys in their order: {list(self.summary)}")

    def file(self, prefix):
        found = [p for p in self.new if os.path.basename(p).startswith(prefix)]
        check(len(found) == 1, f"{prefix}: {self.new}")
        return found[0]

    def pairs(self, truth):
        return [(r, truth[r["request_id"]]) for r in self.records if r["outcome"] == "ok"]


def server(weir, *options):
    return Sim(weir, "--model", MODEL, "--ttft", "20ms", "--itl", "2ms", "--prefill", "0us", *options)


def near(got, want, slack, what):
    check(abs(got - want) <= slack, f"{what}: {got}, and not {want} within {slack}")
