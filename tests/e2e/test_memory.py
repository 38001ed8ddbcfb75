"""100,000 quick requests leave memory flat: it must not grow with the number of requests."""
import os
import sys
import threading
import time

from lib import SANITIZED, SLOW, Sim, check, start

WEIR = sys.argv[1]
N = 20_000 if SANITIZED else 100_000


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0


def main():
    with Sim(WEIR, "--ttft", "0ms", "--itl", "0ms", "--prefill", "0us", "--output-tokens", "1", truth=False) as sim:
        process, directory = start(WEIR, sim.url, "--concurrency", "8", "--num-requests", str(N), "--duration", "none",
                                   "--max-tokens", "1", "--quiet")
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
    check(requests == N, f"{requests} records")
    samples = [s for s in samples if s]
    check(len(samples) > 10, "too few samples of memory")
    early, late = max(samples[: len(samples) // 4]), max(samples)
    print(f"resident after a quarter {early >> 20} MiB, at most {late >> 20} MiB, {len(samples)} samples")
    # The exact per-request values of the accumulator (a dozen of 8 bytes each, up to a million requests) are the one
    # part that grows; they are bounded.
    allowed = early + N * 8 * 20 + (8 << 20)
    check(SANITIZED or late < allowed, "memory grows with the number of requests")


main()
