"""`weir report` prints from the stored records alone what the run printed, to the digit; slo, goodput and exit codes."""
import csv
import json
import os
import sys

from lib import Sim, check, quantile, report, run

WEIR = sys.argv[1]


def figures_follow_the_records(r):
    level, rows = r.summary["levels"][0], [q for q in r.requests if q["level"] == 0 and not q.get("warmup")]
    frame = [f for f in r.lines("level") if f["level"] == 0 and f["final"]][0]
    rows = [q for q in rows if frame["w0"] <= q["intended"] < frame["w1"]]
    ok = [q for q in rows if q["outcome"] == "ok"]
    check(level["requests"]["attempted"] == len(rows) and level["requests"]["successful"] == len(ok), "counts")
    for name, values in (("ttft", [q["first_token"] - q["start"] for q in ok]),
                         ("ttft_response", [q["first_token"] - q["intended"] for q in ok]),
                         ("e2e", [q["last_token"] - q["start"] for q in ok]),
                         ("total", [q["end"] - q["start"] for q in ok]),
                         ("tpot", [(q["last_token"] - q["first_token"]) / (q["tokens_out"] - 1) for q in ok])):
        for p, q in (("p50", .5), ("p90", .9), ("p95", .95), ("p99", .99)):
            want, got = quantile(values, q) / 1e6, level["latency_ms"][name][p]
            check(abs(got - want) < 1e-3, f"{name} {p}: {got} ms, by the records {want} ms")
    gaps = [g for q in ok for g in q["dt"][1:]]
    want, got = quantile(gaps, .5) / 1e6, level["latency_ms"]["itl"]["p50"]
    check(abs(got - want) <= want * 0.002, f"itl p50: {got} ms, by the records {want} ms")
    check(level["latency_ms"]["itl"]["n"] == len(gaps), "number of gaps")


def headers_are_metrics():
    names = ("X-SIM-QUEUE-MS", "x-sim-total-ms", "x-sim-tokens-per-second", "date")
    for more, http in (((), "1.1"), ((), "h2c"), (("--compress", "gzip"), "1.1")):
        with Sim(WEIR, "--timing-headers", "--ttft", "10ms", "--itl", "2ms", "--max-seqs", "2", *more) as sim:
            r = run(WEIR, sim.url, "--concurrency", "4", "--num-requests", "30", "--duration", "none", "--max-tokens", "8",
                    "--http", http, *(word for name in names for word in ("--headers-metric", name)))
            truth = sim.truth()
        seen = r.summary["levels"][0]["header_metrics"]
        for q in r.requests:
            t, m = truth[q["request_id"]], q["metrics"]
            queued, whole = (t["started"] - t["received"]) / 1e6, (q["end"] - q["sent_first"]) / 1e6
            check(set(m) == set(names) and m["date"] is False, f"{m}")
            check(abs(m["X-SIM-QUEUE-MS"] - queued) < 2e-6, f"queued {queued} ms, by the header {m}")
            check(m["x-sim-total-ms"] < whole + 1, f"{whole} ms in all, by the trailer {m}")
            check(m["x-sim-tokens-per-second"] > 0, f"{m}")
        for name in names[:3]:
            for p, q in (("p50", .5), ("p99", .99)):
                want = quantile([row["metrics"][name] for row in r.requests], q)
                check(abs(seen[name][p] - want) < 2e-6, f"{name} {p}: {seen[name][p]}, by the records {want}")
            check(seen[name]["n"] == 30 and f"header {name}" in r.stdout, f"{name}: {seen[name]}")
        check(seen["date"]["unparsable"] == 30 and seen["date"]["n"] == 0, f"{seen['date']}")
        check(seen["X-SIM-QUEUE-MS"]["max"] > 5, f"nothing waited: {seen['X-SIM-QUEUE-MS']}")
        check(report(WEIR, r.dir).stdout == r.stdout, "weir report tells other numbers of headers")


def figures_of_the_answer_are_metrics():
    """Ollama's durations are ns on the line and ms as metrics."""
    for more in ((), ("--no-stream",)):
        with Sim(WEIR, "--ttft", "10ms", "--itl", "2ms") as sim:
            r = run(WEIR, sim.url, "--api", "ollama-chat", "--concurrency", "2", "--num-requests", "6", "--duration", "none",
                    "--max-tokens", "8", "--headers-metric", "total_duration", "--headers-metric", "eval_count", *more)
        check(len(r.requests) == 6, f"{len(r.requests)} requests")
        for q in r.requests:
            m, whole = q["metrics"], (q["end"] - q["sent_first"]) / 1e6
            check(9 < m["total_duration"] < whole + 1, f"{whole} ms in all, by the server {m}")
            check(m["eval_count"] == 8, f"{m}")


def main():
    headers_are_metrics()
    figures_of_the_answer_are_metrics()
    with Sim(WEIR, "--ttft", "20ms", "--itl", "3ms", "--jitter", "lognormal:0.2", "--fault", "http500:0.05") as sim:
        r = run(WEIR, sim.url, "--rate", "40,80", "--duration", "4s", "--warmup", "1s", "--seed", "5", "--max-tokens", "16", "--arrival",
                "poisson", "--slo", "ttft:p95<5s,error_rate<50%", "--goodput", "ttft:500ms,e2e:5s", "--percentiles",
                "50,90,99.9")
        broken = run(WEIR, sim.url, "--rate", "20", "--duration", "2s", "--max-tokens", "4", "--slo", "ttft:p50<1ms", expect=3)
        as_json = run(WEIR, sim.url, "--concurrency", "2", "--num-requests", "6", "--duration", "none", "--max-tokens", "4",
                      "--json", "--quiet")
    check(r.stdout.strip(), "a table on stdout")
    figures_follow_the_records(r)

    check(sorted(os.listdir(r.dir)) == ["errors.jsonl", "metadata.json", "requests.jsonl", "summary.json", "timeline.csv"],
          f"files {sorted(os.listdir(r.dir))}")
    again = report(WEIR, r.dir, "--percentiles", "50,90,99.9", "--slo", "ttft:p95<5s,error_rate<50%", "--goodput",
                   "ttft:500ms,e2e:5s")
    check(again.stdout == r.stdout, f"weir report differs from the run:\n{again.stdout}\n---\n{r.stdout}")
    os.rename(r.path("summary.json"), r.path("summary.kept"))
    alone = report(WEIR, r.dir, "--json")
    os.rename(r.path("summary.kept"), r.path("summary.json"))
    check(json.loads(alone.stdout) == r.summary, "weir report --json differs from summary.json")
    check(alone.returncode == r.code, f"exit {alone.returncode}, of the run {r.code}")

    levels = r.summary["levels"]
    check([lv["load"]["rate"] for lv in levels] == [40, 80], "one level per rate")
    for lv in levels:
        check(lv["slo"] and lv["goodput"], "slo and goodput of each level")
        check(set(lv) >= {"load", "requests", "rates", "latency_ms", "tokens_per_s", "tokens", "outcomes", "status_codes",
                          "finish_reasons", "slo", "goodput", "client", "verdict", "notes"}, f"members {sorted(lv)}")
        check(abs(lv["rates"]["offered_rps"] - lv["load"]["rate"]) < 0.25 * lv["load"]["rate"], f"offered {lv['rates']}")
        check((lv["verdict"]["status"] == "VALID") == (lv["verdict"]["reasons"] == []), f"{lv['verdict']}")
    sat = r.summary["saturation"]
    check(sat["axis"] == "rate" and sat["reached"] == (sat["level"] is not None) == bool(sat["reasons"]), f"saturation {sat}")
    check("\n Saturation\n" in r.stdout and broken.summary["saturation"] is None and "Saturation" not in broken.stdout, f"{r.stdout}")
    check(levels[0]["finish_reasons"].get("length", 0) > 0, f"{levels[0]['finish_reasons']}")

    with open(r.path("timeline.csv")) as f:
        rows = list(csv.DictReader(f))
    check(8 <= len(rows) <= 16, f"{len(rows)} rows of one second for two levels of 5 s")
    check(sum(int(x["completed"]) for x in rows) <= len(r.requests), "completed")

    check(broken.summary["levels"][0]["slo"], "the broken objective is in the summary")
    check(json.loads(as_json.stdout) == as_json.summary, "--json prints summary.json")
    check(as_json.stderr == "", f"--quiet: {as_json.stderr!r}")


main()
