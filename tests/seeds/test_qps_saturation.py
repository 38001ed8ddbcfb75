#!/usr/bin/env python3
"""Seed document 2, saturation: by errors, by waiting though every request succeeds, and not reached where it was not (of which the
original makes the last level)."""
import os
import sys
import tempfile

from lib import SANITIZED, Sim, check
from qps_lib import Run, make_dataset

weir = os.path.abspath(sys.argv[1])


def test_by_errors(folder):
    """Four places of 40 ms and none to wait in: 100 a second."""
    with Sim(weir, "--ttft", "30ms", "--itl", "10ms", "--max-seqs", "4", "--max-queue", "0", truth=False) as sim:
        r = Run(weir, folder, sim.url, "--qps", "5,10,150", "--duration", "0.6", "--max-tokens", "2")
    x = r.metadata["saturation"]
    check(r.results[2]["success_rate"] < 95 and r.results[0]["success_rate"] == 100, f"{[f['success_rate'] for f in r.results]}")
    check("success" in x["reasons"] and x["reached"], f"{x}")
    if not SANITIZED:
        check(x["level"] == 2 and x["holds"] == 1, f"{x}")
        check("📈 Saturation point: QPS 150.0 (" in r.summary() and "of the requests succeeded, fewer than 95 %" in r.summary(), r.summary())
    return x


def test_by_waiting(folder):
    """One place of 100 ms, and room to wait: of 25 a second the last ones wait 1.5 s and more, and all succeed."""
    with Sim(weir, "--ttft", "100ms", "--itl", "1ms", "--max-seqs", "1", truth=False) as sim:
        r = Run(weir, folder, sim.url, "--qps", "4,50", "--duration", "0.5", "--max-tokens", "1")
    x, slow = r.metadata["saturation"], r.results[1]
    check(slow["success_rate"] == 100 and slow["ttft"]["p95"] > 1, f"{slow}")
    check(x["level"] == 1 and "ttft" in x["reasons"] and "success" not in x["reasons"], f"{x}")
    check("📈 Saturation point: QPS 50.0 (TTFT p95 is " in r.summary(), r.summary())
    check("🎯 Recommended max QPS: 4.0 (maintains >95% success rate)" in r.summary(), r.summary())


def test_not_reached(folder):
    with Sim(weir, "--ttft", "5ms", "--itl", "1ms", truth=False) as sim:
        for option, want in (((), "not reached"), (("--original-formulas",), "QPS 20.0")):
            r = Run(weir, folder, sim.url, "--qps", "10,20", "--duration", "0.4", "--max-tokens", "4", *option)
            check(f"📈 Saturation point: {want}\n" in r.summary(), r.summary())
            check("🎯 Recommended max QPS: 20.0 (maintains >95% success rate)\n" in r.summary(), r.summary())
            x = r.metadata["saturation"]
            check(not x["reached"] and x["level"] is None and x["holds"] == 1 and x["reasons"] == [], f"{x}")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        test_by_errors(folder)
        test_by_waiting(folder)
        test_not_reached(folder)


main()
