"""awscurl, "Usage with SageMaker Streaming Response": the first token's time against the truth, errors within a stream."""
import json
import sys

from awscurl import JSON, STREAM, awscurl, folder, holds_together, is_near
from lib import SANITIZED, Sim, check

weir = sys.argv[1]


def prompts(where, n):
    with open(where + "/prompts", "w") as f:
        for text in ("The new movie that got Oscar this year", "write a program"):
            f.write(json.dumps({"inputs": text, "parameters": {"max_new_tokens": n}, "stream": True}) + "\n")


def command(url, clients, each):
    return ("-c", str(clients), "-N", str(each), "-X", "POST", url, "--connect-timeout", "60", "--dataset", "prompts", *JSON,
            "-P", "-t", "-o", "output.txt")


def test_first_tokens(path, piece):
    where = folder()
    prompts(where, 40)
    with Sim(weir, "--ttft", "60ms", "--itl", "2ms") as sim:
        r = awscurl(weir, *command(sim.url + path, 5, 2), where=where)
        truth = list(sim.truth().values())
    f = r.figures
    holds_together(f, path)
    check((f["totalRequests"], f["failedRequests"]) == (10, 0) and len(truth) == 10, f"{f}")
    check(f["totalTokens"] == sum(len(t["tokens"]) for t in truth) == 10 * 40, f"{f['totalTokens']} tokens of whole texts")
    first = sum(t["tokens"][0] - t["recv"] for t in truth) / 10 / 1e6
    whole = sum(t["end"] - t["recv"] for t in truth) / 10 / 1e6
    check(f["timeToFirstByte"] >= 60 and f["averageLatency"] >= whole - 1, f"{f}, truth {first} {whole}")
    check(f["averageLatency"] > f["timeToFirstByte"] + 70, "39 steps of 2 ms lie between")
    if not SANITIZED:
        is_near(f["timeToFirstByte"], first, 0.1, "timeToFirstByte", 10)
    for _, _, _, answer in r.records("output.txt"):
        lines = answer.splitlines()
        check(len(lines) == 40 and all(piece in json.loads(line) for line in lines), answer[:200])


def test_errors_within(fault, text):
    where = folder()
    prompts(where, 10)
    with Sim(weir, "--ttft", "2ms", "--itl", "500us", "--fault", fault + ":0.5", "--seed", "3") as sim:
        r = awscurl(weir, *command(sim.url + STREAM, 4, 6), where=where)
        truth = list(sim.truth().values())
    f = r.figures
    bad = sum(1 for t in truth if t["fault"])
    check(bad > 3 and f["failedRequests"] == bad and f["totalRequests"] == 24, f"{f}, truth {bad}")
    check(f["hasError"] is True and f["errorRate"] == round(100 * bad / 24, 2), f"{f}")
    check(f["totalTokens"] == 10 * (24 - bad), "tokens of the successful alone")
    check(text in r.stderr, r.stderr)
    check(len({c for c, *_ in r.records("output.txt")}) == 4, "no client ended because of it")


def test_a_server_that_stands_still():
    """One number bounds each silence, not the whole answer."""
    where = folder()
    prompts(where, 45)
    with Sim(weir, "--ttft", "2ms", "--itl", "30ms") as sim: # 1.35 s in all
        args = list(command(sim.url + STREAM, 1, 1))
        args[args.index("60")] = "1"
        check(awscurl(weir, *args, where=where).figures["failedRequests"] == 0, "an answer that goes on is none")
    with Sim(weir, "--fault", "stall:1:2s") as sim:
        args[args.index("POST") + 1] = sim.url + STREAM
        r = awscurl(weir, *args, where=where, expect=1)
    check(r.figures["failedRequests"] == 1 and "timeout_stall" in r.stderr, r.stderr)


test_first_tokens(STREAM, "token")
test_first_tokens("/invocations", "token")
test_first_tokens("/sse/invocations", "token")
test_errors_within("error_event", "in_stream_error: ")
test_errors_within("truncate", "truncated")
test_errors_within("exception", "in_stream_error: ModelStreamError")
test_errors_within("bad_crc", "bad_frame: event stream: a frame's checksum is wrong")
test_a_server_that_stands_still()
