"""Each fault of the simulator gives its outcome and nothing else, and the truth file agrees on how often it struck."""
import collections
import sys

from lib import SANITIZED, Sim, check, run

WEIR = sys.argv[1]
N = 120
# fault -> outcomes that the client may report for it
FAULTS = {
    "reset:0.3": {"reset"},
    "truncate:0.3": {"truncated"},
    "garbage:0.3": {"bad_frame"},
    "bad_json:0.3": {"bad_frame"},
    "http429:0.3": {"http_429"},
    "http500:0.3": {"http_500"},
    "http503:0.3": {"http_503"},
    "error_event:0.3": {"in_stream_error"},
    "split:0.3": {"ok"},
    "slow_headers:0.3:50ms": {"ok"},
    "stall:0.3:100ms": {"ok"},
}


def one(spec, outcomes):
    with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", "--fault", spec, "--seed", "7") as sim:
        r = run(WEIR, sim.url, "--concurrency", "4", "--num-requests", str(N), "--duration", "none", "--max-tokens", "8",
                "--model", "weir-sim", "--no-probe")
        truth = sim.truth()
    rows = r.requests
    level = r.summary["levels"][0]
    struck = sum(1 for t in truth.values() if t["fault"])
    got = collections.Counter(q["outcome"] for q in rows)
    print(f"{spec}: {dict(got)}, struck {struck}")
    check(len(rows) == N, f"{spec}: {len(rows)} records")
    check(struck > N * 0.15, f"{spec}: the fault struck only {struck} times")
    allowed = outcomes | {"ok"}
    check(set(got) <= allowed, f"{spec}: outcomes {dict(got)}, allowed {allowed}")
    if "ok" not in outcomes:
        check(got["ok"] == N - struck, f"{spec}: {got['ok']} ok, {N - struck} without fault")
        check(level["requests"]["failed"] == struck, f"{spec}: {level['requests']['failed']} failed")
        check(level["outcomes"].get(next(iter(outcomes))) == struck, f"{spec}: {level['outcomes']}")
        errors = r.path("errors.jsonl")
        with open(errors) as f:
            check(len(f.readlines()) == min(struck, 20), f"{spec}: errors.jsonl holds the first 20 of each kind")
    else:
        harmless(spec, r, truth)
    # what failed is in no latency
    check(level["latency_ms"]["ttft"]["n"] == got["ok"], f"{spec}: {level['latency_ms']['ttft']['n']} values of TTFT")
    for q in rows:
        if q["outcome"] == "ok":
            check(q["tokens_out"] == 8 and len(q["dt"]) == 8, f"{spec}: {q['tokens_out']} tokens in {len(q['dt'])} events")


def harmless(spec, r, truth):
    """What gives "ok" must have happened all the same, to those that it struck."""
    hit = [q for q in r.requests if truth[q["request_id"]]["fault"]]
    if spec.startswith("split"):
        reads, events = sum(c["reads"] for c in r.lines("client")), sum(c["events"] for c in r.lines("client"))
        check(SANITIZED or reads > 4 * events, f"{spec}: {events} events in {reads} reads: they were not torn")
    elif spec.startswith("stall"):
        # A step that the machine made late shortens the gap behind it, but never the whole.
        check(all(q["last_token"] - q["start"] > 99e6 for q in hit), f"{spec}: an answer without the stall")
        check(all(max(q["dt"][1:] + [q["first_token"] - q["start"]]) > 50e6 for q in hit), f"{spec}: no single gap holds it")
    else:
        check(all(q["headers"] - q["start"] > 49e6 for q in hit), f"{spec}: the headers were not late")


def timeouts():
    with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", "--fault", "stall:0.5:3s", "--seed", "7") as sim:
        r = run(WEIR, sim.url, "--concurrency", "8", "--num-requests", "40", "--duration", "none", "--max-tokens", "8",
                "--timeout", "500ms", "--model", "weir-sim", "--no-probe")
    got = collections.Counter(q["outcome"] for q in r.requests)
    print("stall beyond --timeout:", dict(got))
    check(set(got) == {"ok", "timeout_total"}, f"{dict(got)}")
    for q in r.requests:
        if q["outcome"] == "timeout_total":
            waited = (q["end"] - q["start"]) / 1e6
            check(499 < waited and (SANITIZED or waited < 600), f"timed out after {waited} ms")

    with Sim(WEIR, "--ttft", "2s") as sim:
        r = run(WEIR, sim.url, "--concurrency", "2", "--num-requests", "4", "--duration", "none", "--model", "weir-sim",
                "--first-token-timeout", "200ms", "--no-probe", expect=1)
    check({q["outcome"] for q in r.requests} == {"timeout_first_token"}, "first token timeout")
    ttft = r.summary["levels"][0]["latency_ms"]["ttft"]
    check(ttft["n"] == 0, "a request that timed out has no TTFT")


def limits():
    for options, outcome in ((("--limit", "2"), "http_429"), (("--max-seqs", "1", "--max-queue", "1"), "http_503")):
        with Sim(WEIR, "--ttft", "50ms", "--itl", "1ms", *options) as sim:
            r = run(WEIR, sim.url, "--rate", "100", "--num-requests", "100", "--duration", "none", "--max-tokens", "8")
            truth = sim.truth()
        rows = r.requests
        got = collections.Counter(q["outcome"] for q in rows)
        code = int(outcome[-3:])
        refused = sum(1 for q in rows if truth[q["request_id"]]["status"] == code)
        print(f"{options}: {dict(got)}")
        check(got[outcome] == refused > 10 and got["ok"] + refused == 100, f"{dict(got)}, truth {refused}")
        check(r.summary["levels"][0]["status_codes"][str(code)] == refused, "status_codes")


def main():
    for spec, outcomes in FAULTS.items():
        one(spec, outcomes)
    timeouts()
    limits()


main()
