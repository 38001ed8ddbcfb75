"""awscurl, "Usage with a single common payload": the documented command, its figures against the simulator's truth."""
import os
import sys

from awscurl import ENDPOINT, JSON, OSCAR, awscurl, folder, holds_together, is_near
from lib import SANITIZED, Sim, check

weir = sys.argv[1]


def command(url, clients, each):
    return ("-c", str(clients), "-N", str(each), "-X", "POST", url, "--connect-timeout", "60", "-d", OSCAR, *JSON, "-P", "-t",
            "-o", "output.txt")


def test_the_documents_command():
    with Sim(weir, "--ttft", "5ms", "--itl", "100us") as sim:
        r = awscurl(weir, *command(sim.url + ENDPOINT, 10, 6))
        truth = [t for t in sim.truth().values() if t["method"] == "POST"]
    f = r.figures
    holds_together(f, "single")
    check((f["totalRequests"], f["failedRequests"], f["errorRate"], f["concurrentClients"]) == (60, 0, 0.0, 10), f"{f}")
    check("tokenizer" not in f and f["tokenSource"] == "words", "no TOKENIZER was set")
    check(len(truth) == 60, f"the server saw {len(truth)} requests")
    check(f["totalTokens"] == sum(t["output_tokens"] for t in truth) == 60 * 256, f"{f['totalTokens']} tokens")
    check(f["tokenPerRequest"] == 256, f"{f['tokenPerRequest']}")
    served = sum(t["end"] - t["recv"] for t in truth) / len(truth) / 1e6
    check(f["averageLatency"] >= served - 1, f"latency {f['averageLatency']} below the server's {served}")
    if not SANITIZED:
        is_near(f["averageLatency"], served, 0.1, "averageLatency", 5)
        is_near(f["timeToFirstByte"], served, 0.1, "timeToFirstByte of a whole answer", 5)

    records = r.records("output.txt")
    check(sorted({c for c, *_ in records}) == list(range(10)) and len(records) == 60, "ten files with all answers")
    check(all(request == OSCAR and '"generated_text"' in answer for _, _, request, answer in records), "their contents")
    for client in range(10): # one at a time, one after the other
        stamps = [stamp for c, stamp, *_ in records if c == client]
        check(stamps == sorted(stamps), f"client {client}: {stamps}")
    check(len(os.listdir(r.folder)) == 10, f"{os.listdir(r.folder)}")


def test_a_link_of_its_name():
    where = folder()
    os.symlink(os.path.abspath(weir), os.path.join(where, "awscurl"))
    with Sim(weir, "--ttft", "1ms", "--itl", "10us") as sim:
        r = awscurl(os.path.join(where, "awscurl"), *command(sim.url + ENDPOINT, 2, 2), where=where, program=())
        check(r.figures["totalRequests"] == 4, r.stdout)
        alone = awscurl(os.path.join(where, "awscurl"), "-h", where=where, program=())
    check(alone.stdout.startswith("usage: ") and "--dataset PATH" in alone.stdout, alone.stdout)


def test_original_formulas():
    """Throughputs of the original are clients / mean latency, whatever the clock on the wall says."""
    with Sim(weir, "--ttft", "5ms", "--itl", "50us") as sim:
        r = awscurl(weir, *command(sim.url + ENDPOINT, 3, 4), "--original-formulas", "--delay", "300")
    f = r.figures
    is_near(f["tps"], 3e3 / f["averageLatency"], 0.01, "tps", 0.01)
    is_near(f["tokenThroughput"], 3e3 / f["averageLatency"] * 256, 0.01, "tokenThroughput", 0.01)
    is_near(f["averageTokenLatency"], f["averageLatency"] * 3 / 256, 0.01, "averageTokenLatency", 0.01)
    check(f["totalTimeMills"] > 300 and f["tps"] > 1.2 * 12e3 / f["totalTimeMills"], f"{f}")


def test_nothing_succeeds():
    with Sim(weir, "--fault", "http503:1") as sim:
        r = awscurl(weir, *command(sim.url + ENDPOINT, 2, 3), expect=1)
        plain = awscurl(weir, "-c", "2", "-N", "3", sim.url + ENDPOINT, "-d", OSCAR, *JSON, expect=1)
    f = r.figures
    check(f["hasError"] is True and (f["totalRequests"], f["failedRequests"], f["errorRate"]) == (6, 6, 100.0), f"{f}")
    check("tps" not in f and f["totalTokens"] == 0, f"{f}")
    check("HTTP error (HTTP/1.1 503 Service Unavailable): {" in plain.stderr and "(6 times)" in plain.stderr, plain.stderr)


test_the_documents_command()
test_a_link_of_its_name()
test_original_formulas()
test_nothing_succeeds()
