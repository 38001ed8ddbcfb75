#!/usr/bin/env python3
"""Seed document 2, summary and recommendation: 80 and 90 % of the last rate below the first that does not hold, in whatever order
they were asked for, and 70 to 80 % for production; the same in metadata.json and in weir's own report."""
import os
import re
import subprocess
import sys
import tempfile

from lib import SANITIZED, Sim, check
from qps_lib import Run, make_dataset

weir = os.path.abspath(sys.argv[1])


def test_summary(folder, url):
    r = Run(weir, folder, url, "--qps", "10,150,5", "--duration", "0.6", "--max-tokens", "2")
    lines = r.summary().split("\n")
    for line, figures in zip(lines, r.results):
        word = "✅ PASS" if figures["success_rate"] >= 95 else "⚠️  DEGRADED" if figures["success_rate"] >= 80 else "❌ FAIL"
        want = f"QPS {figures['qps_target']:5.1f}: {word} - {figures['success_rate']:.1f}% success, {figures['actual_qps']:.2f} actual QPS"
        check(line == want, f"{line!r}, not {want!r}")
    check(r.results[1]["success_rate"] < 95, "150 a second do not fit")
    x = r.metadata["saturation"]
    told = [float(v) for v in re.findall(r"(?:max QPS|limit \(..%\)): ([\d.]+)", r.summary())]
    check(told == [x["max"], round(x["conservative"], 1), round(x["aggressive"], 1)], f"{told}, {x}")
    check(f"   In production (70-80%): {x['production_from']:.1f} to {x['production_to']:.1f} QPS" in r.summary(), r.summary())
    if not SANITIZED:
        check(told == [10, 8, 9] and x["production_from"] == 7 and x["production_to"] == 8, f"{told}, {x}")
    own = subprocess.run([weir, "report", r.path("weir")], capture_output=True, text=True).stdout
    check("\n Saturation\n   at 150/s: " in own and f"recommended {x['conservative']:.4g} to {x['aggressive']:.4g} requests/s" in own, own)


def test_nothing_to_recommend(folder, url):
    r = Run(weir, folder, url, "--qps", "150", "--duration", "0.6", "--max-tokens", "2")
    check("🎯 No QPS to recommend: test lower ones" in r.summary() and "Recommended" not in r.summary(), r.summary())
    check("Saturation point: QPS 150.0 (" in r.summary(), r.summary())
    r = Run(weir, folder, url, "--qps", "5", "--duration", "0.4", "--max-tokens", "2")
    check("Saturation point: not reached" in r.summary() and "Recommended max QPS: 5.0" in r.summary(), r.summary())


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        with Sim(weir, "--ttft", "30ms", "--itl", "10ms", "--max-seqs", "4", "--max-queue", "0", truth=False) as sim:
            test_summary(folder, sim.url)
            test_nothing_to_recommend(folder, sim.url)


main()
