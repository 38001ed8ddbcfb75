"""aws_benchmark oha files: cN.json has the keys that oha 1.15 writes (data/oha-1.15.json, by hand), and its figures are those
of oha's formulas, computed here once more from the records, and of the simulator's truth."""
import math
import os
import sys

from aws import FAST, Lambda, near, read, records, together
from lib import check

weir = sys.argv[1]
NAMES = ["p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"]
OPEN = ("responseTimeHistogram", "firstByteHistogram", "statusCodeDistribution", "errorDistribution", "weir")


def shape(value, name=""):
    if isinstance(value, dict) and name not in OPEN:
        return {k: shape(v, k) for k, v in value.items() if k != "weir"}
    return None


def oha_percentiles(values):
    values = sorted(values)
    return {n: values[int(float(n[1:]) / 100 * len(values))] for n in NAMES}


def oha_rates(ends):
    ends = sorted([0.0] + ends)
    rates, r = [], 0
    while r + 1 < len(ends):
        start = r
        r += 1
        while r + 1 < len(ends) and ends[start] + 0.01 > ends[r + 1]:
            r += 1
        rates.append((r - start) / (ends[r] - ends[start]))
    return rates


def check_file(c, rows, original):
    """rows: those of the level."""
    counted = [r for r in rows if r["outcome"] == "ok" or (original and r["outcome"].startswith("http_"))]
    latency = [(r["end"] - r["start"]) / 1e9 for r in counted]
    s = c["summary"]
    check(near(s["successRate"], len(counted) / len(rows)), f"successRate {s}")
    check(near(s["requestsPerSec"] * s["total"], len(rows) if original else len(counted)), f"requestsPerSec {s}")
    check(near(s["slowest"], max(latency)) and near(s["fastest"], min(latency))
          and near(s["average"], sum(latency) / len(latency)), f"latencies {s}")
    check(s["totalData"] == sum(r["bytes_in"] for r in counted) and s["sizePerRequest"] == s["totalData"] // len(counted),
          f"sizes {s}")
    check(near(c["metrics"]["latency_ms"]["p95"], 1000 * c["latencyPercentiles"]["p95"], 1e-3)
          and c["metrics"]["success_rate"] == s["successRate"], f"metrics {c['metrics']}")
    histogram = [(float(k), n) for k, n in c["responseTimeHistogram"].items()]
    check(len(histogram) == 11 and sum(n for _, n in histogram) == len(counted), f"histogram {histogram}")
    step = (max(latency) - min(latency)) / 10
    for i, (key, n) in enumerate(histogram):
        check(near(key, min(latency) + i * step), f"bin {i}: {key}")
        check(n == sum(min(math.ceil((x - min(latency)) / step), 10) == i for x in latency), f"bin {i}: {n}")
    want = oha_percentiles(latency)
    for name in NAMES:
        if original:
            check(near(c["latencyPercentiles"][name], want[name]), f"{name}: {c['latencyPercentiles']} {want}")
        else:
            check(min(latency) <= c["latencyPercentiles"][name] <= max(latency), f"{name}: {c['latencyPercentiles']}")
    check(list(c["latencyPercentiles"].values()) == sorted(c["latencyPercentiles"].values()), "percentiles do not fall")
    statuses = {}
    for r in rows:
        statuses[str(r["status"])] = statuses.get(str(r["status"]), 0) + 1
    check(c["statusCodeDistribution"] == statuses and c["errorDistribution"] == {}, f"statuses {c['statusCodeDistribution']}")
    if original:
        begin = min(r["start"] for r in rows) # the level began a little earlier
        rates = oha_rates([(r["end"] - begin) / 1e9 for r in counted])
        check(near(max(rates[1:]), c["rps"]["max"], 1e-6), f"rps {c['rps']}")
    else:
        check(near(c["rps"]["mean"], s["requestsPerSec"]), f"the mean rate is the rate: {c['rps']}")


def one(w, *options):
    fixture = shape(read(os.path.dirname(os.path.abspath(__file__)), "data", "oha-1.15.json"))
    with Lambda(weir, *FAST, "--jitter", "uniform:0.7,1.3", "--fault", "http503:0.2", "--seed", "3") as sim:
        w.run(weir, "aws_benchmark", sim.url, "700ms", "results", "-c", "4,9", "--pause", "0", *options)
        folder = w.results()
        rows, truth = records(folder), sim.truth()
    for level, concurrency in enumerate((4, 9)):
        c = read(folder, f"c{concurrency}.json")
        check(shape(c) == fixture and list(shape(c)) == list(fixture), f"the keys: {shape(c)}")
        mine = [r for r in rows if r["level"] == level]
        there = [truth[r["request_id"]] for r in mine]
        check_file(c, mine, bool(options))
        good = [t for t in there if t["status"] == 200]
        check(c["statusCodeDistribution"] == {"200": len(good), "503": len(there) - len(good)}, "the simulator's statuses")
        check(c["weir"]["successful_requests"] == len(good) and c["weir"]["total_requests"] == len(there)
              and c["weir"]["output_tokens"] == sum(t["output_tokens"] for t in good), f"counts {c['weir']}")
        slowest = max((t["headers"] - t["recv"]) / 1e9 for t in good)
        check(c["summary"]["slowest"] >= slowest - 0.002, "not faster than the server")


def by_weir_s_formulas(w):
    one(w)


def by_oha_s(w):
    one(w, "--original-formulas")


together(by_weir_s_formulas, by_oha_s)
