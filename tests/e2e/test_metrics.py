"""--metrics-url: what the server says of itself, against the simulator's truth: requests that ran at the instant of each scrape,
the prefix cache's hits, energy; and a second exporter that fails in the middle of the run, which breaks nothing, or hangs."""
import http.server
import json
import signal
import sys
import tempfile
import threading
import time

from lib import SANITIZED, SLOW, Result, Sim, check, report, run, start

WEIR = sys.argv[1]
WORDS = " ".join(f"word{i}" for i in range(64))
BENCH = f"""
max-tokens: 20
concurrency: 6
duration: 2s
cooldown: 200ms
prompt: "{WORDS}"
levels:
  - {{name: fresh, unique-prompts: true}}
  - {{name: again}}
"""
IDLE, BUSY, SLOTS, OTHERS = 100, 500, 4, 20


class Exporter(http.server.BaseHTTPRequestHandler):
    """A DCGM exporter of two GPUs that draw 10 W each, and that fails from its 8th answer to its 10th."""
    asked = 0

    def do_GET(self):
        Exporter.asked += 1
        bad = 8 <= Exporter.asked <= 10
        text = b"" if bad else b'DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="a"} 10\nDCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="b"} 10\n'
        self.send_response(503 if bad else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Hanging(Exporter):
    """Says nothing any more after its third answer."""
    asked, over, hangs = 0, threading.Event(), threading.Event()

    def do_GET(self):
        Hanging.asked += 1
        if Hanging.asked > 3:
            Hanging.hangs.set()
            Hanging.over.wait()
        else:
            Exporter.do_GET(self)


def running_at(truth, t):
    return sum(1 for q in truth if q["tokens"] and q["started"] <= t < q["tokens"][-1])


def seen_within(truth, lo, hi):
    """How many ran at some instant of the interval."""
    edges = {x for q in truth if q["tokens"] for x in (q["started"], q["tokens"][-1]) if lo <= x <= hi}
    return {running_at(truth, t) for t in edges | {lo, hi}}


def running_time(truth, lo, hi):
    return sum(max(0, min(hi, q["tokens"][-1]) - max(lo, q["started"])) for q in truth if q["tokens"])


def attempt():
    """What does not hold of it that a busy machine may have bent; all else fails at once."""
    bent = []

    def hold(condition, text):
        if not condition and not SANITIZED:
            bent.append(text)

    Exporter.asked = 0
    server = serve(Exporter)
    with Sim(WEIR, "--ttft", "20ms", "--itl", "5ms", "--max-seqs", str(SLOTS), "--prefix-cache", "--kv-blocks", "400",
             "--gpu-power", f"{IDLE},{BUSY}") as sim:
        r = run(WEIR, sim.url, "-f", "-", "--metrics-url", "auto", "--metrics-url",
                f"user:secret@127.0.0.1:{server.server_port}", "--metrics-interval", "100ms", "--seed", "1", stdin=bench())
        truth = [t for t in sim.truth().values() if t["n"]]
    server.shutdown()
    check("secret" not in r.stdout + r.stderr, "a password is shown")
    epoch, rows = r.run["epoch_mono"], []
    with open(r.path("server_metrics.jsonl")) as f:
        text = f.read()
    check("secret" not in text, "a password is stored")
    rows = [json.loads(line) for line in text.splitlines()]
    scrapes = [s for s in rows if s["type"] == "scrape" and s["source"] == 0]
    check(len(scrapes) > 20 and not any("error" in s for s in scrapes), f"{len(scrapes)} scrapes")

    slack = 3e6  # the simulator's own lateness
    off = [s for s in scrapes if s["running"] not in seen_within(truth, epoch + s["at"] - s["took"] - slack,
                                                                  epoch + s["at"] + s["took"] + slack)]
    hold(len(off) <= len(scrapes) // 10, f"{len(off)} of {len(scrapes)} scrapes saw other requests run: {off[:3]}")
    check(any(s["running"] == SLOTS and s["waiting"] > 0 and s["kv_cache_usage"] > 0.02 for s in scrapes), "none saw a queue")

    first, last = scrapes[0], scrapes[-1]
    later = [t for t in truth if t["received"] > epoch + first["at"]]
    check(last["prefix_cache_queries"] == sum(t["prompt_tokens"] for t in later), "tokens looked up in the prefix cache")
    check(last["prefix_cache_hits"] == sum(t["cached_tokens"] for t in later) > 0, "tokens found in the prefix cache")

    late = sorted(t["tokens"][0] - t["started"] - 20e6 - 20e3 * (t["prompt_tokens"] - t["cached_tokens"]) for t in truth if t["tokens"])
    check(late[0] > -1e6, f"a first token {late[0]} ns before its time")
    hold(late[0] < 3e6, f"cached tokens need no prefill, but the first token came {late[0]} ns late at best")

    frames = [f for f in r.lines("level") if f["final"]]
    for level, frame in zip(r.summary["levels"], frames):
        s, lo, hi = level["server"], epoch + frame["w0"], epoch + frame["w1"]
        asked = [t for t in truth if lo <= t["received"] < hi]
        rate = sum(t["cached_tokens"] for t in asked) / sum(t["prompt_tokens"] for t in asked)
        hold(abs(s["prefix_cache_hit_rate"] - rate) < 0.05, f"hit rate {s['prefix_cache_hit_rate']}, in truth {rate}")
        wide = 0.1
        mean = running_time(truth, lo, hi) / (hi - lo)
        hold(abs(s["running"]["mean"] - mean) < max(wide * mean, 0.5), f"running {s['running']}, in truth {mean}")
        check(s["preemptions"] == 0 and s["running"]["max"] <= SLOTS, f"{s}")
        joule = ((IDLE + OTHERS) * (hi - lo) + (BUSY - IDLE) / SLOTS * running_time(truth, lo, hi)) / 1e9
        gpu = s["gpu"]
        check(gpu["energy_source"] == "power" and gpu["energy_j"] > 0 and gpu["gpus"] == 3, f"{gpu}")
        hold(abs(gpu["energy_j"] - joule) < wide * joule, f"{gpu}, in truth {joule} J")
        tokens = sum(1 for t in truth for at in t["tokens"] if lo <= at < hi)
        hold(abs(gpu["j_per_output_token"] - joule / tokens) < wide * joule / tokens, f"{gpu}: {tokens} tokens, {joule} J")
        check(gpu["power_w"]["max"] <= BUSY + OTHERS + 0.001, "the two exporters' power")
    rose = [n for n in r.summary["levels"][1]["notes"] if "prefix cache hit rate rose" in n]
    check(len(rose) == 1 and not any("rose" in n for n in r.summary["levels"][0]["notes"]), "a note on cached prompts")

    sources = r.summary["server_metrics"]
    check(sources[1]["failed"] == 3 and sources[1]["error"] == "the server answers 503", f"{sources}")
    check(any("3 of " in n and "503" in n for n in r.summary["notes"]), f"notes {r.summary['notes']}")
    check(report(WEIR, r.dir).stdout == r.stdout, "weir report differs from the run")
    check(json.loads(report(WEIR, r.dir, "--json").stdout) == r.summary, "weir report --json differs from summary.json")
    return bent


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def hang(interrupt):
    """A server that hangs holds the end of a run up for 3 s, and that of an interrupted one for 1 s."""
    Exporter.asked = Hanging.asked = 0
    Hanging.over.clear()
    Hanging.hangs.clear()
    server = serve(Hanging)
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        process, folder = start(WEIR, sim.url, "--metrics-url", f"127.0.0.1:{server.server_port}", "--metrics-interval", "100ms",
                                "--max-tokens", "4", "--duration", "60s" if interrupt else "1s")
        check(Hanging.hangs.wait(30 * SLOW), "the exporter was not asked")
        began = time.monotonic()
        if interrupt:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60 * SLOW)
        took = time.monotonic() - began
    Hanging.over.set()
    server.shutdown()
    check(process.returncode in ((130,) if interrupt else (0, 4)), f"exit {process.returncode}: {out}{err}")
    check(SANITIZED or took < (3 if interrupt else 5.5), f"the run ended {took} s after the exporter hung")
    source = Result(folder, 0, out, err, 0).summary["server_metrics"][0]
    if interrupt:
        check(source["failed"] == 0, f"an answer that was not waited for has failed: {source}")
    else:
        check(0 < source["failed"] <= 2 and source["error"] == "no answer in time", f"{source}")


def marks():
    """However long the interval, a level has an answer from right before it and one from right after it, and the run a last one."""
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        r = run(WEIR, sim.url, "--metrics-url", "auto", "--metrics-interval", "1h", "--max-tokens", "4", "--concurrency", "1,2",
                "--duration", "300ms", "--cooldown", "300ms")
    with open(r.path("server_metrics.jsonl")) as f:
        at = [s["at"] for s in map(json.loads, f) if s["type"] == "scrape"]
    frames = [f for f in r.lines("level") if f["final"]]
    edges = [x for f in frames for x in (f["w0"], f["w1"])]
    # Before the load, at each edge, and a last time, which the last edge may be.
    check(len(at) in (5, 6), f"{len(at)} answers at {at}, levels {edges}")
    near = [min(abs(a - x) for a in at[1:]) for x in edges]
    check(SANITIZED or max(near) < 2e8, f"answers at {at}, levels {edges}")


def main():
    marks()
    hang(interrupt=False)
    hang(interrupt=True)
    for _ in range(3):
        bent = attempt()
        if not bent:
            return
        print("once more:", *bent, sep="\n")
    check(False, bent)


def bench():
    f = tempfile.TemporaryFile("w+")
    f.write(BENCH)
    f.seek(0)
    return f


main()
