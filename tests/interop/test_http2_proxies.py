"""`weir run` over HTTP/2 through nginx (TLS) and haproxy (TLS and without), each in front of the simulator by HTTP/1.1; and
nghttpd, whose answers are no stream but must end as what they are."""
import os
import shutil
import subprocess
import sys
import tempfile

from foreign import Server, free_ports
from lib import Sim, check, run, skip

WEIR = sys.argv[1]
N, TOKENS = 120, 16
LOAD = ("--concurrency", "30", "--num-requests", str(N), "--duration", "none", "--max-tokens", str(TOKENS), "--model",
        "weir-sim")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    upstream sim {{ server {sim}; keepalive 64; }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    http2_max_concurrent_streams 8;
    server {{ listen 127.0.0.1:{a} ssl http2; location / {{ proxy_pass http://sim; }} }}
    server {{ listen 127.0.0.1:{b} ssl http2; keepalive_requests 10; location / {{ proxy_pass http://sim; }} }}
}}
"""

HAPROXY = """
global
    maxconn 1000
    tune.h2.max-concurrent-streams 20
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend tls
    bind 127.0.0.1:{a} ssl crt {folder}/both.pem alpn h2,http/1.1
    default_backend sim
frontend cleartext
    bind 127.0.0.1:{b} proto h2
    default_backend sim
frontend gone
    bind 127.0.0.1:{c} proto h2
    default_backend nobody
backend sim
    server one {sim}
backend nobody
    server one 127.0.0.1:{nobody}
"""


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.pem", "-subj", "/CN=server",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    with open(f"{folder}/both.pem", "w") as out:
        for name in ("server.pem", "server.key"):
            with open(f"{folder}/{name}") as f:
                out.write(f.read())


def served(program, text, name, words, sim):
    folder = tempfile.mkdtemp(prefix="weir-h2-")
    certificate(folder)
    os.mkdir(f"{folder}/tmp")
    a, b, c, nobody = free_ports(4)
    path = f"{folder}/{name}"
    with open(path, "w") as f:
        f.write(text.format(folder=folder, sim=sim.url.split("//")[1], a=a, b=b, c=c, nobody=nobody))
    ports = [a, b] if name == "nginx.conf" else [a, b, c]
    server = Server([program] + [w.format(folder=folder, path=path) for w in words], ports, 20, folder)
    server.a, server.b, server.c, server.ca = a, b, c, f"{folder}/server.pem"
    return server


def every_token(name, *args, conns):
    r = run(WEIR, *args, *LOAD)
    rows = r.requests
    check(len(rows) == N and {q["outcome"] for q in rows} == {"ok"}, f"{name}: {sorted({q['outcome'] for q in rows})}")
    check(all(q.get("http2") for q in rows), f"{name}: not all were of HTTP/2")
    for q in rows:
        check(q["tokens_out"] == TOKENS and len(q["dt"]) <= TOKENS, f"{name}: {q['tokens_out']} tokens, {len(q['dt'])} events")
    used = {q["conn"] for q in rows}
    check(len(used) in conns, f"{name}: {len(used)} connections, not {conns}")
    print(f"{name}: {len(used)} connections, retried {sum(1 for q in rows if q.get('retried'))}")
    return r


def against(name, r, truth):
    """A proxy may join writes; no token is lost or seen before it was written."""
    low = None
    for q in r.requests:
        t = truth[q["request_id"]]
        check(t["output_tokens"] == TOKENS and q["tokens_in"] == t["prompt_tokens"], f"{name}: counts of {q['request_id']}")
        check(len(q["dt"]) == len(t["tokens"]), f"{name}: {len(q['dt'])} events of {len(t['tokens'])} written")
        at = r.run["epoch_mono"] + q["first_token"]
        for gap, written in zip(q["dt"], t["tokens"]):
            at += gap
            low = at - written if low is None else min(low, at - written)
    print(f"{name}: at least {low / 1e3:.0f} us behind the simulator's write")
    check(low > -50_000, f"{name}: a token was seen {-low / 1e3:.0f} us before it was written")


def with_nginx(program, sim):
    with served(program, NGINX, "nginx.conf", ["-p", "{folder}", "-c", "{path}", "-e", "stderr"], sim) as n:
        url = f"https://localhost:{n.a}"
        # 30 at once where the server takes 8 on a connection.
        many = every_token("nginx", url, "--cacert", n.ca, conns=range(4, 7))
        every_token("nginx, --http 2", url, "--cacert", n.ca, "--http", "2", conns=range(4, 7))
        # After ten requests it says goodbye; what it has not begun is asked elsewhere.
        away = every_token("nginx, GOAWAY", f"https://localhost:{n.b}", "--cacert", n.ca, conns=range(12, 60))
        r = run(WEIR, url, "--cacert", n.ca, "--http", "1.1", *LOAD)
        check(not any(q.get("http2") for q in r.requests), "nginx, --http 1.1")
        return {"nginx": many, "nginx, GOAWAY": away}


def with_haproxy(program, sim):
    with served(program, HAPROXY, "haproxy.cfg", ["-db", "-f", "{path}"], sim) as h:
        tls = every_token("haproxy", f"https://localhost:{h.a}", "--cacert", h.ca, conns=range(2, 5))
        clear = every_token("haproxy, h2c", f"http://127.0.0.1:{h.b}", "--http", "h2c", conns=range(2, 5))
        few = every_token("haproxy, 5 streams", f"http://127.0.0.1:{h.b}", "--http", "h2c", "--streams-per-conn", "5",
                          conns=range(6, 8))
        r = run(WEIR, f"http://127.0.0.1:{h.c}", "--no-probe", "--http", "h2c", *LOAD, expect=1)
        check(r.summary["levels"][0]["outcomes"] == {"http_503": N}, f"{r.summary['levels'][0]['outcomes']}")
        # A frontend of HTTP/2 alone, asked by HTTP/1.1, and the other way round.
        r = run(WEIR, f"http://127.0.0.1:{h.b}", *LOAD, expect=1)
        check(r.stderr.count("\n") <= 2, r.stderr)
        return {"haproxy": tls, "haproxy, h2c": clear, "haproxy, 5 streams": few}


def with_nghttpd(program):
    folder = tempfile.mkdtemp(prefix="weir-h2-")
    (port,) = free_ports(1)
    with Server([program, "--no-tls", "-d", folder, str(port)], [port], 20, folder):
        r = run(WEIR, f"http://127.0.0.1:{port}", "--no-probe", "--http", "h2c", *LOAD, expect=1)
        rows = r.requests
        check({q["outcome"] for q in rows} == {"http_404"} and all(q.get("http2") for q in rows),
              f"nghttpd: {sorted({q['outcome'] for q in rows})}")


def main():
    nginx, haproxy, nghttpd = (shutil.which(p, path=PATH) for p in ("nginx", "haproxy", "nghttpd"))
    if not (nginx or haproxy) or not shutil.which("openssl"):
        skip("neither nginx nor haproxy, or no openssl(1)")
    runs = {}
    with Sim(WEIR, "--ttft", "20ms", "--itl", "5ms") as sim:
        if nginx:
            runs.update(with_nginx(nginx, sim))
        if haproxy:
            runs.update(with_haproxy(haproxy, sim))
        if nghttpd:
            with_nghttpd(nghttpd)
        truth = sim.truth()
    for name, r in runs.items():
        against(name, r, truth)


main()
