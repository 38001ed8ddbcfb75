"""`weir run` through proxy.py: CONNECT with TLS and HTTP/2, absolute form, credentials; and curl as the judge of no_proxy."""
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

from foreign import Server, free_ports, venv
from lib import Sim, check, clean_env, quantile, run, skip

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = ("--concurrency", "4", "--num-requests", "40", "--duration", "none", "--max-tokens", "16", "--model", "weir-sim")
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def environment(**more):
    env = {k: v for k, v in clean_env().items() if k.lower() not in NAMES}
    env.update(more)
    return env


def through(name, sim, url, http2, *args):
    r = run(WEIR, url, "-k", *args, *LOAD, env=environment())
    late = []
    for q in r.requests:
        check(q["outcome"] == "ok" and len(q["dt"]) == 16, f"{name}: {q['outcome']}")
        check(q.get("http2", False) == http2, f"{name}: not the version that was to be spoken")
    truth = sim.truth()
    for q in r.requests:
        at = r.run["epoch_mono"] + q["first_token"]
        for gap, written in zip(q["dt"], truth[q["request_id"]]["tokens"]):
            at += gap
            late.append((at - written) / 1e3)
    print(f"{name}: behind the simulator's write min {min(late):.0f}, p50 {quantile(late, 0.5):.0f} us")
    check(min(late) > -50, f"{name}: a token was seen before it was written")


def proxy_py():
    program = os.path.join(venv("proxy", "proxy.py"), "proxy")
    for secret in (None, "me:pass"):
        port = free_ports(1)[0]
        words = [program, "--hostname", "127.0.0.1", "--port", str(port), "--num-workers", "1", "--num-acceptors", "1"]
        with Server(words + (["--basic-auth", secret] if secret else []), [port], 30):
            url = f"http://{secret + '@' if secret else ''}127.0.0.1:{port}"
            for name, option, version, http2 in (("CONNECT, HTTP/2", "--tls", "auto", True), ("CONNECT", "--tls", "1.1", False),
                                                 ("absolute form", "--no-tls", "1.1", False)):
                with Sim(WEIR, option, "--ttft", "10ms", "--itl", "4ms") as sim:
                    through(name, sim, sim.url, http2, "--http", version, "--proxy", url)
            if secret:
                with Sim(WEIR, "--tls") as sim:
                    r = run(WEIR, sim.url, "-k", "--proxy", f"http://127.0.0.1:{port}", *LOAD, env=environment(), expect=1)
                    check("the proxy answers 407" in r.stderr, r.stderr)


class Listener:
    """Counts who comes, and answers each."""

    def __init__(self):
        self.hits, self.socket = 0, socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            s, _ = self.socket.accept()
            with s:
                self.hits += 1
                s.recv(65536)
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def curl_and_weir():
    """Both decide over the rows that the unit test has too. What weir would do, --dry-run tells."""
    if not shutil.which("curl"):
        skip("no curl")
    with open(os.path.join(HERE, "../unit/test_proxy.c")) as f:
        rows = re.findall(r'^\s*\{"([^"]*)", "([^"]*)", (?:true|false)\},', f.read(), re.M)
    check(len(rows) > 30, f"{len(rows)} rows")
    rows = [r for r in rows if not any(odd in r[1] for odd in ("[", "/0", "/33"))]  # which versions of curl judge differently
    listener = Listener()
    for host, names in rows:
        url = f"http://{'[' + host + ']' if ':' in host else host}:9/"
        env = environment(http_proxy=listener.url, no_proxy=names)
        listener.hits = 0
        subprocess.run(["curl", "-s", "--connect-timeout", "0.3", "-m", "1", url], env=env, capture_output=True)
        curl = listener.hits > 0
        r = subprocess.run([os.path.abspath(WEIR), "run", url, "--dry-run", "-n", "1", "--model", "m"], env=env,
                           capture_output=True, text=True)
        check(r.returncode == 0, r.stderr)
        weir = f"Proxy:     {listener.url}, from http_proxy" in r.stdout
        check(weir == curl, f"{host} with no_proxy={names!r}: curl {'uses' if curl else 'does not use'} the proxy")


def main():
    curl_and_weir()
    proxy_py()


main()
