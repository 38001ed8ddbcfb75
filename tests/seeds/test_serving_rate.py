#!/usr/bin/env python3
"""Seed document 1, load generation: requests at a rate arrive as a Poisson process on one schedule, which the server's truth shows;
figures per second are those of the successful requests over the time that they took."""
import os
import sys
import tempfile

from as_program import together
from lib import SANITIZED, check
from serving_lib import Serving, near, server

weir = sys.argv[1]
RATE, N = 300, 300


def arrivals(truth):
    at = sorted(t["recv"] for t in truth.values())
    return [(b - a) / 1e9 for a, b in zip(at, at[1:])]


def test_poisson(folder):
    words = ["--dataset-format", "Synthesis", "--request-rate", str(RATE), "--num-prompts", str(N), "--max-new-tokens", "4"]
    runs = {}

    def first():
        with server(weir, "--max-seqs", "1000", "--fault", "http503:0.1") as sim:
            runs["s"] = Serving(weir, folder, sim, *words, "--seed", "3")
            runs["truth"] = sim.truth()

    def second():
        with server(weir, "--max-seqs", "1000") as sim:
            runs["again"] = Serving(weir, folder, sim, *words, "--seed", "3", "--openai")

    together(first, second)
    s, again, truth = runs["s"], runs["again"], runs["truth"]
    due = [[r["intended"] for r in sorted(x.records, key=lambda r: r["index"])] for x in (s, again)]
    steps = [[b - a for a, b in zip(d, d[1:])] for d in due]
    check(len(steps[0]) == N - 1 and steps[0] == steps[1], "a seed has its schedule, whatever is asked at it")
    gaps = [g / 1e9 for g in steps[0]]
    mean = sum(gaps) / len(gaps)
    cv = (sum((g - mean) ** 2 for g in gaps) / len(gaps)) ** 0.5 / mean
    near(mean, 1 / RATE, 4 / RATE / N ** 0.5, "mean gap, four standard errors")
    check(0.85 < cv < 1.15, f"exponential gaps have a standard deviation of their mean: {cv}")
    beyond = sum(g > 2 / RATE for g in gaps) / len(gaps)
    near(beyond, 0.1353, 0.07, "e^-2 of the gaps are longer than two means")
    if not SANITIZED:
        seen = arrivals(truth)
        near(sum(seen), sum(gaps), 0.1, "the server saw no drift")
    ok = [t for t in truth.values() if t["status"] == 200]
    check(int(s.out["good"]) == len(ok) and int(s.out["bad"]) == N - len(ok) > 0, f"{s.out}")
    check(s.out["why"] == f"http_503 {N - len(ok)}", s.out["why"])
    time = s.summary["benchmark_time"]
    first, last = min(r["intended"] for r in s.records), max(r["end"] for r in s.records)
    near(time, (last - first) / 1e9, 0.0006, "from the first instant to the last end")
    near(s.summary["throughput_requests_per_s"], len(ok) / time, 0.01 * RATE / time + 0.1, "successful requests per second")
    near(s.summary["output_throughput_tokens_per_s"], sum(t["output_tokens"] for t in ok) / time, 1, "output tokens per second")
    near(s.summary["input_throughput_tokens_per_s"], sum(t["prompt_tokens"] for t in ok) / time, 10, "input tokens per second")


def test_all_at_once(folder):
    with server(weir, "--max-seqs", "1000") as sim:
        s = Serving(weir, folder, sim, "--dataset-format", "Synthesis", "--num-prompts", "150", "--max-new-tokens", "4",
                    "--original-formulas")
        truth = sim.truth()
    check({r["intended"] for r in s.records} == {s.records[0]["intended"]}, "inf: all are due at the same instant")
    check(max(t["recv"] for t in truth.values()) - min(t["recv"] for t in truth.values()) < (5e9 if SANITIZED else 5e8), "and go then")
    check(s.summary["num_prompts"] == 150 and s.summary["successful_requests"] == 150, str(s.summary))


def main():
    with tempfile.TemporaryDirectory(prefix="weir-serving-") as folder:
        together(lambda: test_poisson(folder), lambda: test_all_at_once(folder))


main()
