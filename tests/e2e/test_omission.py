"""Coordinated omission: the whole server stands still for 1.5 s.

An uncapped open loop shows up to 1.5 s in response and in service latency; with a cap of 4, response shows it for all that
were due meanwhile and service for at most 4; a closed loop of C shows it for at most C, and its report says so.
"""
import sys

from lib import SANITIZED, Sim, check, run

WEIR = sys.argv[1]
RATE, PAUSE, SLOW_MS = 50, 1.5, 500
BEFORE = 3 if SANITIZED else 1 # s from the server's begin to its pause: the run begins in them
SECONDS = BEFORE + PAUSE + 1
SIM = ("--ttft", "5ms", "--itl", "1ms", "--output-tokens", "5", "--pause", f"{PAUSE}s@{BEFORE}s")


def slow(rows, kind):
    """How many requests took more than SLOW_MS to their last token, from `start` or from `intended`."""
    return sum(1 for q in rows if q["last_token"] - q[kind] > SLOW_MS * 1e6)


def open_loop(*options):
    with Sim(WEIR, *SIM) as sim:
        return run(WEIR, sim.url, "--rate", str(RATE), "--duration", f"{SECONDS}s", *options)


def main():
    due = RATE * (PAUSE - SLOW_MS / 1000)  # due in the pause with more than SLOW_MS of it left

    r = open_loop()
    level, rows = r.summary["levels"][0], r.requests
    check(len(rows) == RATE * SECONDS and all(q["outcome"] == "ok" for q in rows), "all requests were sent and answered")
    response, service = slow(rows, "intended"), slow(rows, "start")
    print(f"uncapped: {response} slow by response, {service} by service, {due:.0f} expected")
    check(response >= 0.8 * due and service >= 0.8 * due, "an uncapped open loop must show the pause in both latencies")
    if not SANITIZED:
        check(response <= 1.2 * due + 4, "more were slow than the pause can explain")
        check(1400 <= level["latency_ms"]["e2e_response"]["max"] <= 1800, f"max {level['latency_ms']['e2e_response']['max']} ms")

    r = open_loop("--max-concurrency", "4")
    level, rows = r.summary["levels"][0], r.requests
    response, service = slow(rows, "intended"), slow(rows, "start")
    print(f"capped: {response} slow by response, {service} by service")
    check(len(rows) == RATE * SECONDS, "nothing is skipped")
    check(response >= 0.8 * due, "response latency must show the pause for all that were due")
    check(service <= 4, "no more than the cap can have been in flight")
    check(level["latency_ms"]["queue_wait"]["max"] > 750, "the wait for the cap must be reported")
    check(level["latency_ms"]["e2e_response"]["p95"] > 5 * level["latency_ms"]["e2e"]["p95"], "service hides what response shows")

    with Sim(WEIR, *SIM) as sim:
        r = run(WEIR, sim.url, "--concurrency", "4", "--duration", f"{SECONDS}s")
    level, rows = r.summary["levels"][0], r.requests
    service = slow(rows, "start")
    print(f"closed: {service} slow of {len(rows)}")
    check(1 <= service <= 4, "a closed loop of 4 shows the pause at most 4 times")
    check(level["latency_ms"]["ttft_response"] is None, "there is no response latency in a closed loop")
    check(any("closed loop" in n for n in level["notes"]), f"the report must say what a closed loop cannot show: {level['notes']}")


main()
