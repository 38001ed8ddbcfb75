"""Arrival processes and load profiles as the server's kernel saw them, against formulas of this file's own.

Instants that were intended must be those of the formulas whatever the machine does; requests must not arrive before them.
How much later they do is bounded in release builds alone, by medians.
"""
import bisect
import math
import os
import subprocess
import sys
import tempfile

from lib import SANITIZED, SLOW, Sim, check, clean_env, quantile, report, run

WEIR = sys.argv[1]
FAST = ("--max-tokens", "1", "--workers", "2")


class Piece:
    """A piece of a profile: its length and the integral of its rate, written down anew."""

    def __init__(self, length, kind, a, b=0.0, period=0.0):
        self.length, self.kind, self.a, self.b, self.period = length, kind, a, b, period

    def area(self, x):
        a, b, t = self.a, self.b, self.length
        if self.kind == "stay":
            return a * x
        if self.kind == "linear":
            return a * x + (b - a) / t * x * x / 2
        if self.kind == "exp":
            return a * t / math.log(b / a) * ((b / a) ** (x / t) - 1)
        w = 2 * math.pi / self.period
        return (a + b) / 2 * x + (b - a) / 2 / w * (1 - math.cos(w * x))


def area(pieces, t):
    total = 0.0
    for p in pieces:
        if t <= p.length:
            return total + p.area(max(t, 0))
        total += p.area(p.length)
        t -= p.length
    return total


def begin_of(r):
    return r.lines("level")[0]["begin"]


def due(r):
    """Intended instants in s after the level's begin, in the schedule's order."""
    begin = begin_of(r)
    return [(q["intended"] - begin) / 1e9 for q in sorted(r.requests, key=lambda q: q["index"])]


def arrived(r, truth):
    """The kernel's stamps of the requests, likewise; each was due before."""
    begin, epoch = begin_of(r), r.run["epoch_mono"]
    rows = sorted(r.requests, key=lambda q: q["index"])
    recv = [(truth[q["request_id"]]["recv"] - epoch - begin) / 1e9 for q in rows]
    late = [t - (q["intended"] - begin) / 1e9 for t, q in zip(recv, rows)]
    check(min(late) > -1e-4, f"a request arrived {-min(late)} s before it was due")
    print(f"  {len(rows)} requests, arrivals p50 {quantile(late, .5) * 1e6:.0f} us late")
    check(quantile(late, .5) < 0.02 or SANITIZED, "arrivals are late")
    return recv


def profiles(sim):
    """Constant arrivals over a profile: item k is due where the integral reaches k."""
    pieces = [Piece(0.4, "stay", 100), Piece(0.3, "stay", 0), Piece(0.5, "linear", 50, 400), Piece(0.5, "exp", 400, 20)]
    r = run(WEIR, sim.url, "--profile", "400ms@100,300ms@0,0.5s@50..400,500ms@exp:400..20", *FAST)
    t = due(r)
    total = area(pieces, 1.7)
    check(len(t) == math.ceil(total), f"{len(t)} requests of {total:.2f}")
    off = max(abs(area(pieces, x) - k) for k, x in enumerate(t))
    check(off < 1e-5, f"an item is {off} requests off its place")
    check(not [x for x in t if 0.4 < x < 0.7], "something was due in the pause")
    level = r.summary["levels"][0]
    check(level["load"]["rate"] is None and level["load"]["profile"].startswith("400ms@100,"), f"load {level['load']}")
    check(abs(level["rates"]["offered_rps"] - len(t) / 1.7) < 1e-3, f"offered {level['rates']['offered_rps']}")
    check(not [n for n in level["notes"] if "warm-up" in n or "overloaded" in n], "a profile is no warm-up and no overload")
    check(report(WEIR, r.dir).stdout == r.stdout, "weir report differs from the run")
    cut = run(WEIR, sim.url, "--profile", "400ms@100,300ms@0", "--duration", "1s", *FAST)
    t = due(cut)
    check(len(t) == 70 and max(t) < 1 and len([x for x in t if x >= 0.7]) == 30, "a longer --duration repeats the profile")
    return r


SINE = [Piece(1.5, "sine", 100, 500, 0.6)]


def random_over_a_sine(sim):
    """Random arrivals over a sine: through the integral, gaps of Poisson's and gamma's theory; the same for any workers."""
    words = ("--profile", "1.5s@sine:100..500/600ms", "--arrival", "gamma", "--seed", "11", "--max-tokens", "1")
    for shape in ("1", "0.25"):
        runs = [run(WEIR, sim.url, *words, "--burstiness", shape, "--workers", w) for w in ("1", "8")]
        t = due(runs[0])
        check(t == due(runs[1]), "the instants depend on the number of workers")
        s = [area(SINE, x) for x in t]
        gaps = [b - a for a, b in zip([0.0] + s, s)]
        mean = sum(gaps) / len(gaps)
        var = sum((g - mean) ** 2 for g in gaps) / len(gaps) / mean ** 2
        k = float(shape)
        check(abs(mean - 1) < 4 / math.sqrt(k * len(gaps)), f"mean gap {mean}")
        check(abs(var - 1 / k) < 4 / k * math.sqrt((2 + 6 / k) / len(gaps)), f"variance {var} of shape {shape}")
    again = run(WEIR, sim.url, "--replay", runs[0].dir)
    check(due(again) == due(runs[0]), "--replay differs from the stored run")
    return run(WEIR, sim.url, "--profile", words[1], "--arrival", "poisson", "--seed", "12", *FAST)


def uniform_under_the_sine(r, truth):
    """Given their number, arrivals of a Poisson process lie uniformly under the integral of its rate."""
    recv = sorted(area(SINE, x) / area(SINE, 1.5) for x in arrived(r, truth))
    worst = max(max(abs(u - i / len(recv)), abs(u - (i + 1) / len(recv))) for i, u in enumerate(recv))
    print(f"  Kolmogorov-Smirnov {worst:.3f}, n = {len(recv)}")
    check(worst < 2.225 / math.sqrt(len(recv)) or SANITIZED, f"Kolmogorov-Smirnov: {worst}, n = {len(recv)}")


def most_open(r):
    open_now = most = 0
    for _, d in sorted([(q["start"], 1) for q in r.requests] + [(q["end"], -1) for q in r.requests]):
        open_now += d
        most = max(most, open_now)
    return most


def bursts(sim):
    n = 300
    r = run(WEIR, sim.url, "--rate", "inf", "--num-requests", str(n), *FAST)
    check(due(r) == [0.0] * n, "all are due at once")
    level = r.summary["levels"][0]
    check(level["requests"]["successful"] == n and level["requests"]["unsent"] == 0, f"burst: {level['requests']}")
    check(level["load"]["rate"] is None and level["load"]["arrival"] == "burst", f"load {level['load']}")
    last = max(q["end"] for q in r.requests)
    frame = r.lines("level")[-1]
    check(frame["w1"] == last and frame["w0"] == frame["begin"], "the window ends with the last answer")
    check(report(WEIR, r.dir).stdout == r.stdout, "weir report differs from the run")
    most = 0
    for _ in range(5):  # a machine that leaves the client aside meanwhile may never have four open
        r = run(WEIR, sim.url, "--rate", "inf", "--num-requests", "60", "--max-concurrency", "4", "--grace", "10ms", *FAST)
        check(r.summary["levels"][0]["requests"]["unsent"] == 0, "a burst's grace begins behind its last start")
        most = max(most, most_open(r))
        check(most <= 4, f"{most} in flight under a cap of 4")
        if most == 4:
            break
    check(most == 4, f"at most {most} in flight under a cap of 4")


def users(sim):
    """Requests in flight at the server: never more than the profile has users then, but for those who finish their last."""
    r = run(WEIR, sim.url, "--concurrency-profile", "600ms@3,600ms@9,600ms@1..5,300ms@0", *FAST)
    begin = begin_of(r)
    rows = sorted(((q["start"] - begin) / 1e9, (q["end"] - begin) / 1e9) for q in r.requests)
    starts, ends = [a for a, _ in rows], sorted(b for _, b in rows)

    def at(t):
        return bisect.bisect_right(starts, t) - bisect.bisect_right(ends, t)
    check(all(at(t) <= 3 for t, _ in rows if t < 0.6), "more than 3 users in the first piece")
    check(all(at(t) <= 9 for t, _ in rows), "more than 9 users")
    late = 0.2 * SLOW # a request's length, and a machine's breath
    check(all(at(t) <= 5 for t, _ in rows if t > 1.2 + late), "they do not leave")
    check(not [t for t, _ in rows if t > 1.8 + late], "someone came when all had left")
    for t, n in ((0.3, 3), (0.9, 9)):
        seen = [at(t + k * 0.002) for k in range(50)]
        print(f"  at {t} s: {quantile(seen, .5)} of {n} users in flight")
        check(quantile(seen, .5) >= n - 1 or SANITIZED, f"{seen} in flight, not {n}")
    level = r.summary["levels"][0]
    check(level["load"]["concurrency"] == 9 and abs(level["load"]["duration_s"] - 2.1) < 1e-6, f"load {level['load']}")
    check(report(WEIR, r.dir).stdout == r.stdout, "weir report differs from the run")


def rate_limit(sim):
    words = ("--rate", "100", "--arrival", "poisson", "--duration", "1s", "--rate-limit", "80/s", "--seed", "4", *FAST)
    r = run(WEIR, sim.url, *words)
    t, last = due(r), -1.0
    begin = begin_of(r)
    for x, q in zip(t, sorted(r.requests, key=lambda q: q["index"])):
        want = max(x, last + 1 / 80)
        last = (q["admitted"] - begin) / 1e9
        check(abs(last - want) < 1e-8, f"due at {x}: admitted at {last}, not {want}")
    waits = r.summary["levels"][0]["latency_ms"]["queue_wait"]["max"]
    check(waits > 10, f"a queue at 125 % of the limit waits: {waits} ms")
    told = subprocess.run([WEIR, "run", sim.url, "--dry-run", "--model", "m", *words], capture_output=True, text=True, env=clean_env())
    first = told.stdout.split("let go at", 1)[1].split(" s,", 5)[:5]
    rows = sorted(r.requests, key=lambda q: q["index"])
    check(all(abs(float(a) - (q["admitted"] - begin) / 1e9) < 1e-8 for a, q in zip(first, rows)), f"--dry-run says {first}")
    n = 0
    for _ in range(5):
        closed = run(WEIR, sim.url, "--concurrency", "5", "--duration", "1s", "--rate-limit", "3000/min", *FAST)
        n = max(n, len(closed.requests))
        check(n <= 50, f"{n} starts at 50/s in 1 s")
        if n >= 40 or SANITIZED:
            break
    check(n >= 40 or SANITIZED, f"{n} starts at 50/s in 1 s")
    return r


def arrived_when_let_go(r, truth):
    for q in r.requests:
        late = truth[q["request_id"]]["recv"] - r.run["epoch_mono"] - q["admitted"]
        check(late > -1e5, f"a request arrived {-late} ns before it was let go")


def traces(sim):
    at = [0, 10, 10, 250, 251, 900, 1400]
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "trace.jsonl")
        with open(path, "w") as f:
            for i, ms in enumerate(at):
                f.write('{"timestamp": %d, "input_length": 20, "output_length": 2, "hash_ids": [%d]}\n' % (5000 + ms, i))
        r = run(WEIR, sim.url, "--arrival", "trace", "--speed", "2,4", "--dataset", path)
        for level, speed in enumerate((2, 4)):
            begin = [f["begin"] for f in r.lines("level") if f["level"] == level][0]
            rows = sorted((q for q in r.requests if q["level"] == level), key=lambda q: q["index"])
            check([q["intended"] - begin for q in rows] == [ms * 1_000_000 // speed for ms in at], "the trace's instants")
            check([q.get("sample", 0) for q in rows] == list(range(len(at))), "the trace's order")
            check(r.summary["levels"][level]["load"]["speed"] == speed, "its speed")
            want = 1.4 / speed * 7 / 6
            check(abs(r.summary["levels"][level]["load"]["duration_s"] - want) < 1e-6, "its window")
        cut = run(WEIR, sim.url, "--arrival", "trace", "--duration", "300ms", "--dataset", path)
        check(len(cut.requests) == 5, "--duration cuts it")
        path = os.path.join(d, "prompts.txt")
        with open(path, "w") as f:
            f.write("What is a weir?\n")
        bad = run(WEIR, sim.url, "--arrival", "trace", "--dataset", path, expect=2)
        check("prompts.txt:1: has no instant" in bad.stderr, bad.stderr)


# Each with what is left to check when the simulator has written down its truth.
TESTS = ((profiles, arrived), (random_over_a_sine, uniform_under_the_sine), (bursts, None), (users, None),
         (rate_limit, arrived_when_let_go), (traces, None))


def main():
    for test, after in TESTS:
        print(test.__name__)
        with Sim(WEIR, "--ttft", "20ms", "--itl", "1ms", "--max-seqs", "10000") as sim:
            r = test(sim)
            if after:
                after(r, sim.truth())


main()
