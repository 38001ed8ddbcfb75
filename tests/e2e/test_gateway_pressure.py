"""A client of `weir gateway` that does not read must hold up the upstream, not fill the gateway's memory: the upstream's writes come
to a stop, other requests go on, and when the client reads at last, all of it is there. Over HTTP/1.1 by a socket, over HTTP/2 by curl."""
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from gateway_lib import Gateway, ask, body, environment, events, eventually
from lib import SANITIZED, SLOW, check

WEIR = sys.argv[1]
WORD, EVENTS = "x" * 8000, 5000  # 40 MB: more than all sockets between can hold
MIB = 1 << 20


class Upstream(http.server.ThreadingHTTPServer):
    """A container's /invocations that streams chat chunks as fast as it is let: with "max_tokens" 1 one, else all EVENTS."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.sent, self.ended = 0, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        super().setup()

    def log_message(self, *_):
        pass

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        small = asked["max_tokens"] == 1
        try:
            for i in range(1 if small else EVENTS):
                delta = {"role": "assistant", "content": f"{i} {WORD} "} if i == 0 else {"content": f"{i} {WORD} "}
                event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                         "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
                data = f"data: {json.dumps(event)}\n\n".encode()
                self.chunk(data)
                self.server.sent += 0 if small else len(data)
            event["choices"] = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
            self.chunk(f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode())
            self.chunk(b"")
        except OSError:
            self.close_connection = True
        self.server.ended += not small


def resident(gateway):
    with open(f"/proc/{gateway.process.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1]) * 1024


def comes_to_a_stop(upstream, gateway):
    """Nothing more is taken of it for a while; what the gateway holds meanwhile is small; others are served."""
    eventually(lambda: upstream.sent > 0, "the upstream was not asked")
    before = -1
    until = time.monotonic() + 10 * SLOW
    while upstream.sent != before:
        check(time.monotonic() < until, f"it does not stop: {upstream.sent} bytes")
        before = upstream.sent
        time.sleep(0.5 * SLOW)
    check(upstream.ended == 0 and before < EVENTS * len(WORD) * 3 / 4, f"{before} bytes were taken of a client that does not read")
    r = ask(gateway.url, data=body(True, tokens=1))
    check(r.status == 200 and r.text.endswith("data: [DONE]\n\n"), f"another request: {r.status} {r.text[-200:]!r}")
    check(upstream.sent == before, "the other request let it go on")
    return before


def whole(text):
    data, _ = events(text)
    check(data[-1] == "[DONE]", f"the end: {text[-300:]!r}")
    got = [c["choices"][0]["delta"]["content"] for c in data[:-1] if c["choices"] and c["choices"][0]["delta"].get("content")]
    check(got == [f"{i} {WORD} " for i in range(EVENTS)], f"{len(got)} of {EVENTS} events, or others")


def memory_is_bounded(gateway, before):
    grown = resident(gateway) - before
    check(SANITIZED or grown < 6 * MIB, f"the gateway grew by {grown / MIB:.1f} MiB")


def test_http1():
    upstream = Upstream()
    with Gateway(WEIR, f"http://127.0.0.1:{upstream.server_port}/invocations", "--no-sigv4") as g:
        ask(g.url, data=body(True, tokens=1))
        before = resident(g)
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        s.settimeout(30 * SLOW)
        s.connect(("127.0.0.1", int(g.url.rsplit(":", 1)[1])))
        data = body(True, tokens=EVENTS).encode()
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
        comes_to_a_stop(upstream, g)
        memory_is_bounded(g, before)
        f = s.makefile("rb")
        check(f.readline().split()[1] == b"200", "no answer")
        while f.readline().strip():
            pass
        pieces = []
        while n := int(f.readline(), 16):
            pieces.append(f.read(n))
            f.readline()
        s.close()
        whole(b"".join(pieces).decode())
        memory_is_bounded(g, before)
    upstream.shutdown()


def test_http2():
    curl = shutil.which("curl")
    if not curl or "HTTP2" not in subprocess.run([curl, "--version"], capture_output=True, text=True).stdout:
        print("skipped over HTTP/2: there is no curl that speaks it")
        return
    upstream = Upstream()
    with Gateway(WEIR, f"http://127.0.0.1:{upstream.server_port}/invocations", "--no-sigv4") as g, tempfile.TemporaryDirectory() as folder:
        ask(g.url, data=body(True, tokens=1))
        before = resident(g)
        out = os.path.join(folder, "out")
        c = subprocess.Popen([curl, "-sN", "--http2-prior-knowledge", "-o", out, "-d", body(True, tokens=EVENTS), f"{g.url}/v1/chat/completions"],
                             env=environment())
        try:
            eventually(lambda: os.path.exists(out) and os.path.getsize(out) > 0, "curl got nothing")
            c.send_signal(signal.SIGSTOP)
            comes_to_a_stop(upstream, g)
            memory_is_bounded(g, before)
            c.send_signal(signal.SIGCONT)
            check(c.wait(60 * SLOW) == 0, f"curl: {c.returncode}")
        finally:
            if c.poll() is None:
                c.kill()
                c.wait()
        with open(out) as f:
            whole(f.read())
        memory_is_bounded(g, before)
    upstream.shutdown()


def test_client_that_leaves():
    """One that stood still and goes away takes the upstream's exchange with it."""
    upstream = Upstream()
    with Gateway(WEIR, f"http://127.0.0.1:{upstream.server_port}/invocations", "--no-sigv4") as g:
        s = socket.create_connection(("127.0.0.1", int(g.url.rsplit(":", 1)[1])))
        data = body(True, tokens=EVENTS).encode()
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
        comes_to_a_stop(upstream, g)
        s.close()
        eventually(lambda: upstream.ended == 1, "the upstream was not left")
    upstream.shutdown()


for test in (test_http1, test_http2, test_client_that_leaves):
    test()
    print(f"{test.__name__}: ok")
