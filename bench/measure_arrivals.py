"""measure_arrivals.py - how evenly a tool that was asked for 1,000 requests/s sends them, as the server's kernel saw it.

Index of dispersion per 1 ms = variance / mean of the number of arrivals in each millisecond: 0 perfectly even, 1 Poisson,
more: bursts. The first and the last tenth are left out. The server is `weir sim`, which answers at once; the instants are its
kernel's receive stamps.
"""
import json
import os
import shutil
import tempfile
import time
from collections import Counter

from harness import Sim, in_turn, measure, quantile, spread


def dispersion(arrivals):
    """(index of dispersion per 1 ms, most in one ms, mean rate per s) of the middle four fifths."""
    if len(arrivals) < 100:
        raise ValueError(f"only {len(arrivals)} requests arrived")
    length = arrivals[-1] - arrivals[0]
    low, high = arrivals[0] + length // 10, arrivals[-1] - length // 10
    bins = max(1, (high - low) // 1000000)
    counts = Counter(min((a - low) // 1000000, bins - 1) for a in arrivals if low <= a < low + bins * 1000000)
    mean = sum(counts.values()) / bins
    var = (sum(c * c for c in counts.values()) - bins * mean * mean) / bins
    return var / mean, max(counts.values()), mean * 1000


def once(weir, command_of, rate, seconds):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        with Sim(weir, "--ttft", "0ms", "--itl", "0ms", "--prefill", "0us", "--max-seqs", "100000", truth=True) as sim:
            command, env, how = command_of(sim.url, rate, seconds, folder)
            child = measure(command, seconds + 60, sim, cwd=folder, env={**os.environ, **env})
            iod, most, achieved = dispersion(sim.arrivals())
        return {"iod": iod, "most": most, "rate": achieved, "steal": child.steal, "others": child.others, "how": how,
                "cpu_share": child.cpu_s / child.wall_s, "command": " ".join(command)}
    except ValueError as e:
        return {"failure": str(e) + " " + child.stderr[-200:], "steal": 0.0}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def weir_command(program, arrival, *more):
    def make(url, rate, seconds, folder):
        return [program, "run", url, "--rate", str(rate), "--arrival", arrival, "--duration", f"{seconds}s", "--quiet", "--model", "weir-sim",
                "--no-probe", "--no-stream", "--prompt", "Hello there", "--max-tokens", "1", "--output-dir", os.path.join(folder, "out"),
                *more], {}, " ".join(["--arrival", arrival, *more])
    return make


def compare(weir, peers, pairs, log, rate=1000, seconds=3):
    members = {"weir, even": weir_command(weir, "constant"), "weir, even, --spin": weir_command(weir, "constant", "--spin", "100us"),
               "weir, Poisson": weir_command(weir, "poisson")}
    members |= {p.name: p.rate_command for p in peers}
    slow = set()

    def run(name):
        if name in slow:
            return None
        began = time.monotonic()
        result = once(weir, members[name], rate, seconds)
        if time.monotonic() - began > 4 * seconds:
            slow.add(name)  # once must do
        return result

    kept, meta = in_turn(pairs, {n: (lambda n=n: run(n)) for n in members})
    table = []
    for name, results in kept.items():
        good = [r for r in results if "iod" in r]
        row = {"client": name, "asked": rate, **meta}
        if good:
            row |= {k: spread([r[k] for r in good]) for k in ("iod", "most", "rate", "cpu_share")}
            row |= {"how": good[0]["how"], "steal": max(r["steal"] for r in good), "others": max(r["others"] for r in good),
                    "command": good[0]["command"]}
            log(f"  arrivals: {name}: dispersion {row['iod']['median']:.2f}, at most {row['most']['median']:.0f} in a ms, {row['rate']['median']:.0f}/s")
        else:
            row["failure"] = results[0]["failure"] if results else "not run"
            log(f"  arrivals: {name}: {row['failure']}")
        table.append(row)
    return table


def lag(weir, bare, pairs, log, rate=1000, seconds=2, spin_us=100):
    """How late requests leave (start - intended), beside a bare loop that sleeps until the same instants (bench/lag.c)."""
    def ours(*options):
        folder = tempfile.mkdtemp(prefix="weir-bench-")
        try:
            command, env, _ = weir_command(weir, "constant", *options)(sim.url, rate, seconds, folder)
            child = measure(command, 60, sim, cwd=folder)
            with open(os.path.join(folder, "out", "requests.jsonl")) as f:
                late = [(r["start"] - r["intended"]) / 1000 for r in map(json.loads, f) if r["type"] == "request"]
            return {"p50": quantile(late, .5), "p99": quantile(late, .99), "steal": child.steal, "others": child.others}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def floor(*options):
        child = measure([bare, str(rate), str(seconds), *options], 60)
        told = json.loads(child.stdout)
        return {"p50": told["p50"] / 1000, "p99": told["p99"] / 1000, "steal": child.steal, "others": child.others}

    table = []
    with Sim(weir, "--ttft", "0ms", "--itl", "0ms", "--prefill", "0us", "--max-seqs", "100000") as sim:
        for name, mine, its in (("sleeping", (), ()), (f"spinning {spin_us} us", ("--spin", f"{spin_us}us"), (str(spin_us),))):
            kept, meta = in_turn(pairs, {"weir": lambda m=mine: ours(*m), "bare": lambda b=its: floor(*b)})
            row = {"how": name, **meta, "over": spread([a["p50"] - b["p50"] for a, b in zip(kept["weir"], kept["bare"])]),
                   "steal": max(r["steal"] for k in kept.values() for r in k), "others": max(r["others"] for k in kept.values() for r in k)}
            row |= {f"{who}_{q}": spread([r[q] for r in kept[who]]) for who in kept for q in ("p50", "p99")}
            log(f"  lag, {name}: weir p50 {row['weir_p50']['median']:.2f}, p99 {row['weir_p99']['median']:.0f} us; bare loop {row['bare_p50']['median']:.2f}, "
                f"{row['bare_p99']['median']:.0f} us")
            table.append(row)
    return table
