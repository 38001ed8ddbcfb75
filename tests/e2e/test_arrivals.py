"""Arrivals as the server's kernel saw them: even and Poisson for real, not in lock-step.

Index of dispersion of the arrivals per 1 ms at 1,000/s: 0 is perfectly even, 1 is Poisson, more is bursts. Bounds: 0.5 even,
1.5 Poisson. The machine can spoil a run from outside, so the best of three undisturbed ones counts.
"""
import sys

from lib import SANITIZED, Sim, attempts, check, run

WEIR = sys.argv[1]
RATE, SECONDS = 1000, 5


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


def measure(arrival):
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", "--output-tokens", "1") as sim:
        r = run(WEIR, sim.url, "--rate", str(RATE), "--duration", f"{SECONDS}s", "--arrival", arrival, "--max-tokens", "1")
        truth = sim.truth()
    sent = [t["recv"] for t in truth.values() if t["n"] and t["id"].count("-") == 2]
    check(len(sent) == len(r.requests), f"{len(sent)} arrived, {len(r.requests)} recorded")
    return dispersion(sent), len(sent)


def main():
    for arrival, bound in (("constant", 0.5), ("poisson", 1.5)):
        for _ in attempts():
            index, n = measure(arrival)
            print(f"{arrival}: index of dispersion {index:.2f}, n = {n}")
            check(abs(n - RATE * SECONDS) < 400, f"{n} requests")
            if index <= bound or SANITIZED:
                break
        else:
            check(False, f"{arrival}: above {bound} in three undisturbed runs")
        if arrival == "poisson" and not SANITIZED:
            check(index > 0.6, "Poisson arrivals are not even")


main()
