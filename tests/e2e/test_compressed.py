"""Answers that come packed, whether asked for or not: each token is there, with the instant of the read that brought it."""
import sys

from lib import SANITIZED, Sim, check, quantile, report, run

WEIR = sys.argv[1]
TOKENS, N = 16, 40
LOAD = ("--concurrency", "8", "--num-requests", str(N), "--duration", "none", "--max-tokens", str(TOKENS), "--model", "m")


def against_truth(name, r, truth, http2):
    late = []
    for q in r.requests:
        t = truth[q["request_id"]]
        check(q["outcome"] == "ok" and len(q["dt"]) == TOKENS, f"{name}: {q['outcome']}, {len(q['dt'])} events")
        check(q.get("http2", False) == http2, f"{name}: not the version asked for")
        at = r.run["epoch_mono"] + q["first_token"]
        for gap, written in zip(q["dt"], t["tokens"]):
            at += gap
            late.append((at - written) / 1e3)
    print(f"{name}: behind the simulator's write min {min(late):.0f}, p50 {quantile(late, 0.5):.0f} us")
    check(min(late) > -50, f"{name}: a token was seen before it was written")
    check(SANITIZED or quantile(late, 0.5) < 3000, f"{name}: tokens are late by {quantile(late, 0.5):.0f} us")


def main():
    for coding in ("gzip", "zstd", "br"):
        for version in ("1.1", "h2c"):
            options = ("--fault", "split:0.2") if version == "1.1" else ()
            with Sim(WEIR, "--compress", coding, "--ttft", "10ms", "--itl", "4ms", *options) as sim:
                r = run(WEIR, sim.url, "--http", version, *LOAD)
                against_truth(f"{coding} over {version}", r, sim.truth(), version == "h2c")
            check({q["encoding"] for q in r.requests} == {coding}, f"{coding}: not what the records say")
            said = r.summary["levels"][0]["notes"]
            check(any(f"{N} of {N} answers came packed (Content-Encoding: {coding})" in n for n in said), f"{said}")
            check(report(WEIR, r.dir).stdout == r.stdout, f"{coding}: a report says something else")
    with Sim(WEIR, "--compress", "br") as sim:  # whole answers, and a model to be asked for
        r = run(WEIR, sim.url, "--no-stream", *LOAD[:6], "--max-tokens", "4")
        check({(q["outcome"], q["tokens_out"], q["encoding"]) for q in r.requests} == {("ok", 4, "br")}, "whole answers")


main()
