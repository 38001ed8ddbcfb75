"""The quick start of the AWS document on the local twin (deploy/local/up), by its own commands: gateway and simulated endpoint in
place of the stack, durations shorter. Figures are held against the simulator's truth.

    cd aws/terraform; terraform init; terraform plan; terraform apply; terraform output -raw api_gateway_url
    ./aws/scripts/aws_benchmark.sh https://.../prod/chat/completions [120s ./my-results]
    python3 aws/scripts/aws_streaming_bench.py --url ... --requests 50 --output streaming_results.json
    python3 aws/scripts/aws_streaming_bench.py --url ... --requests 100 --concurrency 4 --max-tokens 128 --output ...
    cat aws/bench/results/aws_benchmark_*/benchmark_summary.json | jq '.results[]'; jq -r '... | @csv' ...
"""
import csv
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from aws import near, read, together
from lib import SANITIZED, SLOW, check, clean_env

weir = os.path.abspath(sys.argv[1])
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LOCAL = os.path.join(ROOT, "deploy", "local")
ITL = 0.001
QUICK = ("--ttft", "30ms", "--prefill", "0", "--itl", "1ms", "--itl-per-seq", "0us", "--jitter", "uniform:0.999,1.001")


class Twin:
    """`deploy/local/up` in a folder of its own, and the document's commands in it."""

    def __init__(self, *options):
        self.base = tempfile.mkdtemp(prefix="weir-twin-")
        self.dir, self.truth_path = os.path.join(self.base, "twin"), os.path.join(self.base, "truth.jsonl")
        self.env = clean_env(WEIR=weir, PORT="0", CHECKPOINT_DISABLE="1")
        self.options = options
        done = self.up()
        check(done.returncode == 0, f"up: {done.stderr}")
        said = re.fullmatch(r"export API_URL=(http://127\.0\.0\.1:\d+/prod/chat/completions)\n", done.stdout)
        check(said, f"what up prints: {done.stdout!r}")
        self.env["API_URL"] = self.url = said.group(1)

    def script(self, name, *words):
        # files, not pipes: what `up` leaves running would hold a pipe open
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run([os.path.join(LOCAL, name), *words], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                  env=self.env, cwd=self.base, timeout=60 * SLOW)
            for f in (out, err):
                f.seek(0)
            done.stdout, done.stderr = out.read(), err.read()
        return done

    def up(self):
        return self.script("up", self.dir, "--", *QUICK, "--truth", self.truth_path, *self.options)

    def sh(self, command, **env):
        done = subprocess.run(["bash", "-ec", command], cwd=self.dir, capture_output=True, text=True, timeout=60 * SLOW,
                              input="yes\n", env=self.env | env)
        check(done.returncode == 0, f"{command}: exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def pids(self):
        with open(self.path("pids")) as f:
            return [int(p) for p in f]

    def metrics(self):
        """Lines of embedded metric format."""
        with open(self.path("logs", "gateway.log")) as f:
            return [json.loads(line) for line in f if line.startswith("{")]

    def truth(self):
        """Stops it; what the simulator served, but the clients' own questions before a run."""
        pids = self.pids()
        done = self.script("down", self.dir)
        check(done.returncode == 0, f"down: {done.stderr}")
        check(not os.path.exists(self.path("pids")) and not any(alive(p) for p in pids), "both have ended")
        for name in ("simulator.err", "gateway.err"):
            with open(self.path("logs", name)) as f:
                text = f.read()
            check("Sanitizer" not in text and "runtime error" not in text, f"{name}: {text[:3000]}")
        with open(self.truth_path) as f:
            return [t for t in map(json.loads, f) if t["n"] > 0]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if os.path.exists(self.path("pids")):
            self.script("down", self.dir)
        if kind is None:
            shutil.rmtree(self.base, ignore_errors=True)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def terraform(twin):
    """Section 1, with whichever program is there: it makes nothing, and puts out what the scripts need."""
    program = next(filter(shutil.which, ("terraform", "tofu")), None)
    if not program:
        print("no terraform and no tofu: section 1 only by deploy/local/up")
        return
    out = twin.sh(f"cd aws/terraform\n{program} init -no-color\n{program} plan -no-color\n{program} apply -no-color")
    check("0 added, 0 changed, 0 destroyed" in out and twin.url in out, f"apply: {out}")
    check(twin.sh(f"cd aws/terraform && {program} output -raw api_gateway_url") == twin.url, "the output is the chat URL")
    check(twin.sh(f"cd aws/terraform && {program} output -raw endpoint_name") == "samllm-endpoint", "the endpoint's name")


def levels(twin, folder, out, tokens):
    """A folder of aws_benchmark.sh against itself and the table; returns how many requests it has."""
    found = glob.glob(twin.path(folder, "aws_benchmark_*"))
    check(len(found) == 1, f"one folder in {folder}: {found}")
    summary = read(found[0], "benchmark_summary.json")
    rows = summary["results"]
    check([r["concurrency"] for r in rows] == [6, 12, 24, 32] and summary["max_tokens"] == tokens, f"levels: {summary}")
    for r in rows:
        check(r["total_requests"] == r["successful_requests"] > r["concurrency"], f"all came: {r}")
        check(near(r["estimated_tokens_per_sec"], r["rps"] * tokens) and near(r["tokens_per_sec"], r["rps"] * tokens, 1e-6),
              f"tokens per second, estimated and counted: {r}")
        shortest = 1000 * (0.03 + (tokens - 1) * ITL) * 0.98
        check(r["p50_ms"] > shortest and (SANITIZED or r["p50_ms"] < 3 * shortest), f"the model takes {shortest} ms: {r}")
        row = re.search(rf"^C={r['concurrency']} +([\d.]+) +(\d+) +(\d+) +(\d+) +(\d+)", out, re.M)
        want = [f"{r['rps']:.2f}"] + [f"{r[k]:.0f}" for k in ("p50_ms", "p95_ms", "p99_ms", "estimated_tokens_per_sec")]
        check(row and list(row.groups()) == want, f"the table's row {row} is {want}")
        check(os.path.exists(os.path.join(found[0], f"c{r['concurrency']}.json")), "oha's file of the level")
    return sum(r["total_requests"] for r in rows)


def analysis(twin):
    """Section "Result Analysis", as it stands."""
    rows = read(glob.glob(twin.path("aws/bench/results/aws_benchmark_*"))[0], "benchmark_summary.json")["results"]
    text = twin.sh("cat aws/bench/results/aws_benchmark_*/benchmark_summary.json | jq '.results[]'")
    shown, at = [], 0
    while at < len(text.rstrip()):
        row, used = json.JSONDecoder().raw_decode(text[at:].lstrip())
        at += len(text[at:]) - len(text[at:].lstrip()) + used
        shown.append(row)
    check(shown == rows, "jq shows the rows")
    text = twin.sh("jq -r '.results[] | [.concurrency, .rps, .p95_ms, .estimated_tokens_per_sec] | @csv' \\\n"
                   "  aws/bench/results/aws_benchmark_*/benchmark_summary.json")
    got = [[float(x) for x in line] for line in csv.reader(text.splitlines())]
    want = [[r[k] for k in ("concurrency", "rps", "p95_ms", "estimated_tokens_per_sec")] for r in rows]
    check(len(got) == 4 and all(near(a, b, 1e-9) for g, w in zip(got, want) for a, b in zip(g, w)), f"csv: {got} {want}")


def streaming(twin, name, out, requests, tokens):
    """A result of aws_streaming_bench.py: streamed, the client's TTFT beside the gateway's, and costs from speeds."""
    results = read(twin.path(name))
    s, rows = results["statistics"], results["raw_results"]
    check((s["total_requests"], s["successful_requests"], s["success_rate"]) == (requests, requests, 1), f"all came: {s}")
    check(s["tokens_stats"]["total"] == requests * tokens and s["tokens_stats"]["token_source"] == "usage", f"tokens: {s}")
    check("not streamed to the client" not in out and f"Success Rate: 100.0% ({requests}/{requests})" in out, f"it streams: {out}")
    late = []
    for r in rows:
        told = r["aws_headers"]
        ttft, speed, cost = (float(told[h]) for h in ("x-ttft-ms", "x-tokens-per-second", "x-cost-per-1k-usd"))
        check(int(told["x-completion-tokens"]) == tokens, f"X-Completion-Tokens: {told}")
        # the header has whole milliseconds, and counts from the request's arrival at the gateway
        late.append(r["ttft_s"] * 1000 - ttft)
        check(late[-1] > -1, f"the client has no token before the gateway: {r}")
        check(ttft >= 29 and r["total_s"] - r["ttft_s"] > (tokens - 1) * ITL * 0.9, f"first token, and the others behind it: {r}")
        check(abs(cost - 1.21 / (speed * 3600) * 1000) < 2e-6, f"an instance costs 1.21 USD an hour: {told}")
        check(speed <= tokens / (0.03 + (tokens - 1) * ITL) * 1.05, f"no faster than the model: {told}")
    middle = statistics.median(late)
    check(SANITIZED or middle < 5, f"the client's TTFT is the gateway's, but for the way: {middle} ms")
    check(s["aws_ttft_stats"]["count"] == s["aws_tokens_per_second_stats"]["count"] == s["aws_cost_per_1k_stats"]["count"]
          == requests, f"each answer had the headers: {s}")
    for line in ("AWS TTFT (from Lambda headers):\n  Mean: %.3fs" % s["aws_ttft_stats"]["mean"],
                 "AWS Cost per 1k tokens (from Lambda headers):\n  Mean: $%.5f" % s["aws_cost_per_1k_stats"]["mean"]):
        check(line in out, f"{line!r} is not in {out}")


def refuses(twin):
    """A second start, another's folder, and an endpoint that takes nothing unsigned."""
    again = twin.up()
    check(again.returncode == 1 and "up already" in again.stderr and again.stdout == "", f"a second up: {again.stderr}")
    other = twin.script("up", twin.base)
    check(other.returncode == 1 and "something else" in other.stderr, f"another's folder: {other.stderr}")
    with open(twin.path("logs", "simulator.log")) as f:
        endpoint = f.readline().split("listening on ")[1].strip() + "/endpoints/samllm-endpoint/invocations"
    try:
        urllib.request.urlopen(urllib.request.Request(endpoint, data=b'{"messages":[]}', method="POST"), timeout=10 * SLOW)
        check(False, "the endpoint takes an unsigned request")
    except urllib.error.HTTPError as e:
        check(e.code == 403, f"an unsigned request gets {e.code}")


def told_to_cloudwatch(twin, truth, unknown=()):
    """A metric line per answer with the truth's tokens, and all that dashboard, alarms and scaling read is among them (but
    `unknown`, which answers that do not stream cannot tell)."""
    lines = twin.metrics()
    check(sum(m.get("CompletionTokens", 0) for m in lines) == sum(t["output_tokens"] for t in truth)
          and sum(m["RequestCount"] for m in lines) == len(lines) == len(truth), "the truth's tokens and requests")
    metrics = {d["Name"] for m in lines for c in m["_aws"]["CloudWatchMetrics"] for d in c["Metrics"]}
    check({c["Namespace"] for m in lines for c in m["_aws"]["CloudWatchMetrics"]} == {"LLM/Serving"}, "the namespace")
    wanted = set()
    for path in glob.glob(os.path.join(ROOT, "deploy", "aws", "terraform", "*.t*")):
        with open(path) as f:
            text = f.read()
        wanted |= set(re.findall(r'"LLM/Serving", "(\w+)"', text)) | set(re.findall(r'local\.namespace\s*,?\s*(?:metric_)?name\s*= "(\w+)"', text))
    check(len(wanted) >= 7 and wanted - metrics == set(unknown), f"{wanted - metrics} is read and never written")


def load():
    """The load test as it stands, and the analysis of its results."""
    with Twin() as twin:
        refuses(twin)
        out = twin.sh('./aws/scripts/aws_benchmark.sh "$API_URL" 1s ./results --pause 50ms')
        sent = levels(twin, "aws/bench/results", out, 64)
        analysis(twin)
        truth = twin.truth()
        full = [t for t in truth if t["output_tokens"] == 64]
        check(len(full) == sent and len(truth) - len(full) <= 2, f"{sent} requests, and at most two questions before: {len(truth)}")
        told_to_cloudwatch(twin, truth, {"TTFT"})
        check(twin.up().returncode == 0 and os.path.exists(twin.path("aws/bench/results")), "it comes up again, with its results")


def custom():
    """Section 1; then another duration, folder and number of tokens."""
    with Twin() as twin:
        terraform(twin)
        out = twin.sh('export MAX_TOKENS=128\n./aws/scripts/aws_benchmark.sh "$API_URL" 500ms ./long-test-results --pause 50ms')
        levels(twin, "long-test-results", out, 128)


def streams(requests, tokens, command):
    """A streaming benchmark on a twin of its own; the commands are the document's but for the URL."""
    with Twin() as twin:
        out = twin.sh(command)
        streaming(twin, re.search(r"--output (\S+)", command).group(1), out, requests, tokens)
        truth = twin.truth()
        full = sum(t["output_tokens"] == tokens for t in truth)
        check(full >= requests and len(truth) <= requests + 1 and all(t["stream"] for t in truth),
              f"what the endpoint served, at most one question before the run among it: {full} of {len(truth)}")
        told_to_cloudwatch(twin, truth)


def basic_streams():
    streams(50, 64, """python3 aws/scripts/aws_streaming_bench.py \\
  --url "$API_URL" \\
  --requests 50 \\
  --output streaming_results.json""")


def many_streams():
    streams(100, 128, """python3 aws/scripts/aws_streaming_bench.py \\
  --url "$API_URL" \\
  --requests 100 \\
  --concurrency 4 \\
  --max-tokens 128 \\
  --output streaming_high_concurrency.json""")


if not shutil.which("jq"):
    print("no jq: the document's queries are left out")
    analysis = lambda twin: None  # noqa: E731
together(*(lambda _, t=t: t() for t in (load, custom, basic_streams, many_streams)))
