"""Ctrl-C and kill -9 at random instants leave readable files, and `weir report` accepts them."""
import json
import random
import signal
import sys
import time

from lib import SLOW, Sim, check, report, start

WEIR = sys.argv[1]
LATER = 2 if SLOW > 1 else 1 # how much longer a sanitizer build takes to begin


def killed(sim, delay):
    process, directory = start(WEIR, sim.url, "--rate", "200", "--duration", "20s", "--max-tokens", "20")
    time.sleep(delay)
    process.kill()
    process.communicate()
    try:
        with open(directory + "/requests.jsonl") as f:
            text = f.read()
    except FileNotFoundError:
        return False  # killed before the first request
    whole = [json.loads(line) for line in text.split("\n")[:-1]]
    done = report(WEIR, directory, "--json")
    if not any(r["type"] == "level" for r in whole):
        return False
    check(done.returncode in (0, 1, 4), f"weir report: exit {done.returncode}: {done.stderr}")
    summary = json.loads(done.stdout)
    sent = sum(1 for r in whole if r["type"] == "request")
    attempted = summary["levels"][0]["requests"]["attempted"]
    check(attempted <= sent, f"{attempted} attempted of {sent} recorded")
    check(sent == 0 or attempted > 0, "records that the report does not count")
    return sent > 0


def interrupted(sim, delay):
    process, directory = start(WEIR, sim.url, "--rate", "100", "--duration", "30s", "--max-tokens", "20")
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30 * SLOW)
    check(process.returncode == 130, f"exit {process.returncode} after Ctrl-C: {stderr}")
    with open(directory + "/summary.json") as f:
        summary = json.load(f)
    check(summary["interrupted"] is True, "summary.json must say that it was interrupted")
    done = report(WEIR, directory, "--json")
    check(json.loads(done.stdout) == summary, "weir report differs from the run's own summary")
    check(summary["levels"][0]["requests"]["successful"] > 0, "the partial result must hold what was measured")


def twice(sim):
    process, directory = start(WEIR, sim.url, "--concurrency", "4", "--duration", "30s", "--max-tokens", "20000")
    time.sleep(1.5 * LATER)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30 * SLOW)
    check(process.returncode == 130, f"exit {process.returncode} after two Ctrl-C")
    check(time.monotonic() - began < 2 * SLOW, "the second Ctrl-C leaves at once")
    with open(directory + "/summary.json") as f:
        summary = json.load(f)
    check(summary["levels"][0]["requests"]["cancelled"] == 4, f"{summary['levels'][0]['requests']}")


def main():
    rng = random.Random(11)
    with Sim(WEIR, "--ttft", "10ms", "--itl", "2ms", truth=False) as sim:
        useful = sum(killed(sim, rng.uniform(0.2, 3.0) * LATER) for _ in range(6 if SLOW == 1 else 3))
        check(useful >= 2, "too few of the killed runs had records for the test to mean anything")
        interrupted(sim, 1.7 * LATER)
        twice(sim)


main()
