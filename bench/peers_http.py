"""peers_http.py - HTTP load tools, which know nothing of streams.

load_command(url, in flight, seconds, http, folder): as many requests as go, one body, kept-alive connections, with HTTP/2 STREAMS to each;
load_result(child) -> requests done. rate_command(url, rate, seconds, folder) -> (command, environment, how the rate is asked for).
"""
import json
import os
import re

from peers import NotHere, Peer, cargo, debian, first_line, go, must, npm

BODY = '{"model":"weir-sim","messages":[{"role":"user","content":"Hello there"}],"max_tokens":%d%s}'
STREAMS = 10  # on each connection of HTTP/2
PATH = "/v1/chat/completions"


def body(tokens=1, stream=False):
    return BODY % (tokens, ',"stream":true' if stream else "")


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def number(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise ValueError(f"no {pattern!r} in its output")
    return float(found.group(1))


class Wrk(Peer):
    name, source = "wrk", "Debian"
    speaks = ("1.1", "tls")

    def install(self):
        return debian("wrk", "wrk")

    def version(self):
        return first_line("wrk", "--version").split()[1].removeprefix("debian/")

    def load_command(self, url, connections, seconds, http, folder, payload=None):
        script = write(folder, "post.lua", 'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\n'
                                           f"wrk.body='{payload or body()}'\n")
        return [self.program, "-t1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "60s", "-s", script, url + PATH]

    def load_result(self, child):
        return number(r"(\d+) requests in", child.stdout)


class H2load(Peer):
    name, source = "h2load", "Debian (nghttp2-client)"
    speaks = ("1.1", "tls", "h2", "h2c")

    def install(self):
        return debian("h2load", "nghttp2-client")

    def version(self):
        return first_line("h2load", "--version").split("/")[-1]

    def load_command(self, url, connections, seconds, http, folder, payload=None):
        more = ["-c", str(connections // STREAMS), "-m", str(STREAMS)] if http in ("h2", "h2c") else ["--h1", "-c", str(connections), "-m", "1"]
        return [self.program, "-t1", "-D", str(seconds), *more, "-H",
                "content-type: application/json", "-d", write(folder, "body.json", payload or body()), url + PATH]

    def load_result(self, child):
        return number(r"(\d+) succeeded", child.stdout)

    def rate_command(self, url, rate, seconds, folder):
        return [self.program, "--h1", "-t1", "-c", "100", "-m", "1", "--rps", str(rate / 100), "-D", str(seconds), "-H",
                "content-type: application/json", "-d", write(folder, "body.json", body()), url + PATH], {}, "--rps 10 x 100 clients"


class Hey(Peer):
    name, source = "hey", "Debian"
    speaks = ("1.1", "tls")

    def install(self):
        return debian("hey", "hey")

    def version(self):
        return must(["dpkg-query", "-W", "-f", "${Version}", "hey"]).strip()

    def load_command(self, url, connections, seconds, http, folder, payload=None):
        return [self.program, "-z", f"{seconds}s", "-c", str(connections), "-t", "60", "-m", "POST", "-T", "application/json", "-d",
                payload or body(), url + PATH]

    def load_result(self, child):
        return number(r"\[200\]\s+(\d+) responses", child.stdout)

    def rate_command(self, url, rate, seconds, folder):
        return [self.program, "-z", f"{seconds}s", "-c", "100", "-q", str(rate // 100), "-m", "POST", "-T", "application/json", "-d",
                body(), url + PATH], {}, "-q 10 x 100 workers"


class Oha(Peer):
    name, source = "oha", "cargo"
    speaks = ("1.1", "tls", "h2", "h2c")

    def install(self):
        return cargo("oha", "oha")

    def version(self):
        return first_line(self.program, "--version").split()[-1]

    def load_command(self, url, connections, seconds, http, folder, payload=None):
        more = ["--http2", "-c", str(connections // STREAMS), "-p", str(STREAMS)] if http in ("h2", "h2c") else ["-c", str(connections)]
        return [self.program, "--no-tui", "--output-format", "json", "--insecure", *more, "-z", f"{seconds}s", "-t", "60s",
                "-m", "POST", "-T", "application/json", "-d", payload or body(), url + PATH]

    def load_result(self, child):
        return sum(json.loads(child.stdout)["statusCodeDistribution"].values())

    def rate_command(self, url, rate, seconds, folder):
        return [self.program, "--no-tui", "-z", f"{seconds}s", "-c", "100", "-q", str(rate), "-m", "POST", "-T", "application/json", "-d",
                body(), url + PATH], {}, "-q 1000"


class Autocannon(Peer):
    name, source = "autocannon", "npm"
    speaks = ("1.1", "tls")

    def install(self):
        return npm("autocannon")

    def version(self):
        return first_line(self.program, "--version").split()[-1].lstrip("v")

    def load_command(self, url, connections, seconds, http, folder, payload=None):
        return [self.program, "--json", "-n", "-c", str(connections), "-d", str(seconds), "-t", "60", "-m", "POST", "-H",
                "content-type=application/json", "-b", payload or body(), url + PATH]

    def load_result(self, child):
        return json.loads(child.stdout)["2xx"]

    def rate_command(self, url, rate, seconds, folder):
        return [self.program, "-n", "-c", "100", "-R", str(rate), "-d", str(seconds), "-m", "POST", "-H", "content-type=application/json",
                "-b", body(), url + PATH], {}, "-R 1000"


K6_SCRIPT = """import http from 'k6/http';
export const options = {{ discardResponseBodies: true, scenarios: {{ s: {{ executor: 'constant-arrival-rate', rate: {rate}, timeUnit: '1s',
    duration: '{seconds}s', preAllocatedVUs: 100, maxVUs: 200 }} }} }};
export default function () {{
    http.post('{url}', '{body}', {{ headers: {{ 'Content-Type': 'application/json' }} }});
}}
"""


class K6(Peer):
    name, source = "k6", "Go module"
    speaks = ()

    def install(self):
        return go("k6", "go.k6.io/k6")

    def version(self):
        return first_line(self.program, "version").split()[1].lstrip("v")

    def rate_command(self, url, rate, seconds, folder):
        script = write(folder, "k6.js", K6_SCRIPT.format(rate=rate, seconds=seconds, url=url + PATH, body=body()))
        return [self.program, "run", "--quiet", script], {"K6_NO_USAGE_REPORT": "true"}, "constant-arrival-rate"


class Vegeta(Peer):
    name, source = "vegeta", "Go module"
    speaks = ()

    def install(self):
        return go("vegeta", "github.com/tsenart/vegeta/v12")

    def version(self):
        return next(line.split()[-1] for line in first_line(self.program, "--version").splitlines())

    def rate_command(self, url, rate, seconds, folder):
        target = write(folder, "target", f"POST {url + PATH}\nContent-Type: application/json\n@{write(folder, 'body.json', body())}\n")
        return [self.program, "attack", f"-targets={target}", f"-rate={rate}", f"-duration={seconds}s", f"-output={folder}/out"], {}, "-rate=1000"


class Wrk2(Peer):
    name, source = "wrk2", "no registry"
    speaks = ()

    def install(self):
        raise NotHere("no registry has it: it is built from its repository by hand")


REGISTRY = [Wrk, H2load, Hey, Oha, Autocannon, K6, Vegeta, Wrk2]
