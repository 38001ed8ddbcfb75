"""Through a proxy: tunnels for TLS and h2c, requests in absolute form for http, credentials, refusals, and what the
environment says. The proxy here is Python's own, and answers CONNECT only after a while."""
import base64
import os
import select
import socket
import socketserver
import sys
import threading
import time

from lib import SANITIZED, Sim, check, clean_env, run

WEIR = sys.argv[1]
PAUSE, USER = 0.05, "me:p%40ss-word"
SECRETS = ("p@ss-word", "p%40ss-word", base64.b64encode(b"me:p@ss-word").decode())
LOAD = ("--model", "m", "--max-tokens", "8", "--rate", "20", "--num-requests", "12", "--duration", "none")
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, secret=None):
        self.lines, self.secret = [], secret
        super().__init__(("127.0.0.1", 0), Handler)
        self.at = "127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while self.one_request():
                pass
        except OSError:
            pass

    def one_request(self):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.request.recv(65536)
            if not piece:
                return False
            data += piece
        head, rest = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        self.server.lines.append(lines[0])
        if self.server.secret and "Proxy-Authorization: Basic " + self.server.secret not in lines:
            self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return "CONNECT" not in lines[0] and self.skip_body(lines, rest)
        method, target, _ = lines[0].split(" ")
        if method == "CONNECT":
            return self.tunnel(target, rest)
        host, path = target.split("//", 1)[1].split("/", 1)
        kept = [line for line in lines[1:] if not line.lower().startswith(("proxy-", "connection"))]
        ask = "\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode() + rest
        self.join(self.reach(host), ask)
        return False

    def skip_body(self, lines, rest):
        lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length")]
        left = int(lengths[0]) - len(rest) if lengths else 0
        while left > 0:
            left -= len(self.request.recv(left))
        return True

    def reach(self, host):
        name, port = host.rsplit(":", 1)
        return socket.create_connection((name.strip("[]"), int(port)))

    def tunnel(self, target, rest):
        time.sleep(PAUSE)
        try:
            other = self.reach(target)
        except OSError:
            self.request.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return False
        for part in (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ", b"Connection established\r\nVia: test\r\n\r\n"):
            self.request.sendall(part)
        self.join(other, rest)
        return False

    def join(self, other, first):
        for s in (other, self.request):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with other:
            other.sendall(first)
            while True:
                for s in select.select([other, self.request], [], [])[0]:
                    data = s.recv(65536)
                    if not data:
                        return
                    (self.request if s is other else other).sendall(data)


def environment(**more):
    env = clean_env(**more)
    for name in VARIABLES:
        for word in (name, name.upper()):
            if word not in more:
                env.pop(word, None)
    return env


def all_ok(name, r, truth, http2):
    for q in r.requests:
        check(q["outcome"] == "ok" and len(q["dt"]) == 8, f"{name}: {q['outcome']}, {len(q.get('dt', []))} events")
        check(q.get("http2", False) == http2, f"{name}: another version")
        check(truth[q["request_id"]]["output_tokens"] == 8, f"{name}: the simulator saw another")


def instants(name, r, tls):
    """A connection stands when the tunnel is open; TLS comes behind."""
    opened = [q for q in r.requests if q.get("new_conn")]
    check(opened, f"{name}: no new connection")
    for q in opened:
        connect = (q["conn_end"] - q["conn_start"]) / 1e9
        check(q["start"] <= q["conn_start"] and q["conn_end"] <= q["sent_first"], f"{name}: {q}")
        check(connect >= PAUSE, f"{name}: connected after {connect:.4f} s, before the proxy could answer")
    if tls:  # of one that was not held up by a busy machine
        shaken = min(q["tls_end"] - q["conn_end"] for q in opened) / 1e9
        check(0 < shaken and (SANITIZED or shaken < PAUSE), f"{name}: TLS took {shaken:.4f} s, the proxy's pause in it")


def nothing_secret(r):
    for root, _, files in os.walk(r.dir):
        for name in files:
            with open(os.path.join(root, name)) as f:
                text = f.read()
            check(not any(secret in text for secret in SECRETS), f"{name} has the proxy's password")
    check(not any(secret in r.stdout + r.stderr for secret in SECRETS), "the output has the proxy's password")


def tunnels():
    secret = base64.b64encode(b"me:p@ss-word").decode()
    for tls, version, http2 in (("--tls", "auto", True), ("--tls", "1.1", False), ("--no-tls", "h2c", True)):
        with Sim(WEIR, tls, "--ttft", "5ms", "--itl", "2ms") as sim, Proxy(secret) as proxy:
            r = run(WEIR, sim.url, "-k", "--http", version, "--proxy", f"http://{USER}@{proxy.at}", *LOAD, env=environment())
            all_ok(version, r, sim.truth(), http2)
        instants(version, r, tls == "--tls")
        where = sim.url.split("//")[1]
        check(set(proxy.lines) == {f"CONNECT {where} HTTP/1.1"}, f"{version}: {set(proxy.lines)}")
        nothing_secret(r)
        check(r.json("metadata.json")["proxy"] == f"http://{proxy.at}, from --proxy", "metadata.json")
        check(any(f"through a proxy (http://{proxy.at}" in n for n in r.summary["notes"]), f"{r.summary['notes']}")


def absolute_form():
    with Sim(WEIR, "--ttft", "5ms", "--itl", "2ms") as sim, Proxy() as proxy:
        r = run(WEIR, sim.url, *LOAD, env=environment(http_proxy=proxy.at, NO_PROXY="localhost"))
        check("warning: requests go through a proxy" in r.stderr and "from http_proxy" in r.stderr, r.stderr)
        said = len(proxy.lines)
        direct = run(WEIR, sim.url, *LOAD, env=environment(http_proxy=proxy.at, no_proxy="127.0.0.0/8"))
        none = run(WEIR, sim.url, "--proxy", "none", *LOAD, env=environment(http_proxy=proxy.at))
        check(len(proxy.lines) == said, "no_proxy and --proxy none go through the proxy")
        truth = sim.truth()
        for name, result in (("http_proxy", r), ("no_proxy", direct), ("--proxy none", none)):
            all_ok(name, result, truth, False)
        check(f"POST {sim.url}/v1/chat/completions HTTP/1.1" in proxy.lines, f"{set(proxy.lines)}")
        check("proxy" not in direct.stderr + none.stderr, "a proxy is announced that is not there")


def refused():
    with Sim(WEIR, "--tls") as sim, Proxy("nobody") as proxy:
        more = ("-k", "--proxy", f"http://{USER}@{proxy.at}", "--no-probe", *LOAD)
        r = run(WEIR, sim.url, *more, env=environment(), expect=1)
        check({q["outcome"] for q in r.requests} == {"proxy"}, f"{[q['outcome'] for q in r.requests]}")
        check("the proxy answers 407" in r.requests[0]["detail"], f"{r.requests[0]}")
        nothing_secret(r)
        probe = run(WEIR, sim.url, *more[:3], *LOAD, env=environment(), expect=1)
        check("give its credentials in its URL" in probe.stderr, probe.stderr)
    with Sim(WEIR) as sim, Proxy("nobody") as proxy:
        probe = run(WEIR, sim.url, "--proxy", proxy.at, *LOAD, env=environment(), expect=2)
        check("the proxy http://" + proxy.at + " answers 407" in probe.stderr, probe.stderr)
        models = run(WEIR, sim.url, "--proxy", proxy.at, *LOAD[2:], env=environment(), expect=2)
        check("give its credentials in its URL" in models.stderr, models.stderr)
    with Proxy() as proxy:
        r = run(WEIR, "https://127.0.0.1:1", "--proxy", proxy.at, "--no-probe", *LOAD, env=environment(), expect=1)
        check({q["outcome"] for q in r.requests} == {"proxy"} and "502" in r.requests[0]["detail"], f"{r.requests[0]}")


def main():
    tunnels()
    absolute_form()
    refused()


main()
