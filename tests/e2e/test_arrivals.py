"""Arrivals as the server's kernel saw them: even and Poisson for real, not in lock-step.

Index of dispersion of the arrivals per 1 ms at 1,000/s: 0 is perfectly even, 1 is Poisson, more is bursts. Bounds: 0.5 even,
1.5 Poisson. The machine can spoil a run from outside, so the best of three undisturbed ones counts.
"""
import sys

from lib import SANITIZED, SLOW, Sim, attempts, check, quantile, run

WEIR = sys.argv[1]
RATE, SECONDS = 1000, 2 # 1,600 counts: the index of Poisson arrivals has a standard deviation of 0.035


def dispersion(instants):
    """Variance by mean of the counts per 1 ms between the first and the last, the first fifth left out."""
    instants = sorted(instants)[len(instants) // 5:]
    bins = [0] * ((instants[-1] - instants[0]) // 1_000_000)
    for t in instants:
        k = (t - instants[0]) // 1_000_000
        if k < len(bins):
            bins[k] += 1
    mean = sum(bins) / len(bins)
    return sum((b - mean) ** 2 for b in bins) / len(bins) / mean


def measure(arrival, tls, workers):
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", "--output-tokens", "1", *(["--tls"] if tls else [])) as sim:
        r = run(WEIR, sim.url, "--rate", str(RATE), "--duration", f"{SECONDS}s", "--arrival", arrival, "--max-tokens", "1",
                "--workers", str(workers), *(["--insecure"] if tls else []))
        truth = sim.truth()
    sent = [t["recv"] for t in truth.values() if t["n"] and t["id"].count("-") == 2]
    check(len(sent) == len(r.requests), f"{len(sent)} arrived, {len(r.requests)} recorded")
    return dispersion(sent), len(sent)


def schedule_holds():
    """One schedule of absolute instants, a connection chosen when one is due: streams that stand still delay no other request.

    A tenth of the answers stall for 2 s; the arrivals go on at their instants, each on a connection that is free."""
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", "--fault", "stall:0.1:2s", "--max-seqs", "10000") as sim:
        r = run(WEIR, sim.url, "--rate", "200", "--duration", "3s", "--max-tokens", "4", "--grace", "10s")
        truth = sim.truth()
    rows = sorted(r.requests, key=lambda q: q["index"])
    check([q["index"] for q in rows] == list(range(600)), "every item of the schedule was sent, once")
    due = [q["intended"] - rows[0]["intended"] for q in rows]
    check(all(abs(d - i * 5_000_000) <= 1 for i, d in enumerate(due)), "the instants are those of the rate, to the ns")
    stalled = [q for q in rows if q["end"] - q["start"] > 1.5e9]
    check(30 <= len(stalled) <= 100, f"{len(stalled)} stalled")
    open_now = {q["conn"] for q in stalled}
    reused = [q for q in rows if q["conn"] in open_now and any(s["conn"] == q["conn"] and s["start"] < q["start"] < s["end"]
                                                               for s in stalled if s is not q)]
    check(not reused, f"{len(reused)} requests were given a connection that was busy")
    late = [truth[q["request_id"]]["recv"] - r.run["epoch_mono"] - q["intended"] for q in rows]
    print(f"with {len(stalled)} stalled streams: arrivals p50 {quantile(late, .5) / 1000:.0f} us, p99 {quantile(late, .99) / 1e6:.2f} ms late")
    check(max(late) < 1e9 or SANITIZED, "an arrival waited for a stalled stream")
    return quantile(late, .5)


# Two workers, the writer and the simulator have not a core each on the smallest machines: a wider bound, still far from bursts.
CASES = [("constant", False, 1, 0.5), ("poisson", False, 1, 1.5), ("constant", False, 2, 1.0), ("constant", True, 2, 1.0)]


def main():
    for _ in attempts():
        if schedule_holds() < 5e6 * SLOW:
            break
    else:
        check(False, "arrivals wait for streams that stand still: p50 above 5 ms in three undisturbed runs")
    for arrival, tls, workers, bound in CASES:
        for _ in attempts():
            index, n = measure(arrival, tls, workers)
            print(f"{arrival}{', TLS' if tls else ''}, workers {workers}: index of dispersion {index:.2f}, n = {n}")
            check(abs(n - RATE * SECONDS) < 250, f"{n} requests") # more than 5 standard deviations
            if index <= bound or SANITIZED:
                break
        else:
            check(False, f"{arrival}: above {bound} in three undisturbed runs")
        if arrival == "poisson" and not SANITIZED:
            check(index > 0.6, "Poisson arrivals are not even")


main()
