"""HTTP/2 without TLS and over it: every token of every stream, and the interval in which each truly lay.

Many streams step together on few connections, so that one read brings tokens of many of them. The simulator writes down
when it wrote each; the client's value is the kernel's stamp of the read, and its width says how much earlier it may have
been. The truth must lie in between.
"""
import os
import sys

from lib import SANITIZED, Sim, attempts, check, quantile, run

WEIR = sys.argv[1]
STREAMS, REQUESTS, TOKENS = 120, 360, 24
LOAD = ("--concurrency", str(STREAMS), "--num-requests", str(REQUESTS), "--duration", "none", "--max-tokens", str(TOKENS),
        "--model", "weir-sim", "--workers", "1")


def widths(q):
    found = [0] * len(q["dt"])
    for i, ns in q.get("width", []):
        found[i] = ns
    return found


def compare(r, truth):
    """Of each token: how long after its write the value is, and how much of that its width does not explain."""
    late, beyond, wide = [], [], 0
    for q in r.requests:
        t = truth[q["request_id"]]
        check(t["complete"] and q["tokens_out"] == t["output_tokens"] == TOKENS, f"tokens of {q['request_id']}")
        check(len(q["dt"]) == len(t["tokens"]), f"{len(q['dt'])} events of {len(t['tokens'])} in {q['request_id']}")
        at = r.run["epoch_mono"] + q["first_token"]
        for gap, width, written in zip(q["dt"], widths(q), t["tokens"]):
            at += gap
            late.append(at - written)
            beyond.append(at - width - written)
            wide += width > 0
    return late, beyond, wide


def all_there(name, r, conns):
    rows = r.requests
    check(len(rows) == REQUESTS and {q["outcome"] for q in rows} == {"ok"}, f"{name}: {sorted({q['outcome'] for q in rows})}")
    check(all(q.get("http2") for q in rows), f"{name}: not all were of HTTP/2")
    used = {q["conn"] for q in rows}
    check(len(used) == conns, f"{name}: {len(used)} connections, not {conns}")
    client = r.lines("client")[0]
    check(client["conns_opened"] == conns, f"{name}: {client['conns_opened']} connections opened")
    check(client["conns_reused"] == REQUESTS - sum(1 for q in rows if q.get("new_conn")), f"{name}: {client['conns_reused']} reused")
    check(client["retried"] == 0 and client["kernel_stamped"] > 0.99 * client["reads"], f"{name}: {client['kernel_stamped']} stamped")
    check(r.summary["levels"][0]["client"]["kernel_stamped"] > 0.99, "kernel stamps")


def lock_step(name, sim_options, options, conns):
    """One run, all but times; then its times as (late, beyond)."""
    with Sim(WEIR, "--ttft", "20ms", "--itl", "10ms", *sim_options) as sim:
        url = sim.url.replace("127.0.0.1", "localhost") if "--tls" in sim_options else sim.url
        ca = ("--cacert", sim_options[sim_options.index("--write-cert") + 1]) if "--tls" in sim_options else ()
        # A verdict may say that the widths are wide, or that this machine is busy.
        r = run(WEIR, url, *LOAD, *options, *ca, expect=None)
        all_there(name, r, conns)
        late, beyond, wide = compare(r, sim.truth())
    low = min(late) / 1e3
    inside = sum(1 for b in beyond if b <= 300_000) / len(beyond)
    print(f"{name}: value - write: min {low:.1f}, p50 {quantile(late, 0.5) / 1e3:.0f} us; {wide} of {len(late)} with a "
          f"width; {inside:.2%} within it (and 300 us of the way)")
    check(low > -50, f"{name}: a token was seen {-low:.0f} us before it was written")
    return inside, wide


def timed(name, sim_options, options, conns):
    if SANITIZED:
        lock_step(name, sim_options, options, conns)
        return
    best = 0
    for _ in attempts(wanted=3):
        inside, _ = lock_step(name, sim_options, options, conns)
        best = max(best, inside)
        if best >= 0.97:
            return
    check(False, f"{name}: at best {best:.2%} of the writes lie in the interval of their token")


def errors(sim):
    """What a user is told before anything is sent."""
    for args, text in (((sim.url, "--http", "2"), "for HTTP/2 without TLS give --http h2c"),
                       ((sim.url.replace("http:", "https:"), "--http", "h2c"), "give --http 2")):
        r = run(WEIR, *args, *LOAD, expect=2)
        check(text in r.stderr, f"{text!r} is not what it says: {r.stderr}")


def versions():
    """A server of HTTP/1.1 alone."""
    with Sim(WEIR, "--http", "1.1", truth=False) as sim:
        errors(sim)
        r = run(WEIR, sim.url, "--http", "h2c", *LOAD, expect=1)
        check("the answer is not HTTP/2" in r.stderr and "--http 1.1" in r.stderr, r.stderr)
        r = run(WEIR, sim.url, "--num-requests", "3", "--max-tokens", "2")
        check(not any(q.get("http2") for q in r.requests), "auto without TLS is HTTP/1.1")
    with Sim(WEIR, "--http", "1.1", "--tls", truth=False) as sim:
        r = run(WEIR, sim.url, "-k", "--http", "2", *LOAD, expect=1)
        check("--http auto" in r.stderr, r.stderr)
        r = run(WEIR, sim.url, "-k", "--num-requests", "3", "--max-tokens", "2")
        check(not any(q.get("http2") for q in r.requests), "auto with a server of HTTP/1.1 alone")
        r = run(WEIR, sim.url, "-k", "--no-probe", "--http", "2", "--num-requests", "3", "--model", "m", expect=1)
        check([q["outcome"] for q in r.requests] == ["tls"] * 3, f"{[q['outcome'] for q in r.requests]}")
    with Sim(WEIR, "--tls", truth=False) as sim:
        r = run(WEIR, sim.url, "-k", "--http", "1.1", "--num-requests", "3", "--max-tokens", "2")
        check(not any(q.get("http2") for q in r.requests), "--http 1.1")


def main():
    versions()
    ca = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"weir-http2-{os.getpid()}.pem")
    try:
        # 40 streams step in one write; 120 in several.
        timed("h2c, 3 connections", (), ("--http", "h2c", "--streams-per-conn", "40"), 3)
        timed("h2c, 1 connection", (), ("--http", "h2c", "--streams-per-conn", "500"), 1)
        # Of 60 small writes the server's kernel keeps most back until we have acknowledged some: they do come later.
        lock_step("h2c, a write a token", ("--h2-flush", "token"), ("--http", "h2c", "--streams-per-conn", "60"), 2)
        timed("h2c, the server's limit", ("--h2-max-streams", "30"), ("--http", "h2c"), 4)
        timed("TLS", ("--tls", "--write-cert", ca), ("--streams-per-conn", "60"), 2)
    finally:
        if os.path.exists(ca):
            os.unlink(ca)


main()
