#!/usr/bin/env python3
"""Seed document 4, initial testing of concurrency: within the server's limit all requests succeed; beyond it exactly those that
were there first do, and the rest is refused at once."""
import os
import sys
import tempfile

from as_program import run
from async_lib import Block, endpoints, mock
from lib import SANITIZED, check

weir = sys.argv[1]


def test_within_the_limit(folder):
    with mock(weir, 10, 0.01, "--threads", "3") as sim:
        endpoints(os.path.join(folder, "endpoints.txt"), sim, 3)
        done = run(weir, "async_benchmarking", "--requests", "500", "--concurrency", "10", "--targets", "endpoints.txt", cwd=folder)
        truth = sim.truth()
    b = Block(done.stdout)
    b.check_formulas()
    check(b.codes == {"200": 500} and b.ratio == 100 and b.tokens == 3, done.stdout)
    check({t["status"] for t in truth.values()} == {200} and len(truth) == 500, "the server saw the same")
    check(b.total >= 50 * 0.01 and b.least >= 0.01, "nothing came early")


def test_beyond_the_limit(folder):
    """The ten sleep for a second, in which the other 490 are answered."""
    with mock(weir, 10, 1, "--threads", "2") as sim:
        endpoints(os.path.join(folder, "endpoints.txt"), sim, 3)
        done = run(weir, "async_benchmarking", "--requests", "500", "--concurrency", "25", "--targets", "endpoints.txt", cwd=folder)
        truth = list(sim.truth().values())
    b = Block(done.stdout)
    b.check_formulas()
    check(b.codes == {"200": 10, "429": 490}, f"exactly 10 and 490: {b.codes}")
    check(b.ratio == 2 and b.tokens == 0.06, done.stdout)
    check(sorted(t["status"] for t in truth) == [200] * 10 + [429] * 490, "the server says the same")
    check(b.good[0] == 10 and b.good[4] == 3, f"the line of successful ones is theirs alone: {b.good}")
    held = [(t["end"] - t["received"]) / 1e9 for t in truth]
    check(b.mean >= sum(held) / 500 - 1e-4, "a client's latency is longer than the server's")
    check(b.good[2] >= 1 and b.most >= 1, "the ten took their second")
    if not SANITIZED:
        check(b.total < 1.2, f"and no longer: {b.total}")
        check(b.mean - sum(held) / 500 < 0.01, f"mean latency {b.mean}, the server's {sum(held) / 500}")
        check(abs(b.good[2] - sum(h for h in held if h >= 1) / 10) < 0.01, f"of the ten {b.good[2]}")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-async-") as folder:
        test_within_the_limit(folder)
        test_beyond_the_limit(folder)


main()
