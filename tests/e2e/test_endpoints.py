"""Several endpoints: where each request went is what the simulators recorded; one that is slow or dies is seen as such."""
import json
import os
import signal
import sys

from lib import SANITIZED, Sim, check, clean_env, quantile, report, run, start, wait_for, Result

WEIR = sys.argv[1]
PARTS = ("ttft", "itl", "e2e", "total")


def indexes(sim):
    """Of the run's own requests, as they came in; probes have other ids."""
    return [int(i.rsplit("-", 1)[1]) for i in sim.truth() if not i.startswith("sim-")]


def three(*ttft):
    return [Sim(WEIR, "--ttft", t, "--itl", "2ms", "--max-seqs", "256") for t in ttft]


def close(sims):
    for s in sims:
        s.__exit__()


def figures_follow_the_records(r, n):
    """Per endpoint, and the parts against the whole."""
    level = r.summary["levels"][0]
    frame = [f for f in r.lines("level") if f["final"]][0]
    key = "intended" if frame["open"] else "start"
    rows = [q for q in r.requests if not q.get("warmup") and frame["w0"] <= q[key] < frame["w1"] + (not frame["open"])]
    ends = level["endpoints"]
    check([p["url"] for p in ends] == [e["url"] for e in r.lines("endpoint")] and len(ends) == n, f"{ends}")
    for k, p in enumerate(ends):
        mine = [q for q in rows if q.get("endpoint", 0) == k]
        ok = [q for q in mine if q["outcome"] == "ok"]
        check((p["attempted"], p["successful"]) == (len(mine), len(ok)), f"endpoint {k}: {p}, by the records {len(mine)}")
        check(abs(p["share"] - len(mine) / len(rows)) < 1e-6, f"share {p['share']}")
        for name, values in (("ttft", [q["first_token"] - q["start"] for q in ok]),
                             ("e2e", [q["last_token"] - q["start"] for q in ok]),
                             ("total", [q["end"] - q["start"] for q in ok])):
            check(p["latency_ms"][name]["n"] == len(values), f"{name}: n")
            for word, q in (("p50", .5), ("p99", .99)):
                want, got = quantile(values, q) / 1e6, p["latency_ms"][name][word]
                check(abs(got - want) < 1e-3, f"endpoint {k}, {name} {word}: {got} ms, by the records {want} ms")
        gaps = [g for q in ok for g in q["dt"][1:]]
        check(p["latency_ms"]["itl"]["n"] == len(gaps), "number of gaps")
        check(abs(p["latency_ms"]["itl"]["p50"] - quantile(gaps, .5) / 1e6) < 0.01, "itl")
        check(sum(p["outcomes"].values()) == len(mine), f"{p['outcomes']}")
    for name in ("attempted", "successful", "failed", "cancelled"):
        check(sum(p[name] for p in ends) == level["requests"][name], f"{name}: the parts are not the whole")
    total = level["rates"]["output_tok_s"]
    check(abs(sum(p["output_tok_s"] for p in ends) - total) <= 0.01 * total, "tokens/s: the parts are not the whole")


def report_equals_the_run(r):
    again = report(WEIR, r.dir)
    check(again.stdout == r.stdout, f"weir report differs from the run:\n{again.stdout}\n---\n{r.stdout}")
    check(json.loads(report(WEIR, r.dir, "--json").stdout) == r.summary, "weir report --json differs from summary.json")


def round_robin_is_by_index():
    for args, n in ((("--rate", "60", "--workers", "1"), 90), (("--rate", "120", "--workers", "3"), 100),
                    (("--concurrency", "7", "--workers", "2"), 91)):
        sims = three("5ms", "30ms", "60ms")
        r = run(WEIR, *[s.url for s in sims], *args, "--num-requests", str(n), "--duration", "none", "--max-tokens", "6",
                "--seed", "3")
        for k, s in enumerate(sims):
            got = sorted(indexes(s))
            check(got == list(range(k, n, 3)), f"{args}: endpoint {k} got {got}")
        check(all(q.get("endpoint", 0) == q["index"] % 3 for q in r.requests), "endpoint of the records")
        figures_follow_the_records(r, 3)
        report_equals_the_run(r)
        p = r.summary["levels"][0]["endpoints"]
        for k, least in enumerate((5, 30, 60)):  # no simulator answers before its time
            check(p[k]["latency_ms"]["ttft"]["min"] >= least, f"endpoint {k}: {p[k]['latency_ms']['ttft']}")
        check([e["url"] for e in r.lines("endpoint")] == r.json("metadata.json")["urls"] == [s.url for s in sims], "urls")
        if not SANITIZED:
            notes = " ".join(r.summary["levels"][0]["notes"])
            check("the endpoints are unlike" in notes and sims[0].url in notes and sims[2].url in notes, f"{notes}")
        close(sims)


def least_in_flight_favours_the_fastest():
    sims = three("4ms", "60ms", "240ms")
    r = run(WEIR, *[s.url for s in sims], "--balance", "least-in-flight", "--concurrency", "6", "--num-requests", "300",
            "--duration", "none", "--max-tokens", "4")
    figures_follow_the_records(r, 3)
    report_equals_the_run(r)
    got = [len(indexes(s)) for s in sims]
    want = [p["attempted"] for p in r.summary["levels"][0]["endpoints"]]
    check(got == want and sum(got) == 300, f"came in {got}, the summary says {want}")
    if not SANITIZED:
        check(got[0] > got[1] > got[2] and got[0] >= 150, f"{got}")
        check(any("got" in n and sims[2].url in n for n in r.summary["levels"][0]["notes"]), "a note on its small share")
    close(sims)


def one_that_dies_fails_alone():
    sims = three("5ms", "5ms", "5ms")
    process, directory = start(WEIR, *[s.url for s in sims], "--rate", "60", "--duration", "4s", "--max-tokens", "4")
    path = os.path.join(directory, "requests.jsonl")
    wait_for(lambda: os.path.exists(path) and open(path).read().count('"type":"request"') > 40, 20, "no records")
    sims[1].process.send_signal(signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=60)
    check(process.returncode in (0, 4), f"exit {process.returncode}: {stderr}")
    r = Result(directory, process.returncode, stdout, stderr, 0)
    bad = [q for q in r.requests if q["outcome"] != "ok"]
    check(len(bad) > 10 and all(q["endpoint"] == 1 for q in bad), f"{[(q.get('endpoint'), q['outcome']) for q in bad]}")
    ends = r.summary["levels"][0]["endpoints"]
    check([p["failed"] for p in ends] == [0, len(bad), 0], f"{ends}")
    check(ends[1]["outcomes"].get("refused", 0) > 0 and ends[1]["successful"] > 0, f"{ends[1]}")
    check(ends[0]["outcomes"] == {"ok": ends[0]["attempted"]}, f"{ends[0]}")
    check(max(p["attempted"] for p in ends) - min(p["attempted"] for p in ends) <= 1, "round robin goes on")
    with open(r.path("errors.jsonl")) as f:
        check({json.loads(line)["endpoint"] for line in f} == {1}, "errors.jsonl")
    check(any(f"endpoint {sims[1].url}:" in n for n in r.summary["levels"][0]["notes"]), f"{r.summary['levels'][0]['notes']}")
    check(json.loads(report(WEIR, r.dir, "--json").stdout) == r.summary, "weir report --json differs from summary.json")
    close(sims)


def one_that_is_dead_stops_all():
    sims = three("5ms", "5ms")
    sims[1].close()
    r = run(WEIR, *[s.url for s in sims], "--rate", "50", "--duration", "1s", expect=1)
    check(sims[1].url in r.stderr and "connection refused" in r.stderr, r.stderr)
    check(indexes(sims[0]) == [], "load was sent before all had answered")
    close(sims)


def replays_and_former_records():
    sims = [Sim(WEIR, "--ttft", "3ms", "--itl", "1ms"), Sim(WEIR, "--ttft", "3ms", "--itl", "1ms", "--tls")]
    base = ("-k", "--concurrency", "3", "--num-requests", "31", "--duration", "none", "--max-tokens", "3")
    r = run(WEIR, *base, env=clean_env(WEIR_URL=f" {sims[0].url}  {sims[1].url}"))
    check([e["url"] for e in r.lines("endpoint")] == [s.url for s in sims], "WEIR_URL")
    again = run(WEIR, "--replay", r.dir)
    where = [sorted((q["index"], q.get("endpoint", 0)) for q in x.requests) for x in (r, again)]
    check(where[0] == where[1] and again.json("metadata.json")["urls"] == [s.url for s in sims], "--replay")
    check(all(q["outcome"] == "ok" for q in again.requests), "plain and TLS side by side")
    check({q.get("endpoint", 0) for q in again.requests if q.get("tls_end")} <= {1}, "TLS where it was asked for")

    # What an earlier version stored: no endpoint lines, no endpoint members.
    whole = r.summary
    rows = [x for x in r.lines() if x["type"] != "endpoint"]
    with open(r.path("requests.jsonl"), "w") as f:
        for x in rows:
            x.pop("endpoint", None)
            f.write(json.dumps(x, separators=(",", ":")) + "\n")
    old = json.loads(report(WEIR, r.dir, "--json").stdout)
    check(old["levels"][0]["endpoints"] == [], "former records have one endpoint")
    for name in ("requests", "rates", "latency_ms", "outcomes", "tokens"):
        check(old["levels"][0][name] == whole["levels"][0][name], f"{name} of former records")
    close(sims)


round_robin_is_by_index()
least_in_flight_favours_the_fastest()
one_that_dies_fails_alone()
one_that_is_dead_stops_all()
replays_and_former_records()
