"""budgets.py - the budgets that the project set itself, held against a results file.

rows(results) yields (what, budget, measured, held or missed by how much, section); a figure that is a median is judged as such.
"""


def data(results, name):
    section = results["sections"].get(name)
    found = section and section["data"]
    return None if not found or isinstance(found, dict) and ("skipped" in found or "broke" in found) else found


def figure(value, unit, show):
    return (f"{value:,.0f}" if value >= 1000 else show.format(value)) + unit


def at_most(value, limit, unit="", show="{:.3g}"):
    if value <= limit:
        return figure(value, unit, show), "held"
    over = f"by {100 * (value / limit - 1):.0f} %" if value < 2 * limit else f"{value / limit:.1f} × the budget"
    return figure(value, unit, show), "**missed** " + over


def at_least(value, limit, unit="", show="{:.3g}"):
    return figure(value, unit, show), "held" if value >= limit else f"**missed** by {100 * (1 - value / limit):.0f} %"


def floor_rows(results):
    found = data(results, "floor")
    if not found:
        return
    for name, label in (("records", "with records"), ("no_records", "`--no-records`")):
        for r in found.get(name, []):
            yield (f"one SSE event, {r['streams']:,} streams × {r['rate']}/s, {label}", "≤ 1.5 × the bare reader",
                   *at_most(r["ratio"]["median"], 1.5, " ×", "{:.2f}"))
    cost = {r["streams"]: r["weir_us"]["median"] for r in found["records"]}
    if 100 in cost and 10000 in cost:
        yield "cost of an event at 10,000 streams over that at 100", "≤ 1.5 ×", *at_most(cost[10000] / cost[100], 1.5, " ×", "{:.2f}")


def request_rows(results):
    for r in data(results, "requests") or []:
        if not r.get("client", "").startswith("weir"):
            continue
        limit = 0.95 if "no-records" in r["client"] else 0.8
        what = f"{r['case']} requests per CPU second, {r['client'].split(', ')[1]}"
        if r.get("ratio"):
            yield what, f"≥ {limit} × the better of wrk and h2load", *at_least(r["ratio"]["median"], limit, " ×", "{:.2f}")
        else:
            yield what, f"≥ {limit} × the better of wrk and h2load", "–", "not measured: " + r.get("skipped", r.get("failure", ""))[:60]


def precision_rows(results):
    r = data(results, "precision")
    for key, what in (("token", "a token's instant against the simulator's"), ("sent", "`sent_first` against the server's stamp")) if r else ():
        for q, label, limit in (("p50", "p50", 10), ("p99", "p99", 100), ("p999", "p99.9", 1000)):
            value, state = at_most(r[f"{key}_{q}"]["median"], limit, " µs")
            yield f"{what}, 1,000 × 100/s, {label}", f"≤ {limit:,} µs", value, state


def arrival_rows(results):
    for r in data(results, "arrivals") or []:
        if r["client"] in ("weir, even", "weir, Poisson") and r.get("iod"):
            limit = 0.5 if "even" in r["client"] else 1.5
            yield f"dispersion per 1 ms at 1,000/s, {r['client'].split(', ')[1]}", f"≤ {limit}", *at_most(r["iod"]["median"], limit, "", "{:.2f}")


def lag_rows(results):
    for r in data(results, "lag") or []:
        if r["how"] == "sleeping":
            yield "send lag p50 at 1,000/s", "≤ a bare timer loop's + 5 µs", f"{r['weir_p50']['median']:.2f} µs, the loop's {r['bare_p50']['median']:.2f} µs", \
                at_most(r["over"]["median"], 5)[1]
        else:
            yield f"send lag p50 at 1,000/s, {r['how'].replace('us', 'µs')}", "≤ 1 µs", *at_most(r["weir_p50"]["median"], 1, " µs", "{:.2f}")


def scale_rows(results):
    streams = data(results, "streams") or {}
    for r in streams.get("levels", []):
        if r["client"] == "weir" and r["streams"] == 10000 and r.get("verdicts"):
            good = r["right"] and set(r["verdicts"]) == {"VALID"}
            why = "" if good else ": " + "; ".join(r.get("reasons", []))[:160]
            yield "10,000 streams × 10/s in one process", "all complete, VALID", f"{r['complete']:,} complete, {', '.join(r['verdicts'])}", "held" if good else "**missed**" + why
    for r in data(results, "memory") or []:
        if r["client"] == "weir":
            limit = 40 if r["tls"] else 10
            yield (f"memory of one of 10,000 streams, {'TLS' if r['tls'] else 'plain'}", f"≤ {limit} KiB", *at_most(r["per_stream"] / 1024, limit, " KiB", "{:.1f}"))


def tokenizer_rows(results):
    for r in data(results, "tokenizer") or []:
        if r["client"] == "weir" and r["text"] == "english" and "first" in r:
            value, state = at_least(r["first"]["median"], 60, " MB/s", "{:.0f}")
            yield f"English text to tokens, {r['vocabulary']}, one core", "≥ 60 MB/s, ids equal", value, state if r["right"] else "**missed**: other ids"


def other_rows(results):
    r = data(results, "start")
    if r:
        yield "`weir --version`", "≤ 10 ms", *at_most(r["version_ms"]["median"], 10, " ms")
        yield "first request after launch", "≤ 50 ms", *at_most(r["first_request_ms"]["median"], 50, " ms")
    r = data(results, "dataset")
    for kind, d in (r or {}).get("kinds", {}).items():
        yield f"loading {kind}", "≥ 300 MB/s", *at_least(d["mb_per_s"], 300, " MB/s", "{:.0f}")
        yield f"memory of loaded {kind}", "≤ 1.5 × the text kept", *at_most(d["added_peak"] / d["text"], 1.5, " ×", "{:.2f}")
    r = data(results, "calibrate")
    for v in r["levels"] if r else ():
        if v["streams"] == 1000:
            yield "`weir calibrate --quick`, 1,000 × 100/s, TTFT error p99", "≤ 0.1 ms", *at_most(v["ttft_error_ms"]["p99"], 0.1, " ms")


def gateway_rows(results):
    for r in data(results, "gateway") or []:
        if r["through"] == "weir gateway":
            value, state = at_most(r["added_p99"]["median"] / 1000, 0.5, " ms")
            yield f"`weir gateway` adds to TTFT p99, 200 streams, {r['load']} loop", "≤ 0.5 ms", value, state


def rows(results):
    for sections, family in ((("floor",), floor_rows), (("requests",), request_rows), (("precision",), precision_rows), (("arrivals",), arrival_rows),
                             (("lag",), lag_rows), (("streams", "memory"), scale_rows), (("tokenizer",), tokenizer_rows), (("gateway",), gateway_rows), (("start", "dataset", "calibrate"), other_rows)):
        for row in family(results):
            yield *row, sections


def when(results, sections):
    """When these sections were measured, the latest of them first."""
    found = [results["sections"][s] for s in sections if s in results["sections"]]
    return max(f["when"] for f in found) if found else ""
