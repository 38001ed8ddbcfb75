"""streaming TTFT and headers: the client's times against the simulator's truth, and the X- headers against what was told, in
headers, trailers or comments, whatever their case.

    python3 aws/scripts/aws_streaming_bench.py --url ... --requests 50 --output streaming_results.json
    python3 aws/scripts/aws_streaming_bench.py --url ... --requests 100 --concurrency 4 --max-tokens 128 \
      --output streaming_high_concurrency.json
    python3 aws/scripts/aws_streaming_bench.py --url "$API_URL" --requests 200 --concurrency 8 --max-tokens 128 \
      --output detailed_streaming.json
"""
import os
import statistics
import sys

from aws import FAST, Lambda, most_at_once, near, served, together
from lib import SANITIZED, Sim, check, quantile

weir = sys.argv[1]
TIMES = ["count", "mean", "median", "p95", "p99", "min", "max"]
TOLD = ["count", "mean", "median", "p95", "p99"]


def stats(values):
    return {"count": len(values), "mean": statistics.mean(values), "median": statistics.median(values), "min": min(values),
            "max": max(values), "p50": statistics.median(values),
            **{name: quantile(values, q) for name, q in (("p90", .9), ("p95", .95), ("p99", .99))}}


def same(got, want, what):
    for key in got:
        check(near(got[key], want[key], 1e-6), f"{what}: {key} is {got[key]}, not {want[key]}")


def by_request(results, truth):
    """Told figures by what each answer says of itself, and the truth in the order in which answers ended."""
    rows = sorted(results["raw_results"], key=lambda r: r["request_id"])
    check([r["request_id"] for r in rows] == list(range(len(rows))), "each request once")
    told = sorted((t["told"]["tokens_per_second"], t["told"]["cost_per_1k_usd"], t["told"]["ttft_ms"]) for t in truth)
    mine = sorted((float(r["aws_headers"]["x-tokens-per-second"]), float(r["aws_headers"]["x-cost-per-1k-usd"]),
                   float(r["aws_headers"]["x-ttft-ms"])) for r in rows)
    check(mine == told, "the headers of each answer are those that were told")


def check_results(w, name, truth, *, requests, concurrency, tokens, streamed, out):
    results = w.json(name)
    config, s = results["benchmark_config"], results["statistics"]
    check(list(config)[:6] == ["url", "prompt", "max_tokens", "num_requests", "concurrency", "timestamp"]
          and (config["num_requests"], config["concurrency"], config["max_tokens"]) == (requests, concurrency, tokens),
          f"benchmark_config: {config}")
    check(list(s)[:10] == ["total_requests", "successful_requests", "failed_requests", "success_rate", "ttft_stats",
                           "total_latency_stats", "tokens_stats", "aws_ttft_stats", "aws_tokens_per_second_stats",
                           "aws_cost_per_1k_stats"], f"statistics: {list(s)}")
    check(list(s["ttft_stats"])[:7] == TIMES and list(s["total_latency_stats"])[:7] == TIMES
          and list(s["aws_ttft_stats"])[:5] == TOLD and list(s["aws_tokens_per_second_stats"])[:5] == TOLD
          and list(s["aws_cost_per_1k_stats"])[:5] == ["count", "mean", "median", "min", "max"]
          and list(s["tokens_stats"])[:3] == ["mean", "median", "total"], f"the documented keys: {s}")
    check((s["total_requests"], s["successful_requests"], s["failed_requests"], s["success_rate"]) == (requests, requests, 0, 1)
          and len(results["raw_results"]) == requests and results["failures"] == [], f"all came: {s}")
    check(len(truth) == requests and most_at_once(served(truth)) == concurrency
          and all(t["output_tokens"] == tokens and t["stream"] for t in truth), "the simulator saw just that")
    check(s["tokens_stats"] | {"per_second": 0} == {"mean": tokens, "median": tokens, "total": requests * tokens,
                                                    "token_source": "usage", "per_second": 0}, f"tokens: {s['tokens_stats']}")
    # what the client saw, against its own rows and against the simulator
    same(s["ttft_stats"], stats([r["ttft_s"] for r in results["raw_results"]]), "TTFT")
    same(s["total_latency_stats"], stats([r["total_s"] for r in results["raw_results"]]), "total")
    first = statistics.median([((t["tokens"][0] if streamed else t["headers"]) - t["recv"]) / 1e9 for t in truth])
    whole = statistics.median([(t["end"] - t["recv"]) / 1e9 for t in truth])
    for what, got, want in (("TTFT", s["ttft_stats"], first), ("total", s["total_latency_stats"], whole)):
        check(got["median"] > want - 0.002, f"{what}: not before the server sent it: {got} {want}")
        check(SANITIZED or got["median"] < want + 0.05, f"{what}: when the server sent it: {got} {want}")
    # what the function told
    by_request(results, truth)
    same(s["aws_ttft_stats"], stats([t["told"]["ttft_ms"] / 1000 for t in truth]), "AWS TTFT")
    same(s["aws_tokens_per_second_stats"], stats([t["told"]["tokens_per_second"] for t in truth]), "AWS tokens/s")
    same(s["aws_cost_per_1k_stats"], stats([t["told"]["cost_per_1k_usd"] for t in truth]), "AWS cost")
    for t in truth: # an instance of $1.21 an hour; rounding of two decimals on the way
        check(abs(t["told"]["cost_per_1k_usd"] - 1.21 / (t["told"]["tokens_per_second"] * 3600) * 1000) < 2e-6, f"cost: {t}")
    for line in (f"Running {requests} requests with concurrency {concurrency}", f"Max tokens: {tokens}",
                 "AWS STREAMING BENCHMARK RESULTS", f"Success Rate: 100.0% ({requests}/{requests})",
                 "Time to First Token (TTFT):\n  Mean: %.3fs" % s["ttft_stats"]["mean"],
                 "Total Latency:\n  Mean: %.3fs" % s["total_latency_stats"]["mean"],
                 f"Mean per request: {tokens:.1f}\n  Total tokens: {requests * tokens}",
                 "AWS TTFT (from Lambda headers):\n  Mean: %.3fs" % s["aws_ttft_stats"]["mean"],
                 "AWS Tokens/Second (from Lambda headers):\n  Mean: %.1f tok/s" % s["aws_tokens_per_second_stats"]["mean"],
                 "AWS Cost per 1k tokens (from Lambda headers):\n  Mean: $%.5f" % s["aws_cost_per_1k_stats"]["mean"],
                 f"Results saved to: {name}"):
        check(line in out, f"{line!r} is not in {out}")
    check(("not streamed to the client" in out) == (not streamed), f"whether it was streamed is said: {out}")
    return results


def of_load(sim):
    """Without the one request that settles what the server takes."""
    truth = sorted((t for t in sim.truth().values() if t["n"] > 0), key=lambda t: t["n"])
    return truth[1:]


def basic(w):
    with Lambda(weir, *FAST) as sim:
        done = w.run(weir, "aws_streaming_bench", "--url", sim.url, "--requests", "50", "--output", "streaming_results.json",
                     "--max-tokens", "24")
        truth = of_load(sim)
    check_results(w, "streaming_results.json", truth, requests=50, concurrency=1, tokens=24, streamed=False, out=done.out)


def high_concurrency(w):
    with Lambda(weir, *FAST, preset="lambda-stream") as sim:
        done = w.run(weir, "aws_streaming_bench", "--url", sim.url, "--requests", "100", "--concurrency", "4", "--max-tokens",
                     "128", "--output", "streaming_high_concurrency.json")
        truth = of_load(sim)
    results = check_results(w, "streaming_high_concurrency.json", truth, requests=100, concurrency=4, tokens=128,
                            streamed=True, out=done.out)
    check(results["benchmark_config"]["http_version"] == "1.1", "http without TLS: HTTP/1.1, and trailers behind chunks")


def detailed(w):
    with Lambda(weir, *FAST, "--tls", "--write-cert", w.path("sim.pem"), preset="lambda-stream") as sim:
        done = w.run(weir, "aws_streaming_bench", "--url", sim.url, "--requests", "200", "--concurrency", "8", "--max-tokens",
                     "128", "--output", "new/folder/detailed_streaming.json", "--cacert", w.path("sim.pem"))
        truth = of_load(sim)
    results = check_results(w, "new/folder/detailed_streaming.json", truth, requests=200, concurrency=8, tokens=128,
                            streamed=True, out=done.out)
    check(results["benchmark_config"]["http_version"] == "2", "https: HTTP/2")


def failures(w):
    """Failures are listed with what the server said, and are in no latency; figures as the original counts them."""
    with Lambda(weir, "--ttft", "10ms", "--itl", "1ms", "--fault", "http500:0.3", "--seed", "2") as sim:
        done = w.run(weir, "aws_streaming_bench", "--url", sim.url, "--requests", "40", "--max-tokens", "5", "--output",
                     "f.json", "--original-formulas")
        truth = [t for t in sim.truth().values() if t["n"] > 0][-40:]
    results = w.json("f.json")
    s, bad = results["statistics"], sum(t["status"] == 500 for t in truth)
    check(0 < bad < 40 and s["failed_requests"] == bad == len(results["failures"]) and s["success_rate"] == 1 - bad / 40,
          f"{bad} failed: {s}")
    check(all(f["ok"] is False and f["ttft_s"] is None and f["error"].startswith("HTTP 500: ") and "A simulated failure" in
              f["error"] for f in results["failures"]), f"the error's text: {results['failures'][:1]}")
    check(s["tokens_stats"]["token_source"] == "chunks" and s["tokens_stats"]["mean"] == 5, "pieces of the stream")
    ordered = sorted(r["ttft_s"] for r in results["raw_results"])
    check(s["ttft_stats"]["p95"] == ordered[round(0.95 * (len(ordered) - 1))], "the original's percentile: round half to even")
    check("http_500" in done.err and "CloudWatch" in done.err, f"what to do about it: {done.err}")


def refused(w):
    """What refuses everything is listed too."""
    with Lambda(weir, "--fault", "http403:1") as sim:
        done = w.run(weir, "aws_streaming_bench", "--url", sim.url, "--requests", "3", "--output", "r.json", expect=1)
    results = w.json("r.json")
    s = results["statistics"]
    check(s["success_rate"] == 0 and s["ttft_stats"]["count"] == 0 and s["ttft_stats"]["p95"] is None
          and [f["error"][:8] for f in results["failures"]] == ["HTTP 403"] * 3, f"{results}")
    check("Success Rate: 0.0% (0/3)" in done.out and "http_403" in done.err, f"{done.out} {done.err}")


def without_headers(w):
    """Another server's answers have none: null, and said."""
    with Sim(weir, "--quiet", "--ttft", "5ms", "--itl", "1ms") as sim:
        done = w.run(weir, "aws_streaming_bench", "--url", sim.url + "/v1/chat/completions", "--requests", "3", "--max-tokens",
                     "2", "--output", "n.json")
    s = w.json("n.json")["statistics"]
    check(s["aws_ttft_stats"] is None and s["aws_tokens_per_second_stats"] is None and s["aws_cost_per_1k_stats"] is None,
          f"no headers: {s}")
    check("no answer had X-TTFT-MS" in done.out and "AWS TTFT" not in done.out, f"it is said: {done.out}")


def wrong(w):
    os.mkdir(w.path("folder"))
    with Lambda(weir) as sim:
        for words, says in ((["--requests", "3"], "--url"), (["--url", sim.url, "--requests", "0"], "--requests"),
                            (["--url", sim.url, "--max-tokens", "x"], "--max-tokens"), (["--url", "http://"], "http://"),
                            (["--url", sim.url, "--output", "folder"], "folder"),
                            (["--url", sim.url, "--output", "/dev/null/x/y"], "/dev/null"),
                            (["--url", sim.url, "--prompt", ""], "--prompt"), (["--url", sim.url, "--reqests", "3"], "--requests")):
            done = w.run(weir, "aws_streaming_bench", *words, expect=2)
            check(says in done.err, f"{words}: {done.err}")
        check(len(sim.truth()) == 0, "nothing was sent")


together(basic, high_concurrency, detailed, failures, refused, without_headers, wrong)
