"""Every dialect, streamed and not, against the simulator's own log of what it served: outcomes, counts, and the instant of
each token; what goes wrong within a stream; the headers, paths and members that a dialect insists on.
"""
import collections
import os
import subprocess
import sys
import tempfile

from lib import SANITIZED, Sim, check, clean_env, run

WEIR = sys.argv[1]
N, TOKENS, PROMPT = 8, 12, "how deep is the weir"  # 5 words, the simulator's tokens
# name, path of streams, of whole answers, where the output's count is from, whether a whole answer tells the input's
DIALECTS = [
    ("anthropic-messages", "/v1/messages", "/v1/messages", "usage", True),
    ("openai-responses", "/v1/responses", "/v1/responses", "usage", True),
    ("ollama-chat", "/api/chat", "/api/chat", "server", True),
    ("ollama-generate", "/api/generate", "/api/generate", "server", True),
    ("tgi", "/generate_stream", "/generate", "server", False),
]
LOAD = ("--concurrency", "4", "--num-requests", str(N), "--duration", "none", "--prompt", PROMPT)
QUICK = ("--ttft", "5ms", "--itl", "2ms")


def instants(name, q, t, epoch):
    """Each token was received after it was written, and not long after."""
    check(len(q["dt"]) == len(t["tokens"]) == TOKENS, f"{name}: {len(q['dt'])} events, truth {len(t['tokens'])}")
    at, late = epoch + q["first_token"], []
    for gap, written in zip(q["dt"], t["tokens"]):
        at += gap
        check(at - written > -50000, f"{name}: a token came {written - at} ns before it was written")
        late.append(at - written)
    return late


def measure(dialect, stream):
    name, path, whole, source, tells_input = dialect
    with Sim(WEIR, *QUICK) as sim:
        r = run(WEIR, sim.url, "--api", name, "--max-tokens", str(TOKENS), *LOAD, *(() if stream else ("--no-stream",)))
        truth = sim.truth()
    late = []
    check(len(r.requests) == N, f"{name}: {len(r.requests)} records")
    for q in r.requests:
        t = truth[q["request_id"]]
        check(q["outcome"] == "ok" and q["finish"] == "length", f"{name}: {q['outcome']}, {q.get('finish')}")
        check(t["path"] == (path if stream else whole) and t["stream"] == stream, f"{name}: {t['path']}, {t['stream']}")
        check(q["tokens_out"] == t["output_tokens"] == TOKENS, f"{name}: {q['tokens_out']} tokens, truth {t['output_tokens']}")
        check(q["token_source"] == source, f"{name}: counted by {q['token_source']}")
        want = t["prompt_tokens"] if stream or tells_input else None
        check(t["prompt_tokens"] == 5 and q.get("tokens_in") == want, f"{name}: {q.get('tokens_in')} input tokens, not {want}")
        check(q["words"] == TOKENS, f"{name}: {q['words']} words")
        if stream:
            check(q.get("terminal") and q.get("streamed"), f"{name}: {q}")
            late += instants(name, q, t, epoch=r.run["epoch_mono"])
    # of the best half: a busy machine delays some, a client that waits for more than the token's own bytes delays all
    typical = sorted(late)[len(late) // 2] if late else 0
    check(SANITIZED or typical < 2e6, f"{name}: half of the tokens {typical / 1e6:.1f} ms late")
    told = "how many tokens the input has is unknown" in " ".join(str(n) for n in r.lines("note"))
    check(told == (not stream and not tells_input), f"{name}: what the dialect cannot give {'is' if told else 'is not'} told")
    level = r.summary["levels"][0]
    check(level["tokens"]["source"] == source and level["tokens"]["output"] == N * TOKENS, f"{name}: {level['tokens']}")
    check(bool(level["latency_ms"]["ttft"]) == stream, f"{name}: TTFT is {level['latency_ms']['ttft']}")
    print(f"{name}, " + (f"streamed: tokens {typical / 1000:.0f} us after they were written" if stream else "whole"))


def faults(name):
    """What the simulator breaks, the dialect sees, and nothing else."""
    wanted = {"error_event": "in_stream_error", "truncate": "truncated", "bad_json": "bad_frame", None: "ok"}
    with Sim(WEIR, *QUICK, "--fault", "error_event:0.25,truncate:0.25,bad_json:0.25", "--seed", "3") as sim:
        r = run(WEIR, sim.url, "--api", name, "--model", "m", "--no-probe", "--max-tokens", "6", *LOAD[:2], "--num-requests",
                "24", *LOAD[4:], expect=None)
        truth = sim.truth()
    seen = collections.Counter()
    for q in r.requests:
        t = truth[q["request_id"]]
        check(q["outcome"] == wanted[t["fault"]], f"{name}: {q['outcome']} of {t['fault']}: {q.get('detail')}")
        seen[q["outcome"]] += 1
    check(len(seen) == 4, f"{name}: only {dict(seen)} happened")
    print(f"{name}: {dict(seen)}")


def refused(*args, says):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([WEIR, "run", *args, "--output-dir", os.path.join(folder, "out")], capture_output=True, text=True,
                              env=clean_env(), timeout=60)
    check(done.returncode == 2 and says in done.stderr, f"{args}: exit {done.returncode}: {done.stderr}")


def what_dialects_insist_on():
    with Sim(WEIR, "--ttft", "1ms", "--itl", "100us", "--api-key", "sesame") as sim:
        r = run(WEIR, sim.url, "--api", "anthropic-messages", *LOAD, env=clean_env(ANTHROPIC_API_KEY="sesame"))
        truth = sim.truth()
        notes = " ".join(str(n) for n in r.lines("note"))
    check("requires max_tokens" in notes, f"a limit that nobody gave is told: {notes}")
    check(all(q["tokens_out"] == 1024 for q in r.requests), "the simulator gives as many tokens as it is asked for")
    check(all(t["status"] in (200, 404) for t in truth.values()), "the key came from its own variable, the version by its header")
    with Sim(WEIR, *QUICK, truth=False) as sim:
        r = run(WEIR, sim.url + "/generate", "--api", "tgi", "--no-stream", "--max-tokens", "2", *LOAD)
        check(all(q["tokens_out"] == 2 for q in r.requests), "a path given whole")
        refused(sim.url + "/generate", "--api", "tgi", says="give /generate_stream, or --no-stream")
        refused(sim.url + "/generate_stream", "--api", "tgi", "--no-stream", says="give /generate")
        refused(sim.url, "--api", "ollama-chat", "--ignore-eos", says="--ignore-eos: ollama-chat has no such member")
        refused(sim.url, "--api", "tgi", "--extra-body", '{"parameters":1}', says='"parameters" must be an object')


def main():
    for dialect in DIALECTS:
        for stream in (True, False):
            measure(dialect, stream)
        faults(dialect[0])
    what_dialects_insist_on()


main()
