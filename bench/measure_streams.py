"""measure_streams.py - token streams: events per client CPU second, errors against the simulator's truth, streams held.

Every client opens all its streams at once against `weir sim`, whose record of the instants is the truth. Events are the tokens
that the simulator wrote, whatever the client calls them; CPU is that of the client's whole process tree, its start included.

TTFT error = |client's TTFT - (first token written - request received)|, ITL error = |client's gap - the simulator's gap|, of
each request and gap where the client writes times per request under an id that the simulator saw too ("matched"). Else both
sides' quantiles are subtracted ("quantiles"), which flatters: errors of both signs cancel.
"""
import os
import shutil
import tempfile
import time

from harness import Sim, in_turn, measure, quantile, spread

LEVELS = [(100, 100, 200), (1000, 100, 100), (10000, 10, 30)]  # streams, tokens/s of each, tokens of each
LADDER = (1000, 3000, 10000)
TIMEOUT = 90


def simulator(weir, streams, rate):
    return Sim(weir, "--ttft", "1s" if streams >= 3000 else "50ms", "--itl", f"{1000 / rate}ms", "--prefill", "0us", "--max-seqs", "100000",
               truth=True)


def matched(rows, truth):
    """(TTFT errors, ITL errors) in us, or None where the ids do not meet."""
    by_id = {t["id"]: t for t in truth}
    ttft, itl = [], []
    for name, first, gaps in rows:
        t = by_id.get(name)
        if not t or not t["tokens"]:
            return None
        ttft.append(abs(first - (t["tokens"][0] - t["recv"])) / 1000)
        if gaps is not None:
            written = [b - a for a, b in zip(t["tokens"], t["tokens"][1:])]
            itl += [abs(g - w) / 1000 for g, w in zip(gaps, written)]
    return (ttft, itl or None) if ttft else None


def errors(rows, truth):
    found = matched(rows, truth)
    if found:
        ttft, itl = found
        return {"method": "matched", "ttft_p50": quantile(ttft, .5), "ttft_p99": quantile(ttft, .99), "itl_p50": quantile(itl or [], .5),
                "itl_p99": quantile(itl or [], .99)}
    done = [t for t in truth if t["complete"] and t["tokens"]]
    first, true_first = [r[1] for r in rows], [t["tokens"][0] - t["recv"] for t in done]
    gaps = [g for r in rows for g in r[2] or ()]
    true_gaps = [b - a for t in done for a, b in zip(t["tokens"], t["tokens"][1:])]
    out = {"method": "quantiles"}
    for name, ours, theirs in (("ttft", first, true_first), ("itl", gaps, true_gaps)):
        for q, label in ((.5, "p50"), (.99, "p99")):
            out[f"{name}_{label}"] = abs(quantile(ours, q) - quantile(theirs, q)) / 1000 if ours and theirs else None
    return out


def one(weir, peer, streams, rate, tokens, timeout=TIMEOUT):
    """One run of one client against a simulator of its own."""
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        with simulator(weir, streams, rate) as sim:
            command, env = peer.stream_command(sim.url, streams, tokens, folder)
            child = measure(command, timeout, sim, env={**os.environ, **env}, cwd=folder)
            truth = sim.truth()
        written = sum(len(t["tokens"]) for t in truth)
        result = {"steal": child.steal, "others": child.others, "cpu_s": child.cpu_s, "wall_s": child.wall_s, "peak": child.peak,
                  "server_share": child.server_cpu_s / child.wall_s, "timed_out": child.timed_out, "rc": child.rc,
                  "events_per_cpu_s": written / child.cpu_s, "complete": 0, "counted": 0, "true": written,
                  "open_at_once": overlap(truth), "command": " ".join(command)}
        if child.timed_out:
            return result
        try:
            done = peer.stream_result(folder, child)
        except (OSError, IndexError, KeyError, ValueError, TypeError, AttributeError) as e:
            result["failure"] = f"exit {child.rc}, no readable result ({type(e).__name__}: {e}) {child.stderr[-300:]}"
            return result
        result |= {"complete": done.complete, "counted": done.tokens, "note": done.note, **errors(done.rows, truth)}
        if hasattr(done, "verdict"):
            result["verdict"] = done.verdict
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def overlap(truth):
    """The most streams that were open at once, as the simulator saw them."""
    edges = sorted([(t["recv"], 1) for t in truth] + [(t["end"], -1) for t in truth])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def right(result, streams, tokens):
    return result["complete"] == streams and result["counted"] >= streams * tokens


def summary(results, streams, tokens):
    keys = ("events_per_cpu_s", "ttft_p50", "ttft_p99", "itl_p50", "itl_p99", "cpu_s", "wall_s", "server_share")
    out = {k: spread([r.get(k) for r in results]) for k in keys}
    out["complete"] = min(r["complete"] for r in results)
    out["open_at_once"] = max(r["open_at_once"] for r in results)
    out["right"] = all(right(r, streams, tokens) for r in results)
    out["method"] = next((r["method"] for r in results if "method" in r), None)
    out["steal"] = max(r["steal"] for r in results)
    out["others"] = max(r["others"] for r in results)
    out["timed_out"] = any(r["timed_out"] for r in results)
    out["failure"] = next((r["failure"] for r in results if "failure" in r), None)
    out["note"] = next((r["note"] for r in results if r.get("note")), "")
    out["verdicts"] = [r["verdict"]["status"] for r in results if "verdict" in r]
    out["reasons"] = sorted({str(x.get("code", x) if isinstance(x, dict) else x) for r in results if "verdict" in r
                             for x in r["verdict"].get("reasons", [])})
    out["command"] = results[0]["command"]
    return out


def without(result, start_s):
    """Events per CPU second without the client's start; None where the start is nearly all of it."""
    rest = result["cpu_s"] - start_s
    return result["true"] / rest if rest > 0.1 * result["cpu_s"] else None


def levels(weir, clients, pairs, log, budget_s=30):
    """Each level: the clients in turn, `pairs` times; a slow client (over budget_s in a level) is measured fewer times."""
    table, failed = [], {}
    start = {p.name: one(weir, p, 1, 100, 2, 60)["cpu_s"] for p in clients}
    for streams, rate, tokens in LEVELS:
        spent = {p.name: 0.0 for p in clients}

        def run(peer, at=(streams, rate, tokens), spent=spent):
            if peer.name in before or (spent[peer.name] > budget_s and peer.name != "weir"):
                return None
            result = one(weir, peer, *at)
            spent[peer.name] += result["wall_s"]
            if result["timed_out"] or "failure" in result or result["complete"] == 0:
                failed[peer.name] = f"failed at {at[0]:,} streams"
            elif (result.get("ttft_p99") or 0) > 1e6:
                failed[peer.name] = f"its TTFT was wrong by more than 1 s at {at[0]:,} streams"
            log(f"  {at[0]} x {at[1]}/s {peer.name}: {result['events_per_cpu_s']:.0f} events per CPU s, {result['complete']} complete, TTFT p99 "
                f"{result.get('ttft_p99') or float('nan'):.0f} us, wall {result['wall_s']:.1f} s, steal {result['steal']:.3f}")
            return result

        before = dict(failed)
        kept, meta = in_turn(pairs, {p.name: (lambda p=p: run(p)) for p in clients}, budget_s * len(clients))
        for peer in clients:
            row = {"client": peer.name, "streams": streams, "rate": rate, "tokens": tokens, **meta}
            if kept[peer.name]:
                row |= summary(kept[peer.name], streams, tokens)
                row["net_per_cpu_s"] = spread([without(r, start[peer.name]) for r in kept[peer.name]])
            else:
                row["skipped"] = before.get(peer.name, "no result")
            table.append(row)
    return table


def ladder(weir, clients, table, log):
    """The most streams x 10/s that each client holds: every stream complete, and TTFT and ITL errors p99 <= 10 ms."""
    rows = []
    for peer in clients:
        row, began = {"client": peer.name, "complete": 0, "precise": 0, "stopped": ""}, time.monotonic()
        steps = list(LADDER)
        while steps:
            if time.monotonic() - began > 45:
                row["stopped"] = f"{steps[0]:,} and what follows not tried: too slow"
                break
            streams = steps.pop(0)
            known = [r for r in table if r["client"] == peer.name and (r["streams"], r["rate"]) == (streams, 10) and r.get("events_per_cpu_s")]
            if known:
                good = known[0]["right"]
                worst = max(known[0][k]["median"] if known[0][k] else 0 for k in ("ttft_p99", "itl_p99"))
            else:
                result = one(weir, peer, streams, 10, 20, 40)
                good = right(result, streams, 20)
                worst = max(result.get(k) or 0 for k in ("ttft_p99", "itl_p99"))
                log(f"  held: {peer.name} {streams}: complete {good}, error p99 {worst / 1000:.1f} ms")
            if good:
                row["complete"] = streams
                if worst <= 10000:
                    row["precise"] = max(row["precise"], streams)
            if not good or (worst > 10000 and streams > row["precise"] and row["precise"] == 0 and streams == LADDER[0]):
                if streams == LADDER[0]:
                    steps = [100, 300] if not good else [300, 100, *steps]
                elif not good:
                    row["stopped"] = f"{streams} were not all complete"
                    break
        rows.append(row)
    return rows


def whole(weir, peers, pairs, log):
    """HTTP load tools on the same streams. They know no events: they read the whole answer, so this is bytes alone, per event that
    the simulator wrote."""
    import peers_http
    table = []
    for streams, rate, tokens in LEVELS[:2]:
        def once(peer, at=(streams, rate, tokens)):
            folder = tempfile.mkdtemp(prefix="weir-bench-")
            try:
                with simulator(weir, at[0], at[1]) as sim:
                    child = measure(peer.load_command(sim.url, at[0], 3, "1.1", folder, payload=peers_http.body(at[2], True)), 60, sim, cwd=folder)
                    truth = sim.truth()
                written = sum(len(t["tokens"]) for t in truth)
                return {"events_per_cpu_s": written / child.cpu_s, "steal": child.steal, "others": child.others, "complete": sum(t["complete"] for t in truth)}
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        kept, meta = in_turn(pairs, {p.name: (lambda p=p: once(p)) for p in peers})
        for name, results in kept.items():
            row = {"client": name, "streams": streams, "rate": rate, "events_per_cpu_s": spread([r["events_per_cpu_s"] for r in results]),
                   "steal": max(r["steal"] for r in results), "others": max(r["others"] for r in results), **meta}
            log(f"  {streams} x {rate}/s {name}, whole answers: {row['events_per_cpu_s']['median']:.0f} events per CPU s")
            table.append(row)
    return table
