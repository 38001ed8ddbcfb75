"""measure_precision.py - weir's instants against the simulator's, its own calibration, how fast it starts and loads."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import time

from harness import Sim, in_turn, measure, quantile, spread


def once(weir, peer, streams, tokens):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        with Sim(weir, "--ttft", "50ms", "--itl", "10ms", "--prefill", "0us", "--max-seqs", "100000", truth=True) as sim:
            command, env = peer.stream_command(sim.url, streams, tokens, folder)
            child = measure(command, 60, sim, cwd=folder, env={**os.environ, **env})
            truth = {t["id"]: t for t in sim.truth()}
        token, sent = [], []
        with open(os.path.join(folder, "out", "requests.jsonl")) as f:
            rows = map(json.loads, f)
            epoch = next(rows)["epoch_mono"]
            for q in rows:
                if q["type"] == "request" and q["outcome"] == "ok":
                    t, at = truth[q["request_id"]], epoch + q["first_token"]
                    sent.append(abs(t["recv"] - epoch - q["sent_first"]) / 1000)
                    for gap, written in zip(q["dt"], t["tokens"]):
                        at += gap
                        token.append(abs(at - written) / 1000)
        with open(os.path.join(folder, "out", "summary.json")) as f:
            verdict = json.load(f)["levels"][0]["verdict"]["status"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    out = {"steal": child.steal, "others": child.others, "n": len(token), "verdict": verdict}
    for name, values in (("token", token), ("sent", sent)):
        out |= {f"{name}_{label}": quantile(values, q) for label, q in (("p50", .5), ("p99", .99), ("p999", .999), ("max", 1))}
    return out


def precision(weir, peer, pairs, log, streams=1000, tokens=200):
    kept, meta = in_turn(pairs, {"weir": lambda: once(weir, peer, streams, tokens)})
    results = kept["weir"]
    row = {k: spread([r[k] for r in results]) for k in results[0] if k.startswith(("token_", "sent_"))}
    row |= {"streams": streams, "rate": 100, "n": results[0]["n"], "verdicts": [r["verdict"] for r in results],
            "steal": max(r["steal"] for r in results), "others": max(r["others"] for r in results), **meta}
    log(f"  precision: token p50 {row['token_p50']['median']:.1f}, p99 {row['token_p99']['median']:.1f}, p99.9 {row['token_p999']['median']:.1f} us; sent "
        f"p99 {row['sent_p99']['median']:.1f} us")
    return row


def calibrate(weir, log):
    """`weir calibrate --quick`, as a user would run it."""
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    child = measure([weir, "calibrate", "--quick", "--json"], 90, cwd=folder, env={**os.environ, "XDG_STATE_HOME": folder})
    shutil.rmtree(folder, ignore_errors=True)
    try:
        told = json.loads(child.stdout)
    except ValueError:
        return {"skipped": f"exit {child.rc}: {child.stderr[-200:]}"}
    levels = [{k: v.get(k) for k in ("streams", "events_per_s", "ttft_error_ms", "itl_error_ms", "client_lag_us", "busy", "events_per_cpu_s",
                                     "verdict")} for v in told["levels"]]
    log(f"  calibrate: {len(levels)} levels, ceiling {told.get('ceiling_events_per_s')} events/s")
    return {"levels": levels, "ceiling_events_per_s": told.get("ceiling_events_per_s"), "steal": child.steal, "others": child.others}


def start(weir, log, times=15):
    """`weir --version`, and from launch to the simulator's receiving of the first request."""
    version, first = [], []
    for _ in range(times):
        began = time.monotonic_ns()
        subprocess.run([weir, "--version"], capture_output=True)
        version.append((time.monotonic_ns() - began) / 1e6)
    for _ in range(times):
        folder = tempfile.mkdtemp(prefix="weir-bench-")
        with Sim(weir, "--ttft", "0ms", "--itl", "0ms", truth=True) as sim:
            began = time.monotonic_ns()
            measure([weir, "run", sim.url, "--num-requests", "1", "--duration", "none", "--quiet", "--model", "m", "--no-probe", "--max-tokens", "1",
                     "--output-dir", os.path.join(folder, "out")], 30)
            first.append((sim.arrivals()[0] - began) / 1e6)
        shutil.rmtree(folder, ignore_errors=True)
    log(f"  start: --version {spread(version)['median']:.1f} ms, first request after {spread(first)['median']:.1f} ms")
    return {"version_ms": spread(version), "first_request_ms": spread(first)}


def write_texts(path, kind, size):
    """A file of one kind; how many bytes of text a run keeps of it."""
    words = "the quick brown fox jumps over a lazy dog while rivers flow past the old stone weir and measure what they carry".split()
    rng, kept = random.Random(1), 0
    texts = [" ".join(rng.choice(words) for _ in range(rng.randint(20, 400))) for _ in range(200)]
    with open(path, "w") as f:
        f.write("" if kind == "messages" else "[\n")
        while f.tell() < size:
            turns = [rng.choice(texts) for _ in range(3)]
            roles = ("user", "assistant", "user")
            if kind == "sharegpt":  # the first turn alone is sent, and kept
                entry = {"id": str(f.tell()), "conversations": [{"from": r, "value": t} for r, t in zip(roles, turns)]}
                kept += len(turns[0])
            else:
                messages = [{"role": r, "content": t} for r, t in zip(roles, turns)]
                entry = {"messages": messages} if kind == "messages" else {"prompt_content": "", "cut_chat_history": messages}
                kept += sum(map(len, turns))
            f.write(json.dumps(entry) + ("\n" if kind == "messages" else ",\n"))
        if kind != "messages":
            f.seek(f.tell() - 2)
            f.write("\n]")
    return kept


def dataset(weir, log, megabytes=100):
    """CPU time and memory that a large file of each of these kinds adds to a run of one request."""
    kinds = {}
    for kind in ("messages", "conversations", "sharegpt"):
        folder = tempfile.mkdtemp(prefix="weir-bench-")
        path, runs = os.path.join(folder, "texts.jsonl" if kind == "messages" else "texts.json"), {"with": [], "without": []}
        text = write_texts(path, kind, megabytes << 20)
        size = os.path.getsize(path)
        try:
            for i in range(3):
                for name, more in (("with", ["--dataset", path, "--dataset-lengths", "none"]), ("without", [])):
                    with Sim(weir, "--ttft", "0ms", "--itl", "0ms") as sim:
                        runs[name].append(measure([weir, "run", sim.url, "--num-requests", "1", "--duration", "none", "--quiet", "--model", "m", "--no-probe",
                                                   "--max-tokens", "1", "--output-dir", os.path.join(folder, f"{name}{i}"), *more], 60))
                    if runs[name][-1].rc not in (0, 4):
                        return {"skipped": runs[name][-1].stderr[-200:]}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        cpu = spread([a.cpu_s - b.cpu_s for a, b in zip(runs["with"], runs["without"])])
        peak = spread([a.peak - b.peak for a, b in zip(runs["with"], runs["without"])])
        out = kinds[kind] = {"bytes": size, "cpu_s": cpu, "mb_per_s": size / 1e6 / cpu["median"], "added_peak": peak["median"], "text": text}
        log(f"  dataset: {kind} {out['mb_per_s']:.0f} MB/s, {out['added_peak'] / 1e6:.0f} MB more memory for {text / 1e6:.0f} MB of text")
    return {"kinds": kinds}
