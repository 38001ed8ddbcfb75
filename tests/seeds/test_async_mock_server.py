#!/usr/bin/env python3
"""Seed document 4, the mock server: `make run` starts it, its paths, statuses, bodies and times, asked by Python's own client."""
import concurrent.futures
import http.client
import os
import select
import shlex
import socket
import subprocess
import sys
import time

from lib import SANITIZED, Sim, check, wait_for

weir = sys.argv[1]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def ask(sim, path, method="GET"):
    host = sim.url.split("//")[1]
    c = http.client.HTTPConnection(host, timeout=60)
    began = time.monotonic()
    c.request(method, path)
    r = c.getresponse()
    body = r.read()
    took = time.monotonic() - began
    c.close()
    return r.status, r.getheader("Content-Type"), body, took


FULL = (429, "application/json", b'{"error":"Too many concurrent requests"}\n')
HELLO = (200, "text/html; charset=utf-8", b"Hello World")


def holds_exactly(sim, limit):
    """So many requests that sleep for long fill it, and one fewer does not."""
    host, port = sim.url.split("//")[1].split(":")
    open_ = []
    for _ in range(limit):
        s = socket.create_connection((host, int(port)))
        s.sendall(b"GET /sleeper?sleep_length=80000 HTTP/1.1\r\nHost: mock\r\n\r\n")
        open_.append(s)
    wait_for(lambda: ask(sim, "/hello")[:3] == FULL, 20, f"{limit} fill it")
    check(not select.select(open_, [], [], 0)[0], "none of them was refused")
    open_.pop().close()
    wait_for(lambda: ask(sim, "/hello")[:3] == HELLO, 20, f"{limit - 1} leave room for one")
    check(not select.select(open_, [], [], 0)[0], "all the others still sleep")
    for s in open_:
        s.close()


def test_make_run():
    """What `make run` would do, with another port."""
    for words, limit in (([], 10), (["CONCURRENCY=100"], 100)):
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in ("MFLAGS", "CONCURRENCY", "SIM_FLAGS")}
        shown = subprocess.run(["make", "-n", "-C", ROOT, "run", *words], capture_output=True, text=True, env=env)
        lines = shown.stdout.splitlines()
        command = [line for line in lines if "sim --preset" in line]
        check(len(command) == 1, shown.stdout + shown.stderr)
        check(any(f"max-concurrent-requests={limit}" in line for line in lines), "it says the limit")
        asked = shlex.split(command[0].strip())
        check(asked[:3] == ["exec", "build/weir", "sim"], command[0])
        check("--listen" not in asked, "where it listens is the preset's own default")
        with Sim(weir, *asked[3:], "--listen", "127.0.0.1:0", "--quiet") as sim:
            holds_exactly(sim, limit)


def test_the_documents_address():
    """Without --listen it is at 127.0.0.1:5000, with a limit of one."""
    try:
        socket.create_server(("127.0.0.1", 5000)).close()
    except OSError:
        print("port 5000 is taken: not tried")
        return
    process = subprocess.Popen([weir, "sim", "--preset", "flask-mock", "-q"], stdout=subprocess.PIPE, text=True)
    try:
        if "listening on http://127.0.0.1:5000\n" not in process.stdout.readline():
            check(process.wait(timeout=10) != 0, "the port is the document's")  # taken meanwhile
            return
        holds_exactly(type("At", (), {"url": "http://127.0.0.1:5000"}), 1)
    finally:
        process.terminate()
        check(process.wait(timeout=20) == 0, "it ends orderly")


def test_paths():
    html = "text/html; charset=utf-8"
    with Sim(weir, "--preset", "flask-mock", "--listen", "127.0.0.1:0", "--limit", "100", "--quiet", "--time-scale", "0.02") as sim:
        check(ask(sim, "/hello")[:3] == (200, html, b"Hello World"), "/hello")
        check(ask(sim, "/sleeper?sleep_length=2")[:3] == (200, html, b"slept for 2 second"), "/sleeper")
        check(ask(sim, "/sleeper?sleep_length=0")[:3] == (200, html, b"slept for 1 second"), "/sleeper, 0 is 1")
        for query in ("output_tokens=0", "", "output_tokens=", "output_tokens=many", "output_tokens=-3", "output_tokens=1.5", "n=3"):
            check(ask(sim, f"/tokenizer?{query}")[:3] == (400, html, b"Invalid input"), f"/tokenizer?{query}")
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            check(ask(sim, "/tokenizer?output_tokens=3", method)[0] == 405, method)
        for path in ("/", "/v1/models", "/metrics", "/health", "/v1/chat/completions"):
            check(ask(sim, path)[:2] == (404, html), path)
        table = {1: 1, 3: 1, 9: 1, 10: 2, 30: 2, 99: 2, 100: 3, 300: 3, 999: 3, 1000: 5, 3000: 5, 30000: 5}
        with concurrent.futures.ThreadPoolExecutor(len(table)) as pool:
            for (n, seconds), got in zip(table.items(), pool.map(lambda n: ask(sim, f"/tokenizer?output_tokens={n}"), table)):
                check(got[:3] == (200, "application/json", b'{"output_tokens":%d}\n' % n), f"{n}: {got}")
                check(got[3] >= seconds * 0.02, f"{n} takes {seconds} s: {got[3] / 0.02}")
                check(SANITIZED or got[3] < seconds * 0.02 + 0.5, f"{n} takes no more: {got[3] / 0.02}")


test_make_run()
test_the_documents_address()
test_paths()
