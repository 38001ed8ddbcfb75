"""Hundreds of thousands of quick requests leave memory flat: it must not grow with their number, records kept or not."""
import json
import os
import sys
import threading
import time

from lib import SANITIZED, SLOW, Sim, check, start

WEIR = sys.argv[1]


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0


def flat(sim, n, *options):
    process, directory = start(WEIR, sim.url, "--concurrency", "8", "--num-requests", str(n), "--duration", "none",
                               "--max-tokens", "1", "--quiet", *options)
    samples = []

    def watch():
        while process.poll() is None:
            samples.append(resident(process.pid))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    stdout, stderr = process.communicate(timeout=150 * SLOW)
    watcher.join()
    check(process.returncode in (0, 4), f"exit {process.returncode}: {stderr}")
    with open(directory + "/requests.jsonl") as f:
        requests = sum(1 for line in f if line.startswith('{"type":"request"'))
    check(requests == (0 if "--no-records" in options else n), f"{requests} records")
    with open(directory + "/summary.json") as f:
        done = json.load(f)["levels"][0]["requests"]["successful"]
    check(done == n, f"{done} of {n} in the summary")
    samples = [s for s in samples if s]
    check(len(samples) > 10, "too few samples of memory")
    early, late = max(samples[: len(samples) // 4]), max(samples)
    print(f"{n} requests {' '.join(options)}: resident after a quarter {early >> 20} MiB, at most {late >> 20} MiB")
    # The exact per-request values of the accumulator (a dozen of 8 bytes each, up to a million requests) are the one
    # part that grows; they are bounded.
    allowed = early + n * 8 * 20 + (8 << 20)
    check(SANITIZED or late < allowed, "memory grows with the number of requests")


def main():
    with Sim(WEIR, "--ttft", "0ms", "--itl", "0ms", "--prefill", "0us", "--output-tokens", "1", truth=False) as sim:
        flat(sim, 20_000 if SANITIZED else 100_000)
        flat(sim, 20_000 if SANITIZED else 200_000, "--no-records")


main()
