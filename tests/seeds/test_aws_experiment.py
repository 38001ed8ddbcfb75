"""The page of an experiment (weir report --format experiment): every figure against what is computed here from the same
requests, missing parts, links, files, and the page as a Markdown parser reads it."""
import hashlib
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))
from aws import FAST, Lambda, Work, together  # noqa: E402
from foreign import venv  # noqa: E402
from lib import check, clean_env, quantile  # noqa: E402

weir = os.path.abspath(sys.argv[1])
SECTIONS = ["Executive summary", "Setup", "Methodology", "Load results", "Latency and SLO analysis",
            "Streaming: time to first token", "Autoscaling", "Cost", "Comparison with expectations", "Errors",
            "Recommendations", "Raw data"]
PRICE, TARGET, MAX_TOKENS = 1.21, 54000, 64


def report(*words, expect=0, cwd=None):
    done = subprocess.run([weir, "report", "--format", "experiment", *words], capture_output=True, text=True, cwd=cwd,
                          env=clean_env(), timeout=60, check=False)
    check(done.returncode == expect, f"{words}: exit {done.returncode}, not {expect}: {done.stderr}")
    return done


class Page:
    """Sections by title, each with its tables as rows of cells."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        parts = re.split(r"^## (.*)\n", self.text, flags=re.M)
        self.head, self.sections = parts[0], dict(zip(parts[1::2], parts[2::2]))
        check(list(self.sections) == SECTIONS, f"{path}: sections {list(self.sections)}")
        pages.append(path)

    def tables(self, section):
        out, table = [], []
        for line in self.sections[section].splitlines() + [""]:
            if line.startswith("|"):
                table.append([c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]])
            elif table:
                check(all(len(r) == len(table[0]) for r in table) and all(re.fullmatch(r"-+:?", c) for c in table[1]),
                      f"a table of {section}: {table}")
                out.append([table[0], *table[2:]])
                table = []
        return out

    def rows(self, section, head, table=0):
        t = self.tables(section)[table]
        check(t[0][:len(head)] == head, f"{section}: {t[0]}")
        return t[1:]

    def has(self, section, *texts):
        for text in texts:
            check(text in self.sections[section], f"{self.path}: {section} lacks {text!r}: {self.sections[section]}")


pages = []


def number(cell):
    """Of a cell such as "\\$1,234.50", "12 †" or "35 %", and half a unit of its last digit."""
    m = re.match(r"\D*?(-?[\d,]+(?:\.(\d+))?)", cell)
    check(m, f"no number in {cell!r}")
    return float(m[1].replace(",", "")), 0.5 * 10 ** -len(m[2] or "")


def equal(cell, want, what):
    got, unit = number(cell)
    check(abs(got - want) <= unit * 1.0001 + abs(want) * 1e-9, f"{what}: the page has {cell!r}, not {want}")


def files_of(page, folder):
    """Each linked file is there, with its size and SHA-256."""
    rows = page.rows("Raw data", ["File", "Bytes", "SHA-256"])
    for name, size, digest in rows:
        link = re.fullmatch(r"\[.*\]\((.*)\)", name)[1]
        with open(os.path.join(os.path.dirname(page.path), unquote(link)), "rb") as f:
            data = f.read()
        equal(size, len(data), name)
        check(digest == f"`{hashlib.sha256(data).hexdigest()}`", f"{name}: {digest}")
    there = sum(len(files) for top, _, files in os.walk(folder) if not top.endswith("/plots")) - os.path.exists(
        os.path.join(folder, "EXPERIMENT_REPORT.md"))
    check(len(rows) >= there, f"{len(rows)} of {there} files in {folder}")
    return {re.fullmatch(r"\[(.*)\]\(.*\)", r[0])[1] for r in rows}


# ---- files as oha and the original's scripts write them

class Level:
    """Requests under one load, made up."""

    def __init__(self, c, base, spread, refused=0, broken=0, cut=0):
        r = random.Random(c)
        self.c, self.refused, self.broken, self.cut, self.total_s = c, refused, broken, cut, 60.0 + c / 7
        self.latency = sorted(base + spread * r.random() ** 3 for _ in range(40 * c))

    @property
    def ok(self):
        return len(self.latency)

    @property
    def sent(self):
        return self.ok + self.refused + self.broken

    def p(self, share):  # oha's
        return self.latency[math.floor(share / 100 * self.ok)]

    @property
    def rps(self):
        return self.ok / self.total_s

    @property
    def share(self):
        return self.ok / self.sent

    def json(self):
        return {
            "summary": {"successRate": 1.0, "total": self.total_s, "slowest": self.latency[-1], "fastest": self.latency[0],
                        "average": sum(self.latency) / self.ok, "requestsPerSec": 99.0, "totalData": 1, "sizePerRequest": 1,
                        "sizePerSec": 1.0},
            "latencyPercentiles": {f"p{p:g}": self.p(p) for p in (10, 25, 50, 75, 90, 95, 99, 99.9)},
            "rps": {"mean": 1.0}, "details": {},
            "statusCodeDistribution": {"200": self.ok, **({"503": self.refused} if self.refused else {})},
            "errorDistribution": {**({"connection | reset": self.broken} if self.broken else {}),
                                  **({"aborted due to deadline": self.cut} if self.cut else {})},
        }


LEVELS = [Level(6, 0.4, 0.3), Level(12, 0.6, 0.5), Level(24, 1.0, 0.9, refused=3, cut=24), Level(32, 1.7, 1.4, refused=150, broken=7)]


def streaming(path, n=40, whole=False, told=True):
    """As the original writes it: no figures of the headers, though they are among its rows; the median is `median`."""
    r = random.Random(9)
    rows = []
    for i in range(n):
        ttft = 0.2 + 0.1 * r.random()
        rows.append({"ok": True, "ttft_s": ttft, "total_s": ttft * 1.001 if whole else 1 + r.random(), "tokens_received": 60,
                     "error": None, "request_id": i,
                     "aws_headers": {"x-ttft-ms": str(int(ttft * 1000) - 31), "X-Tokens-Per-Second": f"{50 + i}.25",
                                     "x-cost-per-1k-usd": f"0.00{600 + i}"} if told else {}})

    def stats(key):
        v = sorted(x[key] for x in rows)
        return {"count": n, "mean": sum(v) / n, "median": quantile(v, .5), "p95": quantile(v, .95), "p99": quantile(v, .99),
                "min": v[0], "max": v[-1]}
    failures = [{"ok": False, "error": f"HTTP 502: {{\"error\": \"model <b>error</b> | {k}\"}}", "request_id": n + i}
                for i, k in enumerate([1, 1, 2])]
    out = {"benchmark_config": {"url": "http://x", "prompt": "p", "max_tokens": 128, "num_requests": n + 3, "concurrency": 4,
                                "timestamp": 1750000000.5},
           "statistics": {"total_requests": n + 3, "successful_requests": n, "failed_requests": 3, "success_rate": n / (n + 3),
                          "ttft_stats": stats("ttft_s"), "total_latency_stats": stats("total_s"),
                          "tokens_stats": {"mean": 60, "median": 60, "total": 60 * n}, "aws_ttft_stats": None,
                          "aws_tokens_per_second_stats": None, "aws_cost_per_1k_stats": None},
           "raw_results": rows, "failures": failures}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(out, f)
    return out


def write(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))


def oha_folder(folder, levels):
    for level in levels:
        write(os.path.join(folder, f"c{level.c}.json"), level.json())


# ---- the figures

def check_load(page, levels, tok_s):
    for level, row in zip(levels, page.rows("Load results", ["Load", "Requests/s", "P50 (ms)"]), strict=True):
        check(row[0] == f"C={level.c}", row)
        for cell, want in zip(row[1:6], [level.rps, *(1e3 * level.p(q) for q in (50, 95, 99)), 100 * level.share], strict=True):
            equal(cell, want, row)
        few = [n > level.ok for n in (6, 72, 368)]  # fewer than a 95 % interval of the percentile needs
        check([("†" in c) for c in row[2:5]] == few, f"{level.ok} requests: {row}")
        check(row[6] == "–", "nothing counted tokens")
        equal(row[7], tok_s(level), row)


def check_objective(page, levels, limit=2.0):
    for level, row in zip(levels, page.rows("Latency and SLO analysis", ["Load"]), strict=True):
        equal(row[1], 1e3 * level.p(95), row)
        equal(row[2], 100 * level.share, row)
        met = [level.p(95) < limit, level.share >= .95]
        check([c.split(": ")[1] for c in row[1:3]] == ["met" if m else "broken" for m in met], row)
        check(row[3] == ("**within**" if all(met) else "outside"), row)
    return [level for level in levels if level.p(95) < limit and level.share >= .95]


def check_money(page, levels, tok_s, price, instances=1):
    for level, row in zip(levels, page.rows("Cost", ["Load", "Tokens/s", "Per 1,000 tokens"]), strict=True):
        for cell, want in zip(row[1:], [tok_s(level), price * 1000 / (tok_s(level) * 3600), price * 1e6 / (tok_s(level) * 3600),
                                        price * 1000 / (level.rps * 3600)], strict=True):
            equal(cell, want, row)
    for level, row in zip(levels, page.rows("Autoscaling", ["Load", "Tokens/min"]), strict=True):
        per_min = 60 * tok_s(level)
        asked = max(1, min(8, math.ceil(per_min / TARGET)))
        equal(row[1], per_min, row)
        equal(row[2], 100 * per_min / instances / TARGET, row)
        equal(row[3], asked, row)


def check_stream(page, data):
    rows = data["raw_results"]
    t = page.rows("Streaming: time to first token", ["Time", "n", "Mean (ms)", "P50 (ms)", "P95 (ms)", "P99 (ms)", "Max (ms)"])
    told = [float(r["aws_headers"]["x-ttft-ms"]) for r in rows]
    for row, v in zip(t, ([1e3 * r["ttft_s"] for r in rows], told, [1e3 * r["total_s"] for r in rows]), strict=True):
        v = sorted(v)
        for cell, want in zip(row[1:], [len(v), sum(v) / len(v), *(quantile(v, q) for q in (.5, .95, .99)), v[-1]], strict=True):
            equal(cell, want, row)
    longer = sum(1e3 * r["ttft_s"] - x for r, x in zip(rows, told, strict=True)) / len(rows)
    equal(re.search(r"on average ([\d.]+) ms longer", page.sections["Streaming: time to first token"])[1], longer, "longer")
    rates = sorted(float(r["aws_headers"]["X-Tokens-Per-Second"]) for r in rows)
    page.has("Streaming: time to first token", "%.1f tokens/s (median)" % quantile(rates, .5))


def of_oha(w):
    """Original files, with tokens estimated: all figures."""
    folder = w.path("exp")
    oha_folder(os.path.join(folder, "raw-results"), LEVELS)
    write(os.path.join(folder, "raw-results", "benchmark_summary.json"),
          {"experiment_timestamp": "2025-06-15T12:00:00+02:00", "aws_region": "eu-west-3", "max_tokens": MAX_TOKENS,
           "test_duration": "60s", "results": []})
    data = streaming(os.path.join(folder, "raw-results", "streaming_results.json"))
    write(os.path.join(folder, "experiment.yaml"),
          f"title: Llama | on <g5>\ninstance: ml.g5.2xlarge\nhourly-usd: {PRICE}\ntools: [oha 1.9.0, jq 1.7]\n"
          "warm-up: 10 requests\nnotes:\n  - Run twice.\n")
    done = report("exp", cwd=w.dir)
    check(done.stdout == "exp/EXPERIMENT_REPORT.md\n" and done.stderr == "", f"{done.stdout} {done.stderr}")
    page = Page(os.path.join(folder, "EXPERIMENT_REPORT.md"))
    check(page.head.startswith("# Llama \\| on \\<g5\\>\n\nMeasured: 2025-06-15T12:00:00+02:00."), page.head)

    def tok_s(level):
        return level.rps * MAX_TOKENS
    check_load(page, LEVELS, tok_s)
    within = check_objective(page, LEVELS)
    check(0 < len(within) < 4, "some are within, some not")
    check_money(page, LEVELS, tok_s, PRICE)
    check_stream(page, data)
    best, good = max(LEVELS, key=tok_s), max(within, key=tok_s)
    cost = PRICE * 1000 / (tok_s(good) * 3600)
    page.has("Executive summary", f"{tok_s(best):,.0f} tokens/s (estimated), {best.rps:.2f} requests/s at C={best.c}.",
             f": C={good.c}, with {tok_s(good):,.0f} tokens/s (estimated), {good.rps:.2f} requests/s and a P95 latency of "
             f"{1e3 * good.p(95):,.0f} ms. {len(within)} of 4 levels", f"\\${cost:.6f} per 1,000 output tokens at C={good.c} (est")
    setup = {r[0]: (r[1], r[2]) for r in page.rows("Setup", ["What", "Value", "From"]) if r[0] != "Tool"}
    for what, value in (("Instance", "ml.g5.2xlarge"), ("Region", "eu-west-3"), ("Model", "not recorded"), ("Backend",
                        "not recorded"), ("Image", "not recorded"), ("Context", "not recorded"), ("Endpoint", "not recorded"),
                        ("Payload", "not recorded"), ("Limit of an answer", "64 tokens"), ("Duration of a level", "60s"),
                        ("Instances", "1 (assumed)"), ("Machine of the load generator", "not recorded")):
        check(setup[what][0] == value and (setup[what][1] == "–") == (value in ("not recorded", "1 (assumed)")), f"{what}: {setup}")
    page.has("Setup", "| Tool | oha 1.9.0 |", "| Tool | jq 1.7 |", "\n- Run twice.\n")
    page.has("Methodology", "- **HTTP version**: not recorded.", "- **Warm-up**: 10 requests.", "bottleneck: not recorded")
    for level, row in zip(LEVELS, page.rows("Methodology", ["Level"]), strict=True):
        equal(row[2], level.total_s, row)
        equal(row[3], level.sent, row)
    errors = page.rows("Errors", ["Where", "Error", "Requests", "Share"])
    want = [("C=24", "HTTP 503", 3, 3 / LEVELS[2].sent), ("C=32", "HTTP 503", 150, 150 / LEVELS[3].sent),
            ("C=32", "connection \\| reset", 7, 7 / LEVELS[3].sent),
            ("streaming_results.json", 'HTTP 502: {"error": "model \\<b\\>error\\</b\\> \\| 1"}', 2, 2 / 43),
            ("streaming_results.json", 'HTTP 502: {"error": "model \\<b\\>error\\</b\\> \\| 2"}', 1, 1 / 43)]
    check([tuple(r[:2]) for r in errors] == [x[:2] for x in want], f"{errors}")
    for row, (_, _, n, share) in zip(errors, want, strict=True):
        equal(row[2], n, row)
        equal(row[3], 100 * share, row)
    failed, sent = 3 + 157 + 3, sum(x.sent for x in LEVELS) + 43
    page.has("Errors", f"{failed} of {sent:,} requests failed")
    expected = page.rows("Comparison with expectations", ["What", "Expected", "Measured", "State"])
    check(expected[0][3] == ("met" if 900 <= tok_s(best) <= 1150 else "**not met**" if tok_s(best) < 900 else
                             "met, above the range"), f"{expected} {tok_s(best)}")
    check(expected[1][2:] == ["3 of 4 levels: C=6, C=12, C=24", "**met in part**"], f"{expected}")
    check(expected[2][3] == ("met" if cost < .01 else "**not met**"), f"{expected} {cost}")
    page.has("Recommendations", f"- **Run at C={good.c}**", f"carried {60 * tok_s(good):,.0f} tokens per minute (estimated)",
             f"With 20 % to spare: {48 * tok_s(good):,.0f}.", "**Failures at C=32**")
    check(files_of(page, folder) == {"benchmark_summary.json", "c6.json", "c12.json", "c24.json", "c32.json",
                                     "streaming_results.json", "experiment.yaml"}, "all files")
    elsewhere(w, folder, page, tok_s)


def elsewhere(w, folder, page, tok_s):
    """The page in another folder; a price for several; another objective; what it says can be done again."""
    write(os.path.join(folder, "raw-results", "c9.json"), '{"summary": {')
    write(w.path("more", "it's.json"), "")
    streaming(w.path("more", "it's.json"), whole=True, told=False)
    write(w.path("setup.yaml"), "instances: 2\nmax-instances: 3\n")
    done = report("exp", "--output", "out/a b/page.md", "--streaming", "more/it's.json", "--setup", "setup.yaml",
                  "--cost-per-hour", "5", "--slo", "total:p90<1500ms,rate>1,ttft:p99<1s", "--plots", "svg", "--quiet", cwd=w.dir)
    check(done.stdout == "" and done.stderr == "", f"quiet: {done.stdout} {done.stderr}")
    other = Page(w.path("out", "a b", "page.md"))
    check_money(other, LEVELS, tok_s, 5, instances=2)
    for level, row in zip(LEVELS, other.rows("Latency and SLO analysis", ["Load"]), strict=True):
        equal(row[1], 1e3 * level.p(90), row)
        equal(row[2], level.rps, row)
        met = level.p(90) < 1.5
        check(row[1].endswith(": met") == met and row[3:] == ["not recorded", "cannot be told" if met else "outside"], f"{row}")
    other.has("Streaming: time to first token", "### it's.json", "not streamed to the client", "header `X-TTFT-MS`, so how much")
    other.has("Recommendations", "**Stream**: in it's.json", "No level is known")
    check(len(files_of(other, folder)) == 9, "c9.json, it's.json and setup.yaml too; the other page's setup is not read")
    check(sorted(os.listdir(w.path("out", "a b", "plots"))) == ["cost.svg", "latency.svg", "throughput.svg", "ttft.svg"], "svg")
    before = other.text
    command = re.search(r"```bash\n(.*)\n```", other.sections["Raw data"])[1]
    done = subprocess.run(["bash", "-c", command.replace("weir", weir, 1) + " --quiet"], cwd=w.path("out", "a b"),
                          capture_output=True, text=True, env=clean_env(), timeout=60, check=False)
    check(done.returncode == 0 and Page(other.path).text == before, f"the command gives the page again: {command}: {done.stderr}")
    done = report("exp", "--plots", "none", cwd=w.dir)
    check("c9.json is left out" in done.stderr, f"a broken file is named: {done.stderr}")
    bare = Page(page.path)
    check("![" not in bare.text and "no plots: `--plots none`" in bare.text, "no plots, and said")


# ---- weir's own folders

def of_records(w):
    """Requests with known instants, over two and a half minutes a level: percentiles, minutes, errors."""
    s, lines, minutes, want = 10**9, [], {}, []
    lines.append({"type": "run", "schema": "weir.records/1", "version": "0.1.0", "epoch_mono": 1, "epoch_unix": 1700000000 * s,
                  "seed": 7})
    begin = s
    for number_of, c in enumerate((8, 2)):  # the run's order is not that of the page
        line = {"type": "level", "level": number_of, "final": False, "open": False, "concurrency": c, "duration": 150 * s,
                **({"name": "few"} if c == 2 else {}), "begin": begin, "w0": begin, "w1": begin + 150 * s}
        lines.append(line)
        took, tokens, r = [], 0, random.Random(c)
        for i in range(100 * c):
            at, ns = begin + i * 149 * s // (100 * c), int(s * (0.1 + r.random() / 2))
            ok, n = i % 20 != 7, 10 + i % 5
            late = c == 2 and not ok
            ns = 3 * s if late else ns
            row = {"type": "request", "outcome": "ok" if ok else "timeout_total" if late else "http_503", "level": number_of, "index": i, "status": 200 if ok
                   else 0 if late else 503, "no_stream_asked": True, "admitted": at, "start": at, "first_byte": at + ns, "end": at + ns}
            if ok:
                took.append(ns)
                tokens += n
                row |= {"tokens_out": n, "token_source": "usage"}
                minute = (at + ns - s) // (60 * s)
                minutes[minute] = minutes.get(minute, 0) + n
            lines.append(row)
        lines.append(line | {"final": True, "scheduled": 100 * c})
        want.append((c, sorted(took), tokens, 100 * c))
        begin += 150 * s
    write(w.path("own", "requests.jsonl"), "".join(json.dumps(x) + "\n" for x in lines))
    options = {"max-tokens": "16", "warmup": "10s", "cost-per-hour": "7.2", "slo": "total:p50<1s"}
    write(w.path("own", "metadata.json"), {"model": "m1", "url": "http://h/v1", "options": options,
                                           "client": {"weir": "0.1.0", "system": "Linux", "cpus": 2}})
    write(w.path("low.yaml"), "target-tokens-per-min: 1500\n")
    report("own", "--cost-per-hour", "3.6", "--plots", "none", cwd=w.dir)
    page = Page(w.path("own", "EXPERIMENT_REPORT.md"))
    rows = page.rows("Load results", ["Load"])
    check([r[0] for r in rows] == ["C=2 (few)", "C=8"], f"by rising load: {rows}")
    for row, (c, took, tokens, sent) in zip(rows, want[::-1], strict=True):
        late = [3 * s] * (10 if c == 2 else 0)  # timed out: they count as what was waited, and would have taken longer
        values = [len(took) / 150, *(quantile(took + late, q) / 1e6 for q in (.5, .95, .99)), 100 * len(took) / sent,
                  tokens / 150, 16 * len(took) / 150]
        check(["≥" in cell for cell in row[2:5]] == [False, c == 2, c == 2], row)
        for cell, v in zip(row[1:], values, strict=True):
            equal(cell, v, row)
        equal(page.rows("Cost", ["Load"])[c == 8][2], 3.6 * 1000 / (tokens / 150 * 3600), "cost")
    timeline = page.rows("Autoscaling", ["Minute", "Levels", "Tokens/min"], table=1)
    check([r[1] for r in timeline] == ["C=8", "C=8", "C=8, C=2 (few)", "C=2 (few)", "C=2 (few)"] and len(timeline) == len(minutes), f"{timeline}")
    for k, row in enumerate(timeline):
        equal(row[2], minutes[k], row)
    page.has("Autoscaling", "0 of 4 whole minutes are above the target", "added no instance")
    report("own", "--setup", "low.yaml", "--plots", "none", "--output", "low/page.md", cwd=w.dir)
    low = Page(w.path("low", "page.md"))
    check([m for m in sorted(minutes) if minutes[m] > 1500] == [0, 1, 2], f"made so: {minutes}")
    low.has("Autoscaling", "3 of 4 whole minutes are above the target", "at the end of minute 3.", "Target: 1,500 ")
    page.has("Errors", "| C=8 | http_503 | 40 | 5.00 % |")
    page.has("Methodology", "- **Warm-up**: 10s.")
    low.has("Cost", "Hourly price: \\$7.20.")
    low.has("Setup", "| Price of an instance | 7.2 US dollars per hour | `metadata.json` |")
    check(low.tables("Latency and SLO analysis")[0][0] == ["Load", "`total:p50<1s`", "Within"], "the run's own objective")
    page.has("Setup", "| Model as named in requests | m1 |", "| Endpoint | http://h/v1 |", "| Tool | weir 0.1.0")
    page.has("Streaming: time to first token", "not recorded")


def of_weir(w):
    """What weir as aws_benchmark writes, and the same without its records: one page."""
    with Lambda(weir, *FAST, preset="lambda-stream") as sim:
        done = subprocess.run([weir, "run", sim.url, "--model", "m", "--concurrency", "1,4", "--duration", "600ms", "--max-tokens",
                               "8", "--output-dir", w.path("streamed"), "--quiet"], capture_output=True, text=True,
                              env=clean_env(), timeout=60, check=False)
        check(done.returncode == 0, done.stderr)
        w.run(weir, "aws_benchmark", sim.url, "700ms", "results", "-c", "2,10", "--pause", "0", MAX_TOKENS="32")
        w.run(weir, "aws_streaming_bench", "--url", sim.url, "--requests", "10", "--output", "results/s.json")
    report("streamed", cwd=w.dir)
    page = Page(w.path("streamed", "EXPERIMENT_REPORT.md"))
    for level, row in zip(w.json("streamed", "summary.json")["levels"],
                          page.rows("Streaming: time to first token", ["Load", "P50 (ms)"]), strict=True):
        for cell, name in zip(row[1:], ("p50", "p95", "p99"), strict=True):
            equal(cell, level["latency_ms"]["ttft"][name], row)
    summary = w.json(w.results(), "benchmark_summary.json")
    report("results", "--streaming", "results/s.json", cwd=w.dir)
    page = Page(w.path("results", "EXPERIMENT_REPORT.md"))
    for got, row in zip(summary["results"], page.rows("Load results", ["Load"]), strict=True):
        for cell, v in zip(row[1:], [got["rps"], got["p50_ms"], got["p95_ms"], got["p99_ms"], 100 * got["success_rate"],
                                     got["tokens_per_sec"], got["estimated_tokens_per_sec"]], strict=True):
            equal(cell, v, row)
    page.has("Load results", "Where the counted tokens are from: `usage`.")
    page.has("Methodology", "- **HTTP version**: 2.")
    page.has("Setup", "the same chat in every request: 2 messages", "`payload.json`")
    check(f"Measured: {summary['experiment_timestamp']}." in page.head, page.head)
    stored = w.json("results", "s.json")["statistics"]
    for row, key in zip(page.rows("Streaming: time to first token", ["Time"]), ("ttft_stats", "aws_ttft_stats",
                                                                               "total_latency_stats"), strict=True):
        for cell, name in zip(row[2:6], ("mean", "median", "p95", "p99"), strict=True):
            equal(cell, 1e3 * stored[key][name], row)
    os.remove(os.path.join(w.results(), "weir", "requests.jsonl"))
    report("results", "--streaming", "results/s.json", cwd=w.dir)
    again = Page(page.path).text.splitlines()
    differ = [x for x in page.text.splitlines() if x not in again]
    check(len(differ) == 1 and "requests.jsonl" in differ[0] and len(again) + 1 == len(page.text.splitlines()), f"{differ}")
    files_of(Page(page.path), w.path("results"))


def missing(w):
    """What is not there is said; what cannot be is refused."""
    oha_folder(w.path("only"), LEVELS[:1])
    report("only", "--plots", "none", cwd=w.dir)
    page = Page(w.path("only", "EXPERIMENT_REPORT.md"))
    check("Measured: not recorded." in page.head, page.head)
    check(page.rows("Load results", ["Load"])[0][6:] == ["–", "–"], "no tokens, and none made up")
    page.has("Executive summary", "- **Cost**: not recorded (the hourly price is not known).", f"{LEVELS[0].rps:.2f} requests/s at C=6")
    page.has("Cost", "Hourly price: not recorded")
    page.has("Autoscaling", "cannot be told: tokens are not recorded")
    check([r[3] for r in page.rows("Comparison with expectations", ["What"])] == ["cannot be told", "met", "cannot be told"], "")
    os.mkdir(w.path("streams"))
    streaming(w.path("streams", "my_streaming.json"))
    report("streams", cwd=w.dir)
    page = Page(w.path("streams", "EXPERIMENT_REPORT.md"))
    page.has("Load results", "No level of load is among the data")
    page.has("Recommendations", "**Measure load**")
    check(os.listdir(w.path("streams", "plots")) == ["ttft.png"] and "2025-06-15T15:06:40.500Z" in page.head, page.head)
    os.mkdir(w.path("empty"))
    for name in ("a", "b"):
        oha_folder(w.path("two", f"aws_benchmark_{name}"), LEVELS[:1])
    oha_folder(w.path("odd"), LEVELS[:1])
    write(w.path("odd", "experiment.yaml"), "instance: x\nhourly-uds: 1\n")
    write(w.path("twice.yaml"), "model: a\nmodel: b\n")
    write(w.path("list.yaml"), "[1]\n")
    write(w.path("price.yaml"), "hourly-usd: cheap\n")
    for words, says in ((["empty"], "there is nothing to report"), (["nowhere"], "nowhere is no folder"), ([], "which run?"),
                        (["two"], "has several runs, such as two/aws_benchmark_a and two/aws_benchmark_b"),
                        (["odd"], "experiment.yaml:2:1: unknown key hourly-uds; did you mean hourly-usd?"),
                        (["only", "--setup", "twice.yaml"], "twice.yaml:2:1: model stands here twice"),
                        (["only", "--setup", "list.yaml"], "it is a map"), (["only", "--setup", "price.yaml"], "price.yaml:1:13:"),
                        (["only", "streams"], "one folder"), (["only", "--json"], "--json"), (["only", "--by", "class"], "--by"),
                        (["only", "--streaming", "only/c6.json"], "only/c6.json: it is no result of aws_streaming_bench"),
                        (["only", "--output", "streams"], "is a folder"), (["only", "--slo", "total<1"], "--slo")):
        done = report(*words, expect=2, cwd=w.dir)
        check(says in done.stderr, f"{words}: {done.stderr}")


def worked_example(w):
    """What is in experiments/ is what comes of its files, but for the version."""
    base = os.path.join(ROOT, "experiments")
    names = sorted(n for n in os.listdir(base) if os.path.isdir(os.path.join(base, n)))
    check(names, "an experiment")
    for name in names:
        folder = os.path.join(base, name)
        raw = os.path.join(folder, "raw-results")
        size = sum(os.path.getsize(os.path.join(top, f)) for top, _, files in os.walk(raw) for f in files)
        check(0 < size < 300 << 10, f"{name}: {size} bytes of raw results")
        shutil.copytree(folder, w.path(name))
        report(".", "--quiet", cwd=w.path(name))
        made, kept = Page(w.path(name, "EXPERIMENT_REPORT.md")), Page(os.path.join(folder, "EXPERIMENT_REPORT.md"))
        version = re.compile(r"made by weir \S+")
        check(version.sub("", made.text) == version.sub("", kept.text), f"{name}: make its page again")
        files_of(kept, raw)


# ---- as a parser of Markdown reads it

PARSE = """
import json, sys
from markdown_it import MarkdownIt
md = MarkdownIt("commonmark").enable("table")
out = []
for path in json.load(sys.stdin):
    tokens, page = md.parse(open(path, encoding="utf-8").read()), {"tables": [], "headings": [], "links": [], "text": [], "html": 0}
    for i, t in enumerate(tokens):
        if t.type == "table_open": page["tables"].append([])
        elif t.type == "tr_open": page["tables"][-1].append(0)
        elif t.type in ("th_open", "td_open"): page["tables"][-1][-1] += 1
        elif t.type == "heading_open": page["headings"].append([t.tag, "".join(c.content for c in tokens[i + 1].children)])
        elif t.type == "html_block": page["html"] += 1
        elif t.type == "inline":
            if tokens[i - 1].type == "paragraph_open": page["text"].append(t.content)
            for c in t.children:
                page["html"] += c.type == "html_inline"
                if c.type == "link_open": page["links"].append(c.attrGet("href"))
                if c.type == "image": page["links"].append(c.attrGet("src"))
    out.append(page)
json.dump(out, sys.stdout)
"""


def parsed(paths):
    try:
        python = os.path.join(venv("markdown-it", "markdown-it-py==3.0.0"), "python")
    except SystemExit:
        print("markdown-it-py could not be had: the pages were not parsed by it")
        return
    done = subprocess.run([python, "-c", PARSE], input=json.dumps(paths), capture_output=True, text=True, timeout=120, check=False)
    check(done.returncode == 0, done.stderr)
    for path, page in zip(paths, json.loads(done.stdout), strict=True):
        check(page["headings"][0][0] == "h1" and [h[1] for h in page["headings"] if h[0] == "h2"] == SECTIONS
              and sum(h[0] == "h1" for h in page["headings"]) == 1, f"{path}: {page['headings']}")
        check(all(len(set(t)) == 1 and len(t) > 1 for t in page["tables"]), f"{path}: rows of one width: {page['tables']}")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        check(sum(map(len, page["tables"])) + len(page["tables"]) == sum(x.startswith("|") for x in text.splitlines()),
              f"{path}: each line of a table is read as one")
        check(page["html"] == 0 and not any("|" in t and t.startswith("|") for t in page["text"]), f"{path}: no HTML, no torn table")
        for link in page["links"]:
            check(os.path.exists(os.path.join(os.path.dirname(path), unquote(link))), f"{path}: {link} leads nowhere")
    print(f"{len(paths)} pages parsed")


def everything(w):
    """One folder for all, since the pages are parsed at the end."""
    for test in (of_oha, of_records, of_weir, missing, worked_example):
        os.mkdir(w.path(test.__name__))
        inner = Work()
        inner.dir = w.path(test.__name__)
        test(inner)
    parsed(sorted({p for p in pages}))


together(everything)
