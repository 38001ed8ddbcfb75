"""aws_benchmark summary: benchmark_summary.json and the table, by the document's jq commands, and what becomes of failures.

    ./aws/scripts/aws_benchmark.sh https://.../prod/chat/completions 120s ./my-results
    cat aws/bench/results/aws_benchmark_*/benchmark_summary.json | jq '.results[]'
    jq -r '.results[] | [.concurrency, .rps, .p95_ms, .estimated_tokens_per_sec] | @csv' .../benchmark_summary.json
"""
import csv
import datetime
import json
import shutil
import sys

from aws import FAST, Lambda, together, near, read, records
from lib import SANITIZED, check, quantile

weir = sys.argv[1]
KEYS = ["concurrency", "rps", "p50_ms", "p95_ms", "p99_ms", "total_requests", "successful_requests",
        "estimated_tokens_per_sec"]


def figures(w):
    with Lambda(weir, *FAST) as sim:
        done = w.run(weir, "aws_benchmark", sim.url, "600ms", "./aws/bench/results", "-c", "6,12", "--pause", "0s",
                     AWS_REGION="eu-west-1")
        folder = w.results("aws/bench/results")
        rows, truth = records(folder), sim.truth()
    summary = read(folder, "benchmark_summary.json")
    check(list(summary)[:5] == ["experiment_timestamp", "aws_region", "max_tokens", "test_duration", "results"]
          and list(summary["results"][0])[:8] == KEYS, f"the documented keys: {summary}")
    check(summary["aws_region"] == "eu-west-1" and summary["max_tokens"] == 64 and summary["test_duration"] == "600ms",
          f"what was asked: {summary}")
    check(datetime.datetime.fromisoformat(summary["experiment_timestamp"]).tzinfo is not None, "ISO 8601 with its offset")
    for level, result in enumerate(summary["results"]):
        mine = [r for r in rows if r["level"] == level]
        there = [truth[r["request_id"]] for r in mine]
        total = (max(r["end"] for r in mine) - min(r["start"] for r in mine)) / 1e9
        check(result["successful_requests"] == result["total_requests"] == len(there), "requests")
        check(near(result["rps"], len(there) / total, 0.02), f"rps {result['rps']}, not {len(there) / total}")
        check(near(result["estimated_tokens_per_sec"], result["rps"] * 64), "the estimate")
        tokens = sum(t["output_tokens"] for t in there)
        check(near(result["tokens_per_sec"], result["rps"] * tokens / len(there)) and result["token_source"] == "usage",
              f"tokens per second: {result}")
        for p, key in ((0.5, "p50_ms"), (0.95, "p95_ms"), (0.99, "p99_ms")):
            check(near(result[key], quantile([(r["end"] - r["start"]) / 1e6 for r in mine], p), 1e-6), f"{key}: {result}")
        served = quantile([(t["end"] - t["recv"]) / 1e6 for t in there], 0.5)
        check(result["p50_ms"] >= served - 1, f"not faster than the server: {result['p50_ms']} {served}")
        check(SANITIZED or result["p50_ms"] < served + 50, f"as fast as the server: {result['p50_ms']} {served}")
        line = next(x for x in done.out.splitlines() if x.startswith(f"C={result['concurrency']} ")).split()
        check(line[1:6] == ["%.2f" % result["rps"], "%.0f" % result["p50_ms"], "%.0f" % result["p95_ms"],
                            "%.0f" % result["p99_ms"], "%.0f" % result["estimated_tokens_per_sec"]], f"the table: {line}")
    check(done.out.index("=== BENCHMARK RESULTS ===") < done.out.index("Concurrency  RPS      P50(ms)    P95(ms)    "
                                                                       "P99(ms)    Est.Tokens/s"), "the table's head")
    check("Results saved to: ./aws/bench/results/" in done.out and "Summary file: " in done.out, "where")
    if not shutil.which("jq"):
        print("without jq its two commands are not tried")
        return
    objects = w.shell("cat aws/bench/results/aws_benchmark_*/benchmark_summary.json | jq '.results[]'")
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(objects.rstrip()):
        value, end = decoder.raw_decode(objects, at)
        found.append(value)
        at = end + 1
    check([x["concurrency"] for x in found] == [6, 12], f"jq '.results[]': {objects}")
    lines = list(csv.reader(w.shell("jq -r '.results[] | [.concurrency, .rps, .p95_ms, .estimated_tokens_per_sec] | @csv' "
                                    "aws/bench/results/aws_benchmark_*/benchmark_summary.json").splitlines()))
    for line, result in zip(lines, summary["results"], strict=True):
        want = [result[k] for k in ("concurrency", "rps", "p95_ms", "estimated_tokens_per_sec")]
        check(all(near(float(a), b) for a, b in zip(line, want, strict=True)), f"@csv: {line} {want}")


def limited(w):
    """Rate limiting: refusals are no successes, and their latencies are none."""
    with Lambda(weir, *FAST, "--limit", "2") as sim:
        done = w.run(weir, "aws_benchmark", sim.url, "300ms", "limited", "-c", "4", "--pause", "0")
        load = sim.load()
    result = read(w.results("limited"), "benchmark_summary.json")["results"][0]
    good = sum(t["status"] == 200 for t in load)
    check(0 < good < len(load) == result["total_requests"] and result["successful_requests"] == good, f"{good}: {result}")
    check(near(result["success_rate"], good / len(load)), "the share of 2xx")
    check(result["p50_ms"] > 45, f"refusals are no latencies: {result}")
    check("http_429" in done.out and "the API Gateway has limits" in done.out, f"what to do about it: {done.out}")


def refused(w):
    """An endpoint that only refuses."""
    with Lambda(weir, *FAST, "--fault", "http403:1") as sim:
        done = w.run(weir, "aws_benchmark", sim.url, "200ms", "refused", "-c", "2", "--pause", "0", expect=1)
        load = sim.load()
    result = read(w.results("refused"), "benchmark_summary.json")["results"][0]
    check(len(load) == result["total_requests"] > 0 and result["successful_requests"] == 0 and result["rps"] == 0
          and result["p95_ms"] is None and result["tokens_per_sec"] is None, f"nothing succeeded: {result}")
    check("WARNING: Endpoint validation failed (http_403" in done.out and "Continuing anyway..." in done.out, done.out)
    if shutil.which("jq"):
        line = w.shell("jq -r '.results[] | [.concurrency, .rps, .p95_ms, .estimated_tokens_per_sec] | @csv' "
                       "refused/aws_benchmark_*/benchmark_summary.json")
        check(line == "2,0,,0\n", f"jq of a run without successes: {line!r}")


def refused_as_oha_has_it(w):
    with Lambda(weir, *FAST, "--fault", "http403:1") as sim:
        w.run(weir, "aws_benchmark", sim.url, "200ms", "original", "-c", "2", "--pause", "0", "--original-formulas", expect=1)
    summary = read(w.results("original"), "benchmark_summary.json")
    result = summary["results"][0]
    check(summary["formulas"] == "oha" and result["rps"] > 0 and result["success_rate"] == 1 and result["p95_ms"] > 0,
          f"as oha has it, refusals are answers: {result}")


together(figures, limited, refused, refused_as_oha_has_it)
