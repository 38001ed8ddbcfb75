"""`weir run` through nginx: TLS, certificates both ways, SNI, keep-alive and its end, a gateway whose server is gone."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from foreign import Server, free_ports
from lib import SANITIZED, Sim, check, clean_env, quantile, run, skip

WEIR = sys.argv[1]
LOAD = ("--concurrency", "8", "--num-requests", "80", "--duration", "none", "--max-tokens", "16", "--model", "weir-sim")
ONE = ("--num-requests", "1", "--max-tokens", "2", "--model", "weir-sim")

CONF = """
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
    proxy_read_timeout 120s;
    add_header X-Name $ssl_server_name always;
    add_header X-Client $ssl_client_s_dn always;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    server {{ listen 127.0.0.1:{tls} ssl default_server; server_name _; return 421; }}
    server {{ listen 127.0.0.1:{tls} ssl; server_name localhost; location / {{ proxy_pass http://sim; }} }}
    server {{
        listen 127.0.0.1:{mutual} ssl;
        ssl_client_certificate {folder}/client.pem;
        ssl_verify_client on;
        location / {{ proxy_pass http://sim; }}
    }}
    server {{ listen 127.0.0.1:{plain}; keepalive_requests 10; location / {{ proxy_pass http://sim; }} }}
    server {{
        listen 127.0.0.1:{gzip};
        gzip on; gzip_types text/event-stream application/json; gzip_min_length 1;
        location / {{ proxy_pass http://sim; }}
    }}
    server {{ listen 127.0.0.1:{gone}; location / {{ proxy_pass http://127.0.0.1:{nobody}; }} }}
}}
"""


def certificate(folder, name, subject):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-subj", f"/CN={subject}",
                    "-addext", "subjectAltName=DNS:localhost,DNS:other.example"], check=True, capture_output=True)


def unprivileged(folder):
    """Popen's arguments that take root's rights away, where we have them."""
    if os.geteuid() != 0:
        return {}
    for path in [folder] + [os.path.join(folder, f) for f in os.listdir(folder)]:
        os.chown(path, 65534, 65534)
    return {"user": 65534, "group": 65534, "extra_groups": []}


class Nginx(Server):
    def __init__(self, program, sim):
        folder = tempfile.mkdtemp(prefix="weir-nginx-")
        certificate(folder, "server", "server")
        certificate(folder, "client", "a client")
        certificate(folder, "stranger", "a stranger")
        os.mkdir(f"{folder}/tmp")
        self.tls, self.mutual, self.plain, self.gone, self.gzip, nobody = free_ports(6)
        with open(f"{folder}/nginx.conf", "w") as f:
            f.write(CONF.format(folder=folder, sim=sim.url.split("//")[1], tls=self.tls, mutual=self.mutual,
                                plain=self.plain, gone=self.gone, gzip=self.gzip, nobody=nobody))
        self.ca, self.folder = f"{folder}/server.pem", folder
        super().__init__([program, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr"],
                         [self.tls, self.mutual, self.plain, self.gone, self.gzip], 20, folder, **unprivileged(folder))


def refused(reason, *args, code=1, env=None):
    r = run(WEIR, *args, expect=code, env=env)
    check(reason in r.stderr, f"{reason!r} is not what it says: {r.stderr}")
    check(not os.path.exists(r.path("summary.json")), "a run that never began has a summary")


def every_token(name, *args, env=None):
    r = run(WEIR, *args, *LOAD, env=env)
    rows = r.requests
    check(len(rows) == 80 and {q["outcome"] for q in rows} == {"ok"}, f"{name}: {[q['outcome'] for q in rows]}")
    for q in rows:
        check(q["tokens_out"] == 16 and len(q["dt"]) == 16, f"{name}: {q['tokens_out']} tokens, {len(q['dt'])} events")
    return r


def late(r, truth):
    """How long behind the simulator's write each token was stamped, ns."""
    found = []
    for q in r.requests:
        t = truth[q["request_id"]]
        check(q["tokens_in"] == t["prompt_tokens"] and q["tokens_out"] == t["output_tokens"], f"counts of {q['request_id']}")
        at = r.run["epoch_mono"] + q["first_token"]
        for gap, written in zip(q["dt"], t["tokens"]):
            at += gap
            found.append(at - written)
    return found


def precise(name, r, truth):
    errors = late(r, truth)
    low, middle = min(errors) / 1e3, quantile(errors, 0.5) / 1e3
    print(f"{name}: behind the simulator's write min {low:.0f}, p50 {middle:.0f} us, n = {len(errors)}")
    check(low > -50, f"{name}: a token was seen {-low:.0f} us before it was written")
    check(SANITIZED or middle < 3000, f"{name}: tokens are seen {middle:.0f} us late")


def keylog(path):
    with open(path) as f:
        lines = f.read().splitlines()
    check(lines, "SSLKEYLOGFILE is empty")
    form = re.compile(r"(CLIENT_RANDOM|(CLIENT|SERVER)_(HANDSHAKE_TRAFFIC_SECRET|TRAFFIC_SECRET_0)|EXPORTER_SECRET) "
                      r"[0-9a-f]{64} [0-9a-f]{64,96}")
    for line in lines:
        check(form.fullmatch(line), f"not a line of the NSS key log format: {line}")
    check(any("CLIENT_TRAFFIC_SECRET_0" in line or "CLIENT_RANDOM" in line for line in lines), "no secret of a session's data")
    check(os.stat(path).st_mode & 0o077 == 0, "others can read the key log")


def over_tls(sim, n):
    url = f"https://localhost:{n.tls}"
    log = os.path.join(sim.dir, "tls.keys")
    r = every_token("TLS", url, "--cacert", n.ca, env=clean_env(SSLKEYLOGFILE=log))
    keylog(log)
    conns = {q["conn"] for q in r.requests}
    check(len(conns) <= 8, f"8 in flight need 8 connections, not {len(conns)}")
    check("X-Name: localhost" in r.json("metadata.json")["server"]["headers"], "nginx saw no SNI of localhost")
    level = r.summary["levels"][0]
    check(level["client"]["kernel_stamped"] > 0.99, f"kernel stamps under TLS: {level['client']['kernel_stamped']}")

    refused("certificate verify failed: self-signed certificate; name the authority to trust by --cacert", url, *ONE)
    refused("mismatch", f"https://wrong.example:{n.tls}", "--connect-to", f"127.0.0.1:{n.tls}", "--cacert", n.ca, *ONE)
    every_token("-k", url, "-k")
    # By another name that the certificate covers, nginx's other server answers.
    refused("421", f"https://other.example:{n.tls}", "--connect-to", f"127.0.0.1:{n.tls}", "--cacert", n.ca, *ONE, code=2)
    # Without a probe each request meets the bad certificate; the run ends, and says why.
    r = run(WEIR, url, "--no-probe", "--concurrency", "2", "--num-requests", "3", "--model", "m", expect=1)
    check([q["outcome"] for q in r.requests] == ["tls"] * 3, f"{[q['outcome'] for q in r.requests]}")


def mutual(n):
    url, pem = f"https://localhost:{n.mutual}", f"{n.folder}/client.pem"
    both = ("--cert", pem, "--key", f"{n.folder}/client.key")
    r = run(WEIR, url, "--cacert", n.ca, *both, *LOAD)
    check({q["outcome"] for q in r.requests} == {"ok"}, "with a client certificate")
    check("X-Client: CN=a client" in r.json("metadata.json")["server"]["headers"], "nginx did not see the client's name")
    refused("No required SSL certificate was sent", url, "--cacert", n.ca, *ONE, code=2)
    refused("SSL certificate error", url, "--cacert", n.ca, "--cert", f"{n.folder}/stranger.pem", "--key",
            f"{n.folder}/stranger.key", *ONE, code=2)
    refused("key values mismatch", url, "--cacert", n.ca, "--cert", pem, "--key", f"{n.folder}/stranger.key", *ONE, code=2)


def gone(n):
    refused("status 502 (502 Bad Gateway)", f"http://127.0.0.1:{n.gone}", *ONE)
    r = run(WEIR, f"http://127.0.0.1:{n.gone}", "--no-probe", *LOAD, expect=1)
    level = r.summary["levels"][0]
    check(level["outcomes"] == {"http_502": 80}, f"{level['outcomes']}")
    check(level["status_codes"] == {"502": 80}, f"{level['status_codes']}")


def main():
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not program or not shutil.which("openssl"):
        skip("no nginx or no openssl(1)")
    with Sim(WEIR, "--ttft", "20ms", "--itl", "5ms") as sim, Nginx(program, sim) as n:
        over_tls(sim, n)
        tls = every_token("TLS", f"https://localhost:{n.tls}", "--cacert", n.ca)
        # nginx closes each plain connection after ten requests, and says so on the tenth.
        plain = every_token("plain", f"http://127.0.0.1:{n.plain}")
        conns = {q["conn"] for q in plain.requests}
        check(8 <= len(conns) <= 20, f"{len(conns)} connections for 80 requests, at most 10 each")
        check(not any(q.get("retried") for q in plain.requests), "a connection announced as closed was used again")
        mutual(n)
        gone(n)
        # nginx packs for those who take it, and lets go of what each write of the simulator brought.
        packed = every_token("gzip", f"http://127.0.0.1:{n.gzip}", "--header", "Accept-Encoding: gzip")
        check({q["encoding"] for q in packed.requests} == {"gzip"}, "nginx did not pack")
        unasked = every_token("gzip, not asked for", f"http://127.0.0.1:{n.gzip}")
        check(not any("encoding" in q for q in unasked.requests), "weir asks for packed answers")
        truth = sim.truth()
        precise("TLS", tls, truth)
        precise("plain", plain, truth)
        precise("gzip", packed, truth)


main()
