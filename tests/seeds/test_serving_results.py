#!/usr/bin/env python3
"""Seed document 1, saved results: --results-dir alone writes the statistics and each request with its response and latencies; the
files' names, keys and order; failures; folders that will not do."""
import json
import os
import re
import sys
import tempfile

from as_program import run
from lib import check, free_port, report
from serving_lib import KEYS, Serving, server

weir = sys.argv[1]
LOAD = ["--dataset-format", "Synthesis", "--num-prompts", "20", "--request-rate", "200", "--max-new-tokens", "6"]


def test_both_files(folder):
    with server(weir) as sim:
        s = Serving(weir, folder, sim, *LOAD, results="a/b")
        more = [Serving(weir, folder, sim, *LOAD, results="a/b") for _ in range(2)]
        truth = sim.truth()
        with open(s.file("summary_")) as f:
            text = f.read()
        check(text.count("\n") == 1 and text.endswith("}\n"), "one line")
        stamp = re.fullmatch(r"summary_(\d{8}-\d{6})\.json", os.path.basename(s.file("summary_")))
        check(stamp and os.path.basename(s.file("latency_tracking_")) == f"latency_tracking_{stamp[1]}.json", str(s.new))
        check(f'Results saved to "a/b/summary_{stamp[1]}.json" and "a/b/latency_tracking_{stamp[1]}.json"' in s.done.stdout, s.done.stdout)
        check("Saving results to a/b ..." in s.done.stdout, s.done.stdout)
        ends = {r["request_id"]: r["end"] for r in s.records}
        in_order = [r for r in sorted(s.records, key=lambda r: ends[r["request_id"]])]
        check([r[3] for r in s.rows] == [6] * 20 and [r[2] for r in s.rows] == [truth[r["request_id"]]["prompt_tokens"] for r in in_order],
              "each request, in the order of their ends")
        for row, record in zip(s.rows, in_order):
            check(abs(row[4] - (record["end"] - record["start"]) / 1e9) < 1e-8, "latency")
            check(row[0] == record["prompt"][6:-1] and row[1] == record["answer"], "prompt and response")
            check(len(row[0].split()) == row[2] and len(row[1].split()) == 6, "their lengths")
            check(abs(row[5][0] - (record["first_token"] - record["start"]) / 1e9) < 1e-8, "first token latency")
        mean = sum(r[4] for r in s.rows) / 20
        check(abs(s.summary["avg_latency"] - mean) <= 0.0006, f"{s.summary['avg_latency']}, {mean}")
        check(s.summary["percentiles"]["latency"]["p99"] <= max(r[4] for r in s.rows) + 1e-6, "percentiles")
        for key in KEYS[5:]:
            shown = re.search({"throughput_requests_per_s": r"\(QPS\): (\S+)", "input_throughput_tokens_per_s": r"Input .*: (\S+)",
                               "output_throughput_tokens_per_s": r"output .*: (\S+)", "avg_latency": r"per Request: (\S+)",
                               "avg_per_token_latency": r"per Token: (\S+)", "avg_first_token_latency": r"First Tokens: (\S+)",
                               "avg_next_token_latency": r"Next Tokens: (\S+)"}[key], s.done.stdout)[1]
            check(float(shown) == s.summary[key], f"{key}: {shown} and {s.summary[key]}")
        again = report(weir, os.path.join(s.dir, "weir"), "--json")
        check(again.returncode in (0, 4) and json.loads(again.stdout)["levels"][0]["requests"]["successful"] == 20, "weir report reads its run")
    check(len(os.listdir(os.path.join(folder, "a/b"))) == 9 and len(more) == 2, "further runs add to it")


def test_failures(folder):
    with server(weir, "--fault", "http500:0.3,truncate:0.2", "--seed", "4") as sim:
        s = Serving(weir, folder, sim, *LOAD, results="f")
        ok = sum(t["status"] == 200 and t["complete"] for t in sim.truth().values())
    check(len(s.rows) == ok == s.summary["successful_requests"] and s.summary["failed_requests"] == 20 - ok > 0, str(s.summary))
    check(sum(s.summary["errors"].values()) == 20 - ok and set(s.summary["errors"]) <= {"http_500", "truncated", "reset"}, str(s.summary))
    s = Serving(weir, folder, None, *LOAD, results="g", base=f"http://127.0.0.1:{free_port()}", expect=1)
    check(s.rows == [] and s.summary["avg_latency"] is None and s.summary["errors"] == {"refused": 20}, str(s.summary))


def test_folders(folder):
    with open(os.path.join(folder, "file"), "w") as f:
        f.write("x")
    for where, says in (("file", "file is not a directory"), ("file/sub", "--results-dir: ")):
        done = run(weir, "benchmark_serving", "--model-name", "m", *LOAD, "--results-dir", where, cwd=folder, expect=2)
        check(says in done.stderr and done.stdout == "", done.stderr)
    before = set(os.listdir(folder))
    run(weir, "benchmark_serving", "--model-name", "m", "--dataset-format", "IPEX", "--dataset", "none", "--results-dir", "new", cwd=folder,
        expect=2)
    check(set(os.listdir(folder)) == before, "nothing is made for what cannot run")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-serving-") as folder:
        test_both_files(folder)
        test_failures(folder)
        test_folders(folder)


main()
