"""aws_benchmark levels: so many requests at a time, one on each connection, over HTTP/2 by ALPN or by prior knowledge, and over
HTTP/1.1 where the server has nothing else, which is announced.

    export MAX_TOKENS=128
    ./aws/scripts/aws_benchmark.sh "$API_URL" 300s ./long-test-results
    ./aws/scripts/aws_benchmark.sh "$API_URL"
"""
import json
import os
import signal
import sys
import time

from aws import FAST, Lambda, together, most_at_once, read, records, served
from lib import SLOW, check, wait_for

weir = sys.argv[1]


def one_stream_per_connection(rows):
    by_conn = {}
    for r in rows:
        by_conn.setdefault((r["level"], r["worker"], r["conn"]), []).append((r["start"], r["end"]))
    return max(most_at_once(spans) for spans in by_conn.values())


def long_test(w):
    """The four levels, with the documented variable; the simulator's truth says what was asked and when."""
    with Lambda(weir, *FAST) as sim:
        done = w.run(weir, "aws_benchmark", sim.url, "600ms", "./long-test-results", "--pause", "0s", MAX_TOKENS="128",
                     AWS_REGION="eu-west-1")
        folder = w.results("long-test-results")
        rows, truth = records(folder), sim.truth()
    summary = read(folder, "benchmark_summary.json")
    check([r["concurrency"] for r in summary["results"]] == [6, 12, 24, 32], "the levels, ascending")
    check(sorted(n for n in os.listdir(folder) if n.startswith("c")) == ["c12.json", "c24.json", "c32.json", "c6.json"],
          "a file for each level")
    check(summary["http_version"] == "2" and all(r.get("http2") for r in rows), "HTTP/2 without TLS, by prior knowledge")
    check(one_stream_per_connection(rows) == 1, "a connection has one request at a time")
    payload = read(folder, "payload.json")
    check(payload["max_tokens"] == 128 and payload["stream"] is False and payload["model"] == "llama"
          and [m["role"] for m in payload["messages"]] == ["system", "user"], f"payload.json: {payload}")
    with open(os.path.join(folder, "payload.json")) as f:
        body = f.read()
    words = sum(len(m["content"].split()) for m in payload["messages"])
    for level, result in zip(range(4), summary["results"]):
        here = [truth[r["request_id"]] for r in rows if r["level"] == level]
        check(len(here) == result["total_requests"] == result["successful_requests"], f"level {level}: counts")
        check(all(t["output_tokens"] == 128 and t["prompt_tokens"] == words and not t["stream"] and t["status"] == 200
                  for t in here), f"level {level}: each request is the payload")
        check(most_at_once(served(here)) == result["concurrency"],
              f"level {level}: {result['concurrency']} at a time")
    check("\n" not in body[:-1] and json.loads(body) == payload, "the payload is what is sent, one line")
    for c in (6, 12, 24, 32):
        check(f"Running benchmark: C={c}, Duration=600ms" in done.out, f"C={c} is announced")
    check("Endpoint validation successful" in done.out and "Benchmark completed successfully!" in done.out, "the lines")


def versions(w):
    """https by ALPN; servers that have HTTP/1.1 alone."""
    pem = w.path("sim.pem")
    for name, options, words, version, says in (
            ("alpn", ["--tls", "--write-cert", pem], ["--cacert", pem], "2", None),
            ("alpn-1.1", ["--tls", "--write-cert", pem, "--http", "1.1"], ["--insecure"], "1.1", "did not choose HTTP/2"),
            ("plain-1.1", ["--http", "1.1"], [], "1.1", "does not speak HTTP/2 without TLS: going on with HTTP/1.1")):
        with Lambda(weir, *FAST, *options) as sim:
            done = w.run(weir, "aws_benchmark", sim.url, "200ms", name, "-c", "2,3", "--pause", "0", *words)
            load = sim.load()
        folder = w.results(name)
        rows = records(folder)
        summary = read(folder, "benchmark_summary.json")
        check(summary["http_version"] == version and all(bool(r.get("http2")) == (version == "2") for r in rows),
              f"{name}: HTTP/{version}")
        check((says is None and "WARNING" not in done.out) or (says and says in done.out), f"{name}: {done.out}")
        check("Endpoint validation successful" in done.out, f"{name}: validated")
        check(len(load) == len(rows) and all(r["outcome"] == "ok" for r in rows), f"{name}: all came, none was lost")
        check(one_stream_per_connection(rows) == 1, f"{name}: one request at a time on a connection")


def defaults(w):
    """60 s a level and ./results; interrupted, what was measured is written."""
    with Lambda(weir, *FAST) as sim:
        process = w.start(weir, "aws_benchmark", sim.url)
        lines = []
        while not any("Running benchmark: C=6, Duration=60s" in line for line in lines):
            lines.append(process.stdout.readline())
            check(lines[-1], f"it ended: {lines}")
        wait_for(lambda: os.path.exists(os.path.join(w.results(), "weir", "requests.jsonl")), 20, "the run begins")
        time.sleep(0.5 * SLOW)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30 * SLOW)
    check(process.returncode == 130, f"interrupted: exit {process.returncode}")
    summary = read(w.results(), "benchmark_summary.json")
    check(summary["test_duration"] == "60s" and summary["max_tokens"] == 64 and summary["aws_region"] == "us-east-1",
          f"the defaults: {summary}")
    check(len(summary["results"]) == 1 and summary["results"][0]["successful_requests"] > 0, "the level that had begun")


def wrong(w):
    """Nothing is sent before all is checked."""
    with Lambda(weir) as sim:
        for words, env, says in (([sim.url, "soon"], {}, "'soon'"), ([sim.url, "0s"], {}, "'0s'"), ([], {}, "which URL"),
                                 (["ftp://x/y"], {}, "ftp"), ([sim.url], {"MAX_TOKENS": "many"}, "MAX_TOKENS"),
                                 ([sim.url, "-c", "6,6"], {}, "6 is there twice"), ([sim.url, "-H", "no colon"], {}, "--header"),
                                 ([sim.url, "1s", "/dev/null/x"], {}, "/dev/null"), ([sim.url, "1s", "r", "more"], {}, "more")):
            done = w.run(weir, "aws_benchmark", *words, expect=1 if "/dev/null/x" in words else 2, **env)
            check(says in done.err, f"{words} {env}: {done.err}")
        check(len(sim.truth()) == 0, "nothing was sent")


together(long_test, versions, defaults, wrong)
