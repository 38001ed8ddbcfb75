"""render.py - the tables of docs/BENCHMARKS.md from a results file. Prose stays: only what lies between `<!-- bench:NAME -->` and
`<!-- /bench:NAME -->` is written anew, by the function render_NAME below; a section without results keeps what it has."""
import re

import budgets


def num(x, digits=3):
    """Three significant digits, thousands with commas."""
    if x is None:
        return "–"
    if x == 0:
        return "0"
    if abs(x) >= 1000:
        return f"{x:,.0f}"
    return f"{x:.{digits}g}" if abs(x) < 100 else f"{x:.0f}"


def mid(s, digits=3, factor=1.0):
    """A spread as "median (min–max)"; alone where there is one."""
    if not s:
        return "–"
    if s["n"] == 1:
        return num(s["median"] * factor, digits)
    return f"{num(s['median'] * factor, digits)} ({num(s['min'] * factor, digits)}–{num(s['max'] * factor, digits)})"


def us(s):
    """A spread of microseconds with a unit that reads well."""
    if not s:
        return "–"
    m = s["median"]
    if m >= 1e6:
        return f"{m / 1e6:.2f} s"
    if m >= 1000:
        return f"{num(m / 1000)} ms"
    return f"{num(m)} µs"


def percent(x):
    return "–" if x is None else f"{100 * x:.0f} %"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in r) + " |" for r in rows]
    return "\n".join(lines)


def conditions(section):
    return (f"Measured {section['when']}, commit {section['weir']}, load average {section['load_after']:.1f} at the end, "
            f"{section['seconds']:.0f} s{', --quick' if section['quick'] else ''}"
            f"{', everything run before other programs (SCHED_FIFO)' if section.get('ahead') else ''}.")


def home(text):
    """A reason or command without the paths of the machine that gave it."""
    text = re.sub(r"https?://(?!127\.0\.0\.1)[^\s|]+", "(registry)", text)
    text = re.sub(r"/tmp/weir-bench-\w+", "$TMP", text)
    return re.sub(r"(?<![\w.~$])/(?:home/\w+|root|work|Users/\w+|tmp)/[^\s|]*/(?=[\w.-]+)", "", text)


def disturbance(r):
    extra = f", {r['repeated']} repeated" if r.get("repeated") else ""
    mark = " (disturbed)" if r.get("disturbed") else ""
    return f"{percent(r.get('steal'))} / {percent(r.get('others'))}{extra}{mark}"


def render_machine(results):
    m = results["machine"]
    return (f"{m['processor']}, {m['cores']} processors{', a virtual machine' if m['hypervisor'] else ''}, {m['memory_gib']:.0f} GiB, {m['system']}, Linux {m['kernel']}; "
            f"at most {m['open_files']:,} open files per process.")


def render_budgets(results):
    return table(["what", "budget", "measured", "state", "when"],
                 [[w, b, m, home(s), budgets.when(results, sections)] for w, b, m, s, sections in budgets.rows(results)])


def render_peers(results):
    return table(["client", "version", "from", "not measured because"],
                 [[p["name"], p.get("version", "–"), p["source"], home(p.get("why_not", ""))] for p in results["peers"]])


def render_floor(results):
    section = results["sections"]["floor"]
    rows = []
    for name, label in (("records", "yes"), ("no_records", "no (`--no-records`)")):
        for r in section["data"].get(name, []):
            rows.append([f"{r['streams']:,} × {r['rate']}/s", label, mid(r["weir_us"]), mid(r["floor_us"]), f"**{mid(r['ratio'])}**", mid(r["marginal_ratio"]),
                         r["rounds"], disturbance(r)])
    return conditions(section) + "\n\n" + table(
        ["streams", "records", "weir, µs of CPU an event", "bare reader", "ratio", "ratio without the start", "pairs", "steal / others"], rows)


def render_ceiling(results):
    section = results["sections"]["ceiling"]
    rows = [[f"{r['streams']:,}", f"{r['asked']:,}/s" if "asked" in r else "as fast as it goes", num(r["events_per_s"]), num(r["events_per_server_cpu_s"]),
             f"{r['events_per_read']:.1f}", percent(r.get("server_share")) if "server_share" in r else "–", f"{percent(r['steal'])} / {percent(r['others'])}"]
            for r in section["data"]]
    return conditions(section) + "\n\n" + table(
        ["streams", "asked of it", "events/s, whole run", "events per CPU s of the simulator", "events a read", "its share of a processor", "steal / others"], rows)


def render_callgrind(results):
    section = results["sections"]["callgrind"]
    d = section["data"]
    if "skipped" in d:
        return "Not measured: " + d["skipped"]
    rows = [[f"`{t['function']}`", f"{t['instructions']:.0f}", percent(t["instructions"] / d["per_event"])] for t in d["top"]]
    return conditions(section) + f" **{d['per_event']:,.0f} instructions an event** in user space.\n\n" + table(["function", "instructions an event", "share"], rows)


def render_precision(results):
    section = results["sections"]["precision"]
    r = section["data"]
    rows = [[label] + [us(r[f"{k}_{q}"]) for q in ("p50", "p99", "p999", "max")] for k, label in
            (("token", "a token's instant − that of its write"), ("sent", "the server's receive stamp − our instant of sending"))]
    return conditions(section) + (f" {r['streams']:,} streams × {r['rate']}/s stepping together, {r['n']:,} tokens a run, {r['rounds']} runs, verdicts "
                                  f"{', '.join(r['verdicts'])}; steal / others {disturbance(r)}.\n\n") + table(["medians of the runs", "p50", "p99", "p99.9", "max"], rows)


def render_calibrate(results):
    section = results["sections"]["calibrate"]
    d = section["data"]
    if "skipped" in d:
        return "Not measured: " + d["skipped"]
    rows = [[f"{v['streams']:,}", num(v["events_per_s"]), *(us({"median": v[k][q] * 1000}) for k in ("ttft_error_ms", "itl_error_ms") for q in ("p50", "p99", "max")),
             percent(v["busy"]), num(v["events_per_cpu_s"])] for v in d["levels"]]
    return conditions(section) + f" Ceiling with both errors' p99 ≤ 1 ms: {num(d['ceiling_events_per_s'])} events/s; steal / others {disturbance(d)}.\n\n" + table(
        ["streams", "events/s", "TTFT error p50", "p99", "max", "ITL error p50", "p99", "max", "busy", "events per CPU s"], rows)


def render_start(results):
    section = results["sections"]["start"]
    d = section["data"]
    return conditions(section) + f" `weir --version` {mid(d['version_ms'])} ms; from launch to the server's receipt of the first request {mid(d['first_request_ms'])} ms."


def render_dataset(results):
    section = results["sections"]["dataset"]
    d = section["data"]
    if "skipped" in d:
        return "Not measured: " + d["skipped"]
    rows = [[kind, f"{k['bytes'] / 1e6:.0f}", f"{k['text'] / 1e6:.0f}", f"{k['mb_per_s']:.0f}", f"{k['added_peak'] / 1e6:.0f}"]
            for kind, k in d["kinds"].items()]
    return conditions(section) + "\n\n" + table(["format", "MB of file", "MB of text kept", "MB per CPU second", "MB that memory grew by"], rows)


def render_tokenizer(results):
    section = results["sections"]["tokenizer"]
    rows = []
    for r in section["data"]:
        if "first" in r:
            rows.append([r["vocabulary"], r["text"], r["client"], f"**{mid(r['first'])}**", mid(r["best"]), num(r["tokens_per_s"]["median"] / 1e6),
                         "" if r["client"] == "weir" else mid(r["ratio"]), num(r["load_ms"]["median"]), "yes" if r["right"] else "**no**", disturbance(r)])
        else:
            rows.append([r["vocabulary"], r["text"], r["client"], "not measured: " + home(r["failure"])] + [""] * 6)
    return conditions(section) + "\n\n" + table(
        ["vocabulary", "text", "tokenizer", "first pass, MB/s", "again, MB/s", "million tokens/s", "weir is faster by", "loading, ms", "ids equal", "steal / others"], rows)


def render_requests(results):
    section = results["sections"]["requests"]
    rows = []
    for r in section["data"]:
        if "per_cpu_s" in r:
            rows.append([r["case"], r["client"], mid(r["per_cpu_s"]), mid(r["ratio"]), mid(r["per_s"]), percent(r["server_share"]["median"]), r["rounds"], disturbance(r)])
        else:
            rows.append([r.get("case", ""), r.get("client", ""), "not measured: " + home(r.get("skipped") or r.get("failure", ""))] + [""] * 5)
    return conditions(section) + "\n\n" + table(
        ["protocol", "client", "requests per client CPU s", "ratio to the better of wrk and h2load", "requests/s of wall", "nginx's share of a processor", "rounds",
         "steal / others"], rows)


def render_arrivals(results):
    section = results["sections"]["arrivals"]
    rows = []
    for r in section["data"]:
        if "iod" in r:
            rows.append([r["client"], f"`{r['how']}`", f"**{mid(r['iod'])}**", mid(r["most"]), mid(r["rate"]), percent(r["cpu_share"]["median"]), disturbance(r)])
        else:
            rows.append([r["client"], "", "not measured: " + home(r["failure"])[:160], "", "", "", ""])
    return conditions(section) + "\n\n" + table(
        ["client", "asked by", "index of dispersion per 1 ms", "most in one ms", "achieved /s", "its CPU", "steal / others"], rows)


def render_lag(results):
    section = results["sections"]["lag"]
    rows = [[r["how"].replace("us", "µs"), mid(r["weir_p50"]), us(r["weir_p99"]), mid(r["bare_p50"]), us(r["bare_p99"]), mid(r["over"]), r["rounds"], disturbance(r)]
            for r in section["data"]]
    return conditions(section) + "\n\n" + table(["", "weir p50, µs", "p99", "bare loop p50, µs", "p99", "difference of p50, µs", "pairs", "steal / others"], rows)


def render_memory(results):
    section = results["sections"]["memory"]
    rows = [[r["client"], "TLS" if r["tls"] else "plain", f"{r['peak_few'] / 1048576:.0f}", f"{r['peak_many'] / 1048576:.0f}", f"**{r['per_stream'] / 1024:.1f}**",
             f"{r['complete']:,}" if "complete" in r else "–"] for r in section["data"]]
    return conditions(section) + "\n\n" + table(["client", "", "peak MiB at 100", "peak MiB at 10,000", "KiB each", "streams complete"], rows)


def render_streams(results):
    section = results["sections"]["streams"]
    rows = []
    for r in section["data"]["levels"]:
        level = f"{r['streams']:,} × {r['rate']}/s"
        if "events_per_cpu_s" not in r:
            rows.append([level, r["client"], "not measured: " + r["skipped"]] + [""] * 7)
            continue
        how = "" if r["method"] == "matched" else " (q)" if r["method"] else ""
        state = f"{r['complete']:,}" if not r["timed_out"] else "did not end in time"
        if r.get("failure"):
            state = "no result"
        if r["verdicts"]:
            state += ", " + ", ".join(sorted(set(r["verdicts"])))
        rows.append([level, r["client"], f"**{mid(r['events_per_cpu_s'])}**", mid(r.get("net_per_cpu_s")), us(r["ttft_p50"]) + how, us(r["ttft_p99"]) + how,
                     us(r["itl_p50"]) + how, us(r["itl_p99"]) + how, state, f"{r['events_per_cpu_s']['n']}; {disturbance(r)}" + (f"; {r['when']}" if "when" in r else "")
                     + ("; among other programs" if section.get("ahead") and "when" in r and not r.get("ahead") else "")])
    text = conditions(section) + "\n\n" + table(
        ["streams", "client", "events per client CPU s", "without its start", "TTFT error p50", "p99", "ITL error p50", "p99", "complete", "runs; steal / others"], rows)
    if section["data"]["whole"]:
        text += "\n\nHTTP load tools read the same bytes as one whole answer, without knowing an event or taking an instant of one:\n\n" + table(
            ["streams", "client", "events per client CPU s", "steal / others"],
            [[f"{r['streams']:,} × {r['rate']}/s", r["client"], mid(r["events_per_cpu_s"]), disturbance(r)] for r in section["data"]["whole"]])
    return text


def render_held(results):
    section = results["sections"]["held"]
    return conditions(section) + "\n\n" + table(
        ["client", "all complete", "and TTFT and ITL errors p99 ≤ 10 ms", ""],
        [[r["client"], f"{r['complete']:,}", f"{r['precise']:,}" if r["precise"] else "fewer than 100", r["stopped"]] for r in section["data"]])


def render_gateway(results):
    section = results["sections"]["gateway"]
    rows = [[f"200 streams, {r['load']} loop", r["through"], us(r["p50"]), us(r["p99"]), *(f"**{mid(r[k])}**" if k in r else "" for k in ("added_p50", "added_p99")),
             mid(r["proxy_us"]), f"{r['n']:,}" + (f", {r['failed']:,} failed" if r["failed"] else ""), f"{r['rounds']}; {disturbance(r)}"] for r in section["data"]]
    return conditions(section) + "\n\n" + table(["load", "through", "TTFT p50", "p99", "added to p50, µs", "added to p99, µs", "proxy's CPU µs a request", "requests",
                                                 "rounds; steal / others"], rows)


def render_commands(results):
    """One command of each client and kind, as it was run."""
    seen, lines = set(), []
    for name in ("streams", "requests", "arrivals"):
        data = results["sections"].get(name, {}).get("data", [])
        if isinstance(data, dict) and "broke" in data:
            continue
        for r in data["levels"] if name == "streams" and data else data:
            key = (name, r.get("case"), r.get("client"))
            if r.get("command") and key not in seen:
                seen.add(key)
                words = home(" " + r["command"])
                lines.append(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", re.sub(r"\$TMP/out", "$TMP", words)).strip())
    return "```\n" + "\n".join(lines) + "\n```"


def into(path, results):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for name in re.findall(r"<!-- bench:(\w+) -->", text):
        section = results["sections"].get(name)
        if name not in ("machine", "budgets", "peers", "commands") and not section:
            continue
        if section and isinstance(section["data"], dict) and "broke" in section["data"]:
            made = conditions(section) + " It broke: " + home(section["data"]["broke"])
        else:
            made = globals()["render_" + name](results)
        block = f"<!-- bench:{name} -->\n{made}\n<!-- /bench:{name} -->"
        text = re.sub(rf"<!-- bench:{name} -->.*?<!-- /bench:{name} -->", lambda _, b=block: b, text, flags=re.S)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    print(f"{path} written")
