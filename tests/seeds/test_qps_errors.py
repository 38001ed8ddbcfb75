#!/usr/bin/env python3
"""Seed document 2, errors: a block for each level that had some, counted as the simulator saw them; the sweep stops below half."""
import os
import sys
import tempfile

from lib import Sim, check
from qps_lib import Run, make_dataset

weir = os.path.abspath(sys.argv[1])


def block(stdout, qps, total):
    """The lines of a level's block."""
    head = f"QPS {qps} - Errors ({total} total):"
    check(head in stdout, f"no {head!r} in\n{stdout}")
    lines = stdout.split(head, 1)[1].split("\n")[1:]
    return lines[:lines.index("")]


def test_counts(folder):
    with Sim(weir, "--ttft", "1ms", "--itl", "1ms", "--fault", "http503:0.15,http500:0.05,error_event:0.05,reset:0.05", "--seed", "3") as sim:
        for _ in range(5):  # the request that looks first may be the one that fails
            r = Run(weir, folder, sim.url, "--qps", "100,200", "--duration", "0.5", "--max-tokens", "4", expect=None)
            if r.results:
                break
        truth = sim.truth()
    check(r.code == 0 and len(r.results) == 2, f"{r.stdout}{r.stderr}")
    for level, figures in enumerate(r.results):
        rows = r.requests(level)
        server = [truth[q["request_id"]] for q in rows if "request_id" in q]
        lost = len(rows) - len(server)  # of those that were reset nothing came
        want = {"HTTP 503": sum(t["status"] == 503 for t in server), "HTTP 500": sum(t["status"] == 500 for t in server),
                "Error within the stream": sum(t["fault"] == "error_event" for t in server),
                "Connection reset": lost + sum(t["fault"] == "reset" for t in server)}
        want = {k: n for k, n in want.items() if n}
        check(figures["errors"] == want and list(want) != [], f"{figures['errors']}, of the simulator {want}")
        check(figures["total_requests"] == (50, 100)[level], f"{figures['total_requests']}")
        check(figures["failed_requests"] == sum(want.values()), "failed are the errors")
        check(figures["successful_requests"] + figures["failed_requests"] == figures["total_requests"], "nothing is lost")
        check(abs(figures["success_rate"] - 100 * figures["successful_requests"] / figures["total_requests"]) < 1e-4, "in percent")
        codes = {}
        for q in rows:
            if q.get("status"):
                codes[str(q["status"])] = codes.get(str(q["status"]), 0) + 1
        check(figures["status_codes"] == codes and codes["503"] == want["HTTP 503"], f"{figures['status_codes']}, {codes}")
        order = sorted(want, key=lambda k: (-want[k], k))
        lines = block(r.stdout, f"{figures['qps_target']:.1f}", figures["failed_requests"])
        check(lines[:-1] == [f"  - {k}: {want[k]} occurrences" for k in order], f"{lines}")
        shown = ", ".join(f"{k}: {codes[k]}" for k in sorted(codes))
        check(lines[-1] == f"  Status codes: {{{shown}}}", f"{lines[-1]}")
        check(list(figures["errors"]) == sorted(figures["errors"]), "keys in one order, for diff")


def test_stop_below_half(folder):
    """Of the second level more than half fail: no third one, and the exit code is still that of a run with successes."""
    with Sim(weir, "--ttft", "50ms", "--itl", "10ms", "--max-seqs", "2", "--max-queue", "0") as sim:
        r = Run(weir, folder, sim.url, "--qps", "4,200,400", "--duration", "0.5", "--max-tokens", "5")
        truth = sim.truth()
    check([f["qps_target"] for f in r.results] == [4, 200], f"{[f['qps_target'] for f in r.results]}")
    check(r.results[0]["failed_requests"] == 0 and r.results[1]["success_rate"] < 50, f"{r.results[1]['success_rate']}")
    check("⚠️  WARNING: Success rate dropped below 50% at QPS 200.0\nStopping tests - endpoint is overloaded.\n" in r.stdout, r.stdout)
    check("Running QPS test: 400.0" not in r.stdout, "the third level was begun")
    refused = sum(truth[q["request_id"]]["status"] == 503 for q in r.requests(1))
    check(r.results[1]["errors"] == {"HTTP 503": refused}, f"{r.results[1]['errors']}, {refused}")
    check("❌ FAIL" in r.summary(), r.summary())


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        test_counts(folder)
        test_stop_below_half(folder)


main()
