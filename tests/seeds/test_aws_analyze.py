"""The analysis of a folder of results, of weir's and of oha's own."""
import os
import shutil
import sys

from aws import FAST, Lambda, together, near, read
from lib import check

weir = sys.argv[1]
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "oha-1.15.json")


def of_weir(w):
    with Lambda(weir, *FAST) as sim:
        w.run(weir, "aws_benchmark", sim.url, "400ms", "results", "-c", "2,10", "--pause", "0", MAX_TOKENS="32")
    folder = w.results()
    summary = read(folder, "benchmark_summary.json")["results"]
    done = w.run(weir, "analyze_results", folder)
    high = summary[1]
    for text in ("# AWS Benchmark Results Analysis", "**Test Runs**: 2", "**Concurrency Range**: C=2 to C=10",
                 "- **Peak RPS**: %.2f at C=10" % high["rps"], "- **Peak Tokens/Second**: ~%.0f" % high["tokens_per_sec"],
                 "- **SLO Compliance**: 2/2 runs under 2s P95", "## Detailed Results", "| C=10 | ", "## Recommendations",
                 "- **Best throughput**: C=10 achieving %.2f RPS" % high["rps"],
                 "- **Scaling efficiency**: %.1fx RPS improvement from C=2 to C=10" % (high["rps"] / summary[0]["rps"]),
                 "~%.0f tokens/min\n" % (60 * high["tokens_per_sec"]), "~%.0f tokens/min for" % (48 * high["tokens_per_sec"]),
                 "## Raw Data Files", "- `c10.json`: C=10 concurrency test"):
        check(text in done.out, f"{text!r} is not in {done.out}")
    w.run(weir, "analyze_results", "--input", folder, "--output", "analysis.json", "--json")
    analysis = w.json("analysis.json")
    for got, want in zip(analysis["results"], summary, strict=True):
        check(got["concurrency"] == want["concurrency"] and near(got["rps"], want["rps"])
              and near(got["p95_latency_ms"], want["p95_ms"]) and got["successful_requests"] == want["successful_requests"]
              and near(got["estimated_tokens_per_sec"], 32 * want["rps"]), f"{got} {want}")
        check(got["raw_data"] == read(folder, got["file"]), "the file itself")
    stats = analysis["summary_stats"]
    check(stats["total_test_runs"] == 2 and stats["concurrency_range"] == {"min": 2, "max": 10}
          and stats["latency_analysis"]["slo_compliant_runs"] == 2 and stats["peak_performance"]["best_concurrency"] == 10
          and near(stats["peak_performance"]["max_tokens_per_sec"], high["tokens_per_sec"]), f"{stats}")


def of_oha(w):
    """By hand: 60 of 75 answers were 2xx in 10 s, one request broke off, 4 were cut off by the end."""
    os.mkdir(w.path("oha"))
    for name in ("c8.json", "cluster.json"):
        shutil.copy(data, w.path("oha", name))
    with open(w.path("oha", "c9.json"), "w") as f:
        f.write('{"summary": {')
    done = w.run(weir, "analyze_results", "oha")
    check("| C=8  |   6.00 |     500 |    1500 |    2500 |     78.9% |          384 |        - |" in done.out, done.out)
    check("**Test Runs**: 1\n" in done.out and "0/1 runs" in done.out and "No level keeps P95" in done.out, done.out)
    check("Could not load oha/c9.json" in done.err, f"a broken file is named: {done.err}")
    done = w.run(weir, "analyze_results", "oha", "--original-formulas")
    check("|   8.00 |     500 |    1500 |    2500 |    100.0% |          512 |" in done.out and "1/1 runs" in done.out, done.out)
    check("~30720 tokens/min\n" in done.out and "~24576 tokens/min for" in done.out, "8 x 64 x 60, and 80 % of it")
    os.mkdir(w.path("bare"))
    with open(w.path("bare", "c4.json"), "w") as f:
        f.write('{"summary": {}, "latencyPercentiles": {"p95": 0.5}, "statusCodeDistribution": {"200": 9}}')
    done = w.run(weir, "analyze_results", "bare")
    check("`c4.json` tells no rate" in done.out and "nan" not in done.out and "inf" not in done.out, done.out)
    for words, expect, says in ((["nowhere"], 2, "does not exist"), ([w.path("oha", "c8.json")], 2, "not a directory"),
                                (["."], 1, "No OHA result files found")):
        done = w.run(weir, "analyze_results", *words, expect=expect)
        check(says in done.err, f"{words}: {done.err}")


together(of_weir, of_oha)
