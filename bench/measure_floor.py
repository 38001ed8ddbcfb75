"""measure_floor.py - a bare epoll + recvmsg reader beside weir, the simulator's own ceiling, instructions per event."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from harness import Sim, in_turn, measure, spread

LEVELS = [(100, 100, 300), (1000, 100, 150), (10000, 10, 30)]


def simulator(weir, streams, rate):
    return Sim(weir, "--ttft", "1s" if streams >= 3000 else "50ms", "--itl", f"{1000 / rate}ms", "--prefill", "0us", "--max-seqs", "100000")


def floor_run(floor, sim, streams, tokens, timeout=120):
    child = measure([floor, str(sim.port), str(streams), str(tokens)], timeout, sim)
    if child.rc:
        raise RuntimeError(f"bench_floor: exit {child.rc}: {child.stderr}")
    child.told = json.loads(child.stdout)
    return child


def weir_run(peer, sim, streams, tokens, *more):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    command, env = peer.stream_command(sim.url, streams, tokens, folder, *more)
    child = measure(command, 120, sim, cwd=folder, env={**os.environ, **env})
    shutil.rmtree(folder, ignore_errors=True)
    if child.rc not in (0, 4):
        raise RuntimeError(f"weir run: exit {child.rc}: {child.stderr}")
    return child


def compare(weir, floor, peer, pairs, log, options=()):
    table = []
    for streams, rate, tokens in LEVELS:
        events = streams * tokens
        with simulator(weir, streams, rate) as sim:
            def ours(count=tokens):
                c = weir_run(peer, sim, streams, count, *options)
                return {"us": c.cpu_s / (streams * count) * 1e6, "cpu_s": c.cpu_s, "steal": c.steal, "others": c.others}

            def bare(count=tokens):
                c = floor_run(floor, sim, streams, count)
                return {"us": c.cpu_s / (streams * count) * 1e6, "cpu_s": c.cpu_s, "steal": c.steal, "others": c.others,
                        "events_per_read": events / c.told["reads"]}

            kept, meta = in_turn(pairs, {"weir": ours, "floor": bare})
            few = 2
            start = {"weir": ours(few)["cpu_s"], "floor": bare(few)["cpu_s"]}
        ratios = [a["cpu_s"] / b["cpu_s"] for a, b in zip(kept["weir"], kept["floor"])]
        marginal = [(a["cpu_s"] - start["weir"]) / max(b["cpu_s"] - start["floor"], 1e-6) for a, b in zip(kept["weir"], kept["floor"])]
        row = {"streams": streams, "rate": rate, "tokens": tokens, "weir_us": spread([r["us"] for r in kept["weir"]]),
               "floor_us": spread([r["us"] for r in kept["floor"]]), "ratio": spread(ratios), "start_cpu_s": start,
               "marginal_ratio": spread(marginal), "steal": max(r["steal"] for r in kept["weir"] + kept["floor"]),
               "others": max(r["others"] for r in kept["weir"] + kept["floor"]), **meta}
        log(f"  floor: {streams} x {rate}/s: {row['weir_us']['median']:.2f} us an event, floor {row['floor_us']['median']:.2f}, ratio "
            f"{row['ratio']['median']:.2f} (without the start {row['marginal_ratio']['median']:.2f}), steal {row['steal']:.3f}")
        table.append(row)
    return table


def ceiling(weir, floor, log):
    """What the simulator gives to a reader that only reads: events per second of wall, and per second of its own CPU."""
    rows = []
    for streams, tokens in ((100, 2000), (1000, 200)):
        with Sim(weir, "--ttft", "50ms", "--itl", "1us", "--prefill", "0us", "--max-seqs", "100000") as sim:
            child = floor_run(floor, sim, streams, tokens)
        rows.append({"streams": streams, "events_per_s": streams * tokens / child.wall_s, "steal": child.steal, "others": child.others,
                     "events_per_server_cpu_s": streams * tokens / max(child.server_cpu_s, 0.01),
                     "events_per_read": streams * tokens / child.told["reads"]})
    for streams, rate, tokens in LEVELS[1:]:
        with simulator(weir, streams, rate) as sim:
            child = floor_run(floor, sim, streams, tokens)
        rows.append({"streams": streams, "asked": streams * rate, "events_per_server_cpu_s": streams * tokens / max(child.server_cpu_s, 0.01),
                     "server_share": child.server_cpu_s / child.wall_s, "events_per_s": streams * tokens / child.wall_s,
                     "events_per_read": streams * tokens / child.told["reads"], "steal": child.steal, "others": child.others})
    for r in rows:
        log(f"  simulator: {r['streams']} streams{' at ' + str(r['asked']) + '/s' if 'asked' in r else ''}: {r['events_per_s']:.0f} events/s, "
            f"{r['events_per_server_cpu_s']:.0f} per CPU s of its own, {r['events_per_read']:.1f} events a read")
    return rows


def callgrind(weir, peer, log, streams=50, few=20, many=220):
    """Instructions of `weir run` per event, by two runs under valgrind that differ in their number of tokens alone."""
    if not shutil.which("valgrind"):
        return {"skipped": "valgrind is not installed"}
    totals, tables = {}, {}
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        for tokens in (few, many):
            with Sim(weir, "--ttft", "50ms", "--itl", "20ms", "--prefill", "0us", "--max-seqs", "100000") as sim:
                run = os.path.join(folder, str(tokens))
                os.mkdir(run)
                out = os.path.join(run, "callgrind")
                command, env = peer.stream_command(sim.url, streams, tokens, run)
                child = measure(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet", *command], 100, cwd=run,
                                env={**os.environ, **env})
            if child.rc not in (0, 4):
                return {"skipped": f"weir under valgrind: exit {child.rc}: {child.stderr[-200:]}"}
            text = subprocess.run(["callgrind_annotate", "--threshold=100", out], capture_output=True, text=True, timeout=60).stdout
            totals[tokens], tables[tokens] = parse_annotate(text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    events = streams * (many - few)
    names = {n: (v - tables[few].get(n, 0)) / events for n, v in tables[many].items()}
    top = sorted(names.items(), key=lambda x: -x[1])[:14]
    per_event = (totals[many] - totals[few]) / events
    log(f"  callgrind: {per_event:.0f} instructions an event in user space")
    return {"per_event": per_event, "events": events, "top": [{"function": n, "instructions": v} for n, v in top]}


def parse_annotate(text):
    total, table = 0, {}
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+)\s*(?:\([\d. ]+%\))?\s+(.*)$", line)
        if not found:
            continue
        count, what = int(found.group(1).replace(",", "")), found.group(2)
        if what.startswith("PROGRAM TOTALS"):
            total = count
        elif ":" in what:
            name = what.split(":", 1)[1].split(" [")[0].strip()
            table[name] = table.get(name, 0) + count
    return total, table
