"""The clients that the programs for a chat endpoint behind an API Gateway stand for: httpx, which the streaming script asks with,
and oha, by which the load script measures (only where it is installed: it is not built here). Both and weir do the same work
against the simulator, and find the same."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from foreign import SLOW, check, skip, venv
from lib import SANITIZED, Sim, clean_env

WEIR = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
SCRATCH = tempfile.mkdtemp(prefix="weir-aws-")
PATH = "/prod/chat/completions"


def call(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=120 * SLOW, cwd=SCRATCH, env=clean_env())
    check(done.returncode == 0, f"{words[:4]}: exit {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}")
    return done.stdout


def alike(a, b, what, share=0.1, slack=0.01):
    print(f"{what}: {a:.5g} and {b:.5g}")
    check(SANITIZED or abs(a - b) <= share * max(a, b) + slack, f"{what}: {a} and {b}")


def with_httpx(preset, streamed):
    python = os.path.join(venv("httpx-h2", "httpx[http2]"), "python")
    with Sim(WEIR, "--quiet", "--preset", preset, "--tls", "--ttft", "300ms", "--itl", "10ms", "--prefill", "0",
             truth=False) as sim:
        url = sim.url + PATH
        theirs = json.loads(call(python, os.path.join(HERE, "httpx_stream.py"), url, "12", "4", "40"))
        call(WEIR, "as", "aws_streaming_bench", "--url", url, "--requests", "12", "--concurrency", "4", "--max-tokens", "40",
             "--insecure", "--output", "ours.json")
    with open(os.path.join(SCRATCH, "ours.json")) as f:
        ours = json.load(f)
    s = ours["statistics"]
    check(all(t["version"] == "HTTP/2" for t in theirs) and ours["benchmark_config"]["http_version"] == "2", "both by HTTP/2")
    check(all(t["chunks"] == 40 for t in theirs) and s["tokens_stats"]["total"] == 12 * 40, "tokens")
    # the quickest of each: the others hang on what else the machine does
    alike(s["ttft_stats"]["min"], min(t["ttft_s"] for t in theirs), f"{preset}: TTFT", slack=0.2)
    alike(s["total_latency_stats"]["min"], min(t["total_s"] for t in theirs), f"{preset}: total", slack=0.2)
    if not streamed: # httpx shows headers, and neither trailers nor comments
        told = {name: [float(t["headers"][name]) for t in theirs]
                for name in ("x-ttft-ms", "x-tokens-per-second", "x-cost-per-1k-usd")}
        rates = [float(r["aws_headers"]["x-tokens-per-second"]) for r in ours["raw_results"]]
        alike(min(float(r["aws_headers"]["x-ttft-ms"]) for r in ours["raw_results"]), min(told["x-ttft-ms"]),
              f"{preset}: X-TTFT-MS", slack=2)
        alike(max(rates), max(told["x-tokens-per-second"]), f"{preset}: X-Tokens-Per-Second")
        alike(s["aws_cost_per_1k_stats"]["min"], min(told["x-cost-per-1k-usd"]), f"{preset}: X-Cost-Per-1K-USD", slack=1e-4)
        names = set(ours["raw_results"][0]["aws_headers"])
        check(names == {n for n in theirs[0]["headers"] if n not in ("x-request-id", "x-endpoint")}, f"the headers: {names}")


def find_oha():
    cargo = os.path.expanduser("~/.cargo/bin/oha")
    return os.environ.get("WEIR_OHA") or shutil.which("oha") or (cargo if os.access(cargo, os.X_OK) else None)


def shape(value, name=""):
    if isinstance(value, dict) and not name.endswith(("Histogram", "Distribution")) and name != "weir":
        return {k: shape(v, k) for k, v in value.items() if k != "weir"}
    return None


def with_oha(oha):
    with Sim(WEIR, "--quiet", "--preset", "lambda-proxy", "--ttft", "60ms", "--itl", "1ms", "--prefill", "0", "--jitter",
             "uniform:0.8,1.2", "--fault", "http503:0.1", truth=False) as sim:
        url = sim.url + PATH
        call(WEIR, "as", "aws_benchmark", url, "3s", "ours", "-c", "8", "--original-formulas")
        folder = os.path.join(SCRATCH, "ours", os.listdir(os.path.join(SCRATCH, "ours"))[0])
        theirs = json.loads(call(oha, "--no-tui", "--http2", "-z", "3s", "-c", "8", "--output-format", "json", "-m", "POST", "-H",
                                 "Content-Type: application/json", "-D", os.path.join(folder, "payload.json"), url))
    with open(os.path.join(folder, "c8.json")) as f:
        ours = json.load(f)
    check(shape(ours) == shape(theirs), f"the keys: {shape(ours)} {shape(theirs)}")
    for part, key in (("summary", "requestsPerSec"), ("summary", "average"), ("summary", "successRate"), ("summary", "total"),
                      ("latencyPercentiles", "p25"), ("latencyPercentiles", "p50"), ("latencyPercentiles", "p90"),
                      ("firstBytePercentiles", "p50")):
        alike(ours[part][key], theirs[part][key], f"oha: {part}.{key}")
    check(set(ours["statusCodeDistribution"]) == set(theirs["statusCodeDistribution"]) == {"200", "503"},
          f"statuses: {ours['statusCodeDistribution']} {theirs['statusCodeDistribution']}")
    alike(ours["statusCodeDistribution"]["503"] / sum(ours["statusCodeDistribution"].values()),
          theirs["statusCodeDistribution"]["503"] / sum(theirs["statusCodeDistribution"].values()), "oha: refused", slack=0.1)
    file = os.path.join(SCRATCH, "c8.json")
    with open(file, "w") as f:
        json.dump(theirs, f)
    page = call(WEIR, "as", "analyze_results", SCRATCH, "--original-formulas")
    check("| C=8  | %6.2f |" % theirs["summary"]["requestsPerSec"] in page, f"the page of oha's own file: {page}")


try:
    with_httpx("lambda-proxy", False)
    with_httpx("lambda-stream", True)
    if not find_oha():
        skip("the rest passed; oha is not installed (cargo install oha)")
    with_oha(find_oha())
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
