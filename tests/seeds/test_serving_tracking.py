#!/usr/bin/env python3
"""Seed document 1, first and next token latency per request: held against the simulator's truth, in both protocols; the flags with
and without a value; what --original-formulas makes of them."""
import os
import sys
import tempfile

from as_program import together
from lib import SANITIZED, check
from serving_lib import Serving, near, server

weir = sys.argv[1]
LOAD = ["--dataset-format", "Synthesis", "--num-prompts", "40", "--request-rate", "100", "--output-len-mean", "15", "--output-len-stddev",
        "4"]


def test_against_the_truth(folder):
    for protocol in ([], ["--openai"]):
        with server(weir) as sim:
            s = Serving(weir, folder, sim, *LOAD, *protocol, "--track-token-latency", "--track-input-output")
            pairs = s.pairs(sim.truth())
        check(len(pairs) == len(s.rows) == 40, f"{len(pairs)} and {len(s.rows)}")
        first = sum(t["tokens"][0] - t["received"] for _, t in pairs) / 40 / 1e9
        following = [(t["tokens"][-1] - t["tokens"][0]) / (t["output_tokens"] - 1) / 1e9 for _, t in pairs if t["output_tokens"] > 1]
        following = sum(following) / len(following)
        whole = sum(t["tokens"][-1] - t["received"] for _, t in pairs) / 40 / 1e9
        got = s.summary
        check(got["avg_first_token_latency"] >= first - 0.0006 and got["avg_latency"] >= whole - 0.0006, "a client waits no less")
        if not SANITIZED:
            near(got["avg_first_token_latency"], first, 0.006, f"{protocol}: first token")
            near(got["avg_next_token_latency"], following, 0.0015, f"{protocol}: next tokens")
            near(got["avg_latency"], whole, 0.01, f"{protocol}: whole latency")
        check(float(s.out["first"]) == got["avg_first_token_latency"] and float(s.out["next"]) == got["avg_next_token_latency"], "console")
        check(sorted(r[3] for r in s.rows) == sorted(t["output_tokens"] for _, t in pairs), "output_len")
        for r in s.rows:
            check(len(r) == 6 and abs(sum(r[5]) - r[4]) < 0.05 and all(g >= 0 for g in r[5]), f"first, then gaps up to the end: {r}")
            check(len(r[5]) == r[3] or not protocol, "a gap for each token")  # of bare text several may be one piece
        per = sum(r[4] / r[3] for r in s.rows) / 40
        near(got["avg_per_token_latency"], per, 0.0006, "mean of latency over tokens")


def test_flags(folder):
    """As flags, and with the value that the document's version of the program wants."""
    with server(weir) as sim:
        for words, tracked in (([], False), (["--track-token-latency"], True), (["--track_token_latency", "True"], True),
                               (["--track-token-latency=true", "--track_input_output", "1"], True),
                               (["--track_token_latency", "False"], False), (["--track-token-latency=0", "--progress"], False)):
            s = Serving(weir, folder, sim, "--dataset-format", "Synthesis", "--num-prompts", "3", "--max-new-tokens", "3", *words,
                        results=None)
            check((s.out["first"] is not None) == tracked, f"{words}: {s.done.stdout}")
            check(("words" in s.out["source"]) == tracked, f"{words}: a whole answer has the server's counts: {s.out['source']}")


def test_original_formulas(folder):
    """A server whose headers come late with the first token: the original's first latency leaves that out, and its requests per
    second count what failed."""
    words = ["--dataset-format", "Synthesis", "--num-prompts", "12", "--max-new-tokens", "5"]
    with server(weir, "--fault", "slow_headers:1:300ms") as sim:
        ours = Serving(weir, folder, sim, *words)
        theirs = Serving(weir, folder, sim, *words, "--original-formulas")
    check(ours.summary["avg_first_token_latency"] >= 0.32, f"{ours.summary}")
    check(theirs.summary["avg_first_token_latency"] < 0.29 or SANITIZED, f"{theirs.summary}")
    for r in ours.rows:
        near(sum(r[5]), r[4], 0.05, "ours lasts from the request's start")
    with server(weir, "--fault", "http500:0.5") as sim:
        ours = Serving(weir, folder, sim, *words)
        theirs = Serving(weir, folder, sim, *words, "--original-formulas")
    for s, n in ((ours, ours.summary["successful_requests"]), (theirs, 12)):
        near(s.summary["throughput_requests_per_s"] * s.summary["benchmark_time"], n, 0.02 * n + 0.1, f"counts {n}")
    check(0 < ours.summary["successful_requests"] < 12, "some failed")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-serving-") as folder:
        together(lambda: test_flags(folder), lambda: test_original_formulas(folder))
        test_against_the_truth(folder)


main()
