"""Where the threads of a run are kept, as the kernel knows it, against what the run says; polling; the send lag.

The kernel's word on a thread is Cpus_allowed_list in /proc/PID/task/*/status.
"""
import json
import os
import subprocess
import sys
from collections import Counter

from lib import SANITIZED, SLOW, Sim, attempts, check, quantile, run, start, wait_for

WEIR = sys.argv[1]
LOAD = ("--concurrency", "2", "--max-tokens", "4", "--no-live")


def cores_of(text):
    cores = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        cores |= set(range(int(low), int(high or low) + 1))
    return cores


def allowed_of(pid):
    """Cores of each thread, the main thread first."""
    masks = []
    try:
        for task in sorted(map(int, os.listdir(f"/proc/{pid}/task"))):
            with open(f"/proc/{pid}/task/{task}/status") as f:
                masks.append(cores_of(next(line.split(":")[1].strip() for line in f if line.startswith("Cpus_allowed_list"))))
    except FileNotFoundError:
        pass
    return masks


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(x) for x in f.read().split()]


def pinned(pin, workers, want_workers):
    """Runs against a simulator of its own; the kernel's masks must be those that metadata.json names."""
    process, out = start(WEIR, *LOAD, "--duration", "1500ms", "--pin", pin, "--workers", str(workers))
    seen = {}

    def look():
        masks = allowed_of(process.pid)
        pins = Counter(next(iter(m)) for m in masks[1:] if len(m) == 1)
        if len(masks) > workers and pins >= Counter(want_workers):  # the writer may have a core of its own too, and earlier
            seen["client"] = masks
            seen["sim"] = allowed_of(children_of(process.pid)[0])
        return "client" in seen or process.poll() is not None

    wait_for(look, 10, "the workers never came")
    _, stderr = process.communicate(timeout=30 * SLOW)
    check(process.returncode in (0, 4), f"--pin {pin}: exit {process.returncode}: {stderr}")
    check("client" in seen, f"--pin {pin}: the workers were never pinned\n{stderr}")
    with open(os.path.join(out, "metadata.json")) as f:
        told = json.load(f)["cores"]
    line = next((x for x in stderr.splitlines() if x.startswith("Cores ")), "no such line")
    print(f"--pin {pin}, {workers}: {line}")
    check(told["pinned"] and told["workers"] == want_workers, f"{told}, wanted {want_workers}")
    writer = cores_of(told["writer"])
    rest = sorted(map(sorted, seen["client"][1:]))
    for core in want_workers:
        check([core] in rest, f"workers on {seen['client'][1:]}")
        rest.remove([core])
    check(all(r == sorted(writer) for r in rest), f"other threads on {rest}")  # that write, or belong to a sanitizer
    check(seen["client"][0] == cores_of(told["writer"]), f"writer on {seen['client'][0]}, told {told['writer']}")
    check(all(m == cores_of(told["simulator"]) for m in seen["sim"]), f"simulator on {seen['sim']}, told {told['simulator']}")
    check(f"writer on {told['writer']}" in line, line)
    return told


def pinning():
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) >= 2:
        told = pinned("auto", 1, [next(c for c in mine if c != 0)])
        check(not cores_of(told["simulator"]) & set(told["workers"]), "the simulator shares a worker's core")
        pinned(f"{mine[1]},{mine[0]}", 2, [mine[1], mine[0]])
    pinned(str(mine[0]), 2, [mine[0]] * 2)
    free = next(c for c in range(1023, 0, -1) if c not in mine)
    r = run(WEIR, *LOAD, "--num-requests", "2", "--pin", str(free), expect=2)
    check(f"core {free} is not one that this process may use" in r.stderr, r.stderr)
    check(not os.path.exists(r.dir), "a run that could not be pinned left a folder")


def polling():
    r = run(WEIR, *LOAD, "--num-requests", "60", "--duration", "none", "--busy-poll", "2ms")
    client = r.lines("client")[0]
    level = r.summary["levels"][0]
    print(f"--busy-poll 2ms: empty polls {client['empty_polls'] / client['window']:.2f} of the window, busy {level['client']['busy']}")
    check(client["empty_polls"] > 0, "nothing was polled")
    check(level["requests"]["successful"] == 60, f"{level['requests']}")
    check(len([n for n in r.summary["notes"] if "--busy-poll" in n]) <= 1, f"{r.summary['notes']}")


def lag_pair(url, weir_options, bare_options):
    """Median lateness in us: of weir's requests, and of a bare loop that only sleeps until the same instants."""
    r = run(WEIR, url, "--rate", "1000", "--duration", "2s", "--warmup", "200", "--max-tokens", "1", "--prompt", "x", *weir_options)
    late = [q["start"] - q["intended"] for q in r.requests if not q.get("warmup")]
    check(len(late) == 2000 and min(late) >= 0, f"{len(late)} requests, the earliest {min(late)} ns after its instant")
    bare = json.loads(subprocess.run([os.environ["BENCH_LAG"], "1000", "2", *bare_options], capture_output=True, text=True,
                                     check=True, timeout=30 * SLOW).stdout)
    return quantile(late, .5) / 1000, bare["p50"] / 1000


def sending():
    """The bounds are generous forms of the budgets (bench/send_lag): + 5 us, and 1 us with --spin."""
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", "--prefill", "0us", truth=False) as sim:
        for options, bare_options, allowed in (((), (), 25), (("--spin", "100us"), ("100",), 4)):
            for _ in attempts():
                ours, bare = lag_pair(sim.url, options, bare_options)
                print(f"send lag {' '.join(options)}: p50 {ours:.2f} us, bare loop {bare:.2f} us")
                if ours <= bare + allowed or SANITIZED:
                    break
            else:
                check(False, f"send lag {options}: more than {allowed} us above a bare loop in three undisturbed runs")


def main():
    pinning()
    polling()
    sending()


main()
