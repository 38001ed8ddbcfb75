"""Clients that go away (--cancel-rate, --cancel-after) as the simulator saw them, and a run that stops by --max-errors."""
import json
import math
import sys

from lib import SANITIZED, Sim, check, report, run

WEIR = sys.argv[1]


def ids(r):
    """Records by the request id that the simulator wrote down too."""
    return {q["request_id"]: q for q in r.requests if "request_id" in q}


def report_equals_the_run(r):
    again = report(WEIR, r.dir)
    check(again.stdout == r.stdout, f"weir report differs from the run:\n{again.stdout}\n---\n{r.stdout}")
    check(again.returncode == r.code, f"weir report exits {again.returncode}, weir run {r.code}")
    check(json.loads(report(WEIR, r.dir, "--json").stdout) == r.summary, "weir report --json differs from summary.json")


def by_tokens():
    """Who goes with 3 tokens takes 3, whoever sends them; the same ones whatever --workers is."""
    chosen = []
    for workers in ("1", "2", "8"):
        with Sim(WEIR, "--ttft", "2ms", "--itl", "5ms") as sim:
            r = run(WEIR, sim.url, "--rate", "300", "-n", "300", "-d", "none", "--max-tokens", "50", "--cancel-rate", "20%",
                    "--cancel-after", "3tokens", "--seed", "5", "--workers", workers)
            truth = sim.truth()
        left = [q for q in r.requests if q.get("left")]
        chosen.append(sorted(q["index"] for q in left))
        counts = r.summary["levels"][0]["requests"]
        check(counts["left"] == counts["cancelled"] == len(left), f"{counts}")
        check(counts["failed"] == 0 and counts["successful"] == 300 - len(left), f"{counts}")
        check(r.summary["levels"][0]["rates"]["success_rate"] == 1, "who goes away is no failure")
        for q in left:
            t = truth[q["request_id"]]
            check(q["outcome"] == "cancelled" and len(q["dt"]) == 3, f"{q}")
            check(not t["complete"] and t["output_tokens"] < 50, f"the simulator did not notice: {t}")
        for name, q in ids(r).items():
            check(truth[name]["complete"] != bool(q.get("left")), f"{name}: {truth[name]}")
        report_equals_the_run(r)
    check(chosen[0] == chosen[1] == chosen[2], "who goes away depends on the number of workers")
    check(abs(len(chosen[0]) - 60) < 5 * math.sqrt(300 * .2 * .8), f"{len(chosen[0])} of 300 went away, asked was 20 %")


def by_time():
    """One slot and answers that would last for ever: each request gets it because the one before has gone."""
    with Sim(WEIR, "--ttft", "5ms", "--itl", "10ms", "--max-seqs", "1", "--output-tokens", "1000000") as sim:
        r = run(WEIR, sim.url, "-c", "1", "-n", "8", "-d", "none", "--cancel-rate", "1", "--cancel-after",
                "uniform:150ms,300ms", "--seed", "9", "--no-probe", "--model", "m")
        truth = sorted(sim.truth().values(), key=lambda t: t["recv"])
    check(r.code in (0, 4), "all went away on purpose: none failed")
    rows = sorted(r.requests, key=lambda q: q["start"])
    check(len(rows) == len(truth) == 8 and all(q.get("left") for q in rows), f"{len(rows)} requests, {len(truth)} seen")
    stays = [q["end"] - q["start"] for q in rows]
    check(all(s >= 150e6 for s in stays), f"one went too early: {stays}")
    if not SANITIZED:
        check(sorted(stays)[4] <= 310e6, f"they went too late: {stays}") # the last may lie behind a pause of the machine
    check(len({round(s / 1e6) for s in stays}) > 4, "the instants are not spread")
    for last, now in zip(truth, truth[1:]):
        check(not last["complete"] and 0 < last["end"] <= now["started"] + 5e7, f"the slot was not freed: {last} {now}")
    epoch = r.run["epoch_mono"]
    for q, t in zip(rows, truth):
        check(t["end"] >= q["end"] + epoch, "the simulator knew before it could")
        if not SANITIZED:
            check(t["end"] - q["end"] - epoch < 1e9, "the simulator noticed too late")
    check(r.summary["levels"][0]["latency_ms"]["e2e"]["censored"] == 8, "they count as what they had waited")
    report_equals_the_run(r)


def over_http2():
    """A stream is reset; the others on its connection go on."""
    with Sim(WEIR, "--ttft", "2ms", "--itl", "5ms") as sim:
        r = run(WEIR, sim.url, "--http", "h2c", "-c", "8", "-n", "48", "-d", "none", "--max-tokens", "60", "--cancel-rate", "30%",
                "--cancel-after", "uniform:1,5tokens", "--seed", "2")
        truth = sim.truth()
    left = [q for q in r.requests if q.get("left")]
    check(3 < len(left) < 28, f"{len(left)} of 48 went away")
    check(r.summary["levels"][0]["requests"]["failed"] == 0, f"{r.summary['levels'][0]['outcomes']}")
    check(r.summary["levels"][0]["client"]["connections_opened"] <= 2, "their connection went with them")
    check(all(not truth[q["request_id"]]["complete"] for q in left), "the simulator did not notice")
    report_equals_the_run(r)


def breaker():
    """All answers fail from the first on: more than 5 are too many, and so is any share of the first 20."""
    for limit, least in (("5", 6), ("30%", 20)):
        with Sim(WEIR, "--fault", "http503:1", truth=False) as sim:
            r = run(WEIR, sim.url, "--rate", "200,400", "-d", "20s", "--max-errors", limit, "--no-probe", "--model", "m",
                    expect=1)
        level, = r.summary["levels"]
        check(r.summary["stopped"] and not r.summary["interrupted"] and not level["complete"], "not marked")
        check(f"--max-errors {limit}" in level["stopped"] and "http_503" in level["stopped"], level["stopped"])
        failed = level["requests"]["failed"]
        check(least <= failed < 3000, f"{failed} had failed before it stopped")
        check(level["load"]["duration_s"] < 15, "it did not stop")
        check("stopped before its end" in r.stdout and "stopped: " in r.stderr, r.stdout)
        report_equals_the_run(r)
    with Sim(WEIR, "--fault", "http503:0.1", "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        r = run(WEIR, sim.url, "-c", "4", "-n", "200", "-d", "none", "--max-tokens", "2", "--max-errors", "60%")
    check(not r.summary["stopped"] and r.summary["levels"][0]["stopped"] is None, "10 % are not 60 %")
    check(r.summary["levels"][0]["requests"]["attempted"] == 200, "it stopped")


def sweep_that_ends():
    """Of all answers 80 % fail: one level is enough. Of 10 % all levels are run."""
    for share, want in (("0.8", 1), ("0.1", 3)):
        with Sim(WEIR, "--fault", f"http503:{share}", "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
            r = run(WEIR, sim.url, "--rate", "100,200,300", "-d", "1s", "--max-tokens", "2", "--stop-below", "50%", "--seed", "1")
        told = [n for n in r.summary["notes"] if "--stop-below 50%" in n]
        check(len(r.summary["levels"]) == want and len(told) == (want == 1), f"{len(r.summary['levels'])} levels, {told}")
        check(all(lv["complete"] and lv["stopped"] is None for lv in r.summary["levels"]), "the level itself is whole")
        check(want == 3 or ("2 more levels were left out" in told[0] and "the other levels are left out" in r.stderr), f"{told}")
        report_equals_the_run(r)


by_tokens()
by_time()
sweep_that_ends()
over_http2()
breaker()
