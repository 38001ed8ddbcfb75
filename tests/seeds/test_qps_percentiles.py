#!/usr/bin/env python3
"""Seed document 2, percentiles: `--percentiles 50` makes the compact table; the files have all four, as the requests' own instants
give them; others are refused before anything is made; --original-formulas has the original's definitions."""
import os
import sys
import tempfile

from lib import Sim, check, quantile
from qps_lib import PERCENTILES, Run, cells, make_dataset

weir = os.path.abspath(sys.argv[1])


def floor_quantile(values, p):
    values = sorted(values)
    return values[min(int(len(values) * p / 100), len(values) - 1)] if values else 0.0


def near(got, want, text, digits=6):
    check(abs(got - want) <= 2 * 10 ** -digits, f"{text}: {got}, of the requests {want}")


def test_compact(folder, url):
    r = Run(weir, folder, url, "--qps", "25,100", "--percentiles", "50", "--max-tokens", "16", "--duration", "0.4")
    heading, rows = r.table()
    check(heading == "QPS Target   Actual QPS   Success%   TTFT P50(s)  E2E P50(s)   Tok/s P50   ", f"{heading!r}")
    check([len(cells(line, [12, 12, 10, 12, 12, 12])) for line in rows] == [6, 6], f"{rows}")
    check(r.metadata["percentiles"] == [50], f"{r.metadata}")
    for level, figures in enumerate(r.results):
        rows = [q for q in r.requests(level) if q["outcome"] == "ok"]
        for p in PERCENTILES:
            share = int(p[1:]) / 100
            near(figures["ttft"][p], quantile([(q["first_token"] - q["start"]) / 1e9 for q in rows], share), f"ttft {p}")
            near(figures["e2e_latency"][p], quantile([(q["end"] - q["start"]) / 1e9 for q in rows], share), f"e2e {p}")
            near(figures["tokens_per_sec"][p], quantile([q["tokens_out"] * 1e9 / (q["end"] - q["start"]) for q in rows], share), f"tok {p}", 5)


def test_original(folder, url):
    r = Run(weir, folder, url, "--qps", "50", "--duration", "0.4", "--max-tokens", "16", "--percentiles", "99, 90", "--original-formulas")
    check("TTFT P99(s)  TTFT P90(s)  E2E P99(s)   E2E P90(s) " in r.table()[0], r.table()[0])
    rows, figures = r.requests(0), r.results[0]
    ok = [q for q in rows if q["outcome"] == "ok"]
    begin = min(q["intended"] for q in rows)
    for p in PERCENTILES:
        n = int(p[1:])
        near(figures["ttft"][p], floor_quantile([(q["first_byte"] - q["start"]) / 1e9 for q in ok], n), f"ttft {p}")
        near(figures["e2e_latency"][p], floor_quantile([(q["end"] - q["start"]) / 1e9 for q in ok], n), f"e2e {p}")
        near(figures["tokens_per_sec"][p], floor_quantile([len(q["dt"]) * 1e9 / (q["end"] - q["start"]) for q in ok], n), f"tok {p}", 5)
    near(figures["actual_qps"], len(rows) * 1e9 / (max(q["end"] for q in rows) - begin), "actual_qps", 4)
    check(figures["token_source"] == "chunks" and r.metadata["original_formulas"], f"{figures}")


def test_refused(folder, url):
    before = os.listdir(os.path.join(folder, "results"))
    for wrong, word in (("75", "75"), ("50,p99", "p99"), ("50,,95", ""), ("", "")):
        r = Run(weir, folder, url, "--percentiles", wrong, expect=2)
        check(f"Invalid percentile {word}. Must be one of: [50, 90, 95, 99]" in r.stderr, f"{wrong}: {r.stderr}")
        check(r.stdout == "", r.stdout)
    check(os.listdir(os.path.join(folder, "results")) == before, "something was made")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        with Sim(weir, "--ttft", "20ms", "--itl", "2ms", "--jitter", "lognormal:0.3") as sim:
            test_compact(folder, sim.url)
            test_original(folder, sim.url)
            test_refused(folder, sim.url)
            truth = sim.truth()
        check(sum(t["n"] > 0 for t in truth.values()) == 50 + 20 + 2, "what was refused was sent")


main()
