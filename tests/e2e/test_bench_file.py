"""A benchmark in a file: levels that differ in what they send, --dry-run that tells their instants and the request beforehand and
sends nothing, and --replay that repeats them all."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

from lib import Sim, check, clean_env, report, run

WEIR = os.path.abspath(sys.argv[1])

BENCH = """
x-short: &short {duration: 1s, warmup: 2}
url: ${SIM}
seed: 42
save-text: true
arrival: poisson
headers: {X-Team: search-and-find}
levels:
  - {<<: *short, name: calm, rate: 10, max-tokens: 2}
  - {<<: *short, name: busy, rate: 40, arrival: gamma, burstiness: 0.5, prompt: "a b c", temperature: 0.5}
  - {name: closed, concurrency: 3, arrival: constant, num-requests: 9, model: other, stream: false, unique-prompts: true}
  - {rate: "20,50", num-requests: 12, order: shuffle, headers: {X-Team: another-team}}
"""


class Listener:
    """Counts who connects, and keeps the requests that come as an HTTP server would get them."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections, self.requests = 0, []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.answer, args=(c,), daemon=True).start()

    def answer(self, c):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = c.recv(65536)
                if not more:
                    return
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            length = int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1])
            while len(data) < length:
                data += c.recv(65536)
            self.requests.append((head.decode(), data[:length].decode()))
            data = data[length:]
            body = json.dumps({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}).encode()
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def dry(*args, env=None):
    r = subprocess.run([WEIR, "run", *args, "--dry-run"], capture_output=True, text=True, env=env or clean_env(), timeout=60,
                       check=False)
    check(r.returncode == 0 and r.stderr == "", f"--dry-run: exit {r.returncode}: {r.stderr}")
    return r.stdout


def levels_of(text):
    """[(name line, instants in ns)] of a dry run."""
    out = []
    for block in re.split(r"\nLevel ", text.split("\n> ")[0])[1:]:
        times = re.findall(r"(?:due at|first at)((?: .*\n)(?:\s{11}\d.*\n)*)", block)
        values = [round(float(x) * 1e9) for x in re.findall(r"([\d.]+) s", times[0])] if times else []
        out.append((block.split("\n")[0], values))
    return out


def instants(r, level):
    begin = [x for x in r.lines("level") if x["level"] == level][0]["begin"]
    rows = sorted((q for q in r.requests if q["level"] == level), key=lambda q: q["index"])
    return [q["intended"] - begin for q in rows if "intended" in q]


def test_levels(path):
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        env = clean_env(SIM=sim.url)
        told = levels_of(dry("-f", path, env=env))
        r = run(WEIR, "-f", path, env=env)
        s = r.summary
        check([x["name"] for x in s["levels"]] == ["calm", "busy", "closed", None, None], [x["name"] for x in s["levels"]])
        check([x["load"]["mode"] for x in s["levels"]] == ["open", "open", "closed", "open", "open"], "modes")
        check([x["load"]["arrival"] for x in s["levels"]] == ["poisson", "gamma", None, "poisson", "poisson"], "arrivals")
        check(s["levels"][2]["requests"]["attempted"] == 9, "num-requests of the third")
        check(s["levels"][0]["requests"]["warmup"] == 2 and s["levels"][3]["requests"]["warmup"] == 0, "warm-up")
        for name in ("calm, 10/s", "busy, 40/s", "closed, 3 in flight"):
            check(name in r.stdout, f"{name} is not in the table:\n{r.stdout}")
        prompts = {k: [q["prompt"] for q in r.requests if q["level"] == k] for k in range(5)}
        check(all("a b c" in p for p in prompts[1]) and not any("a b c" in p for p in prompts[0]), "prompts of the levels")
        check(len(set(prompts[2])) == len(prompts[2]), "unique prompts in the third")
        check(all(q.get("tokens_out") == 2 for q in r.requests if q["level"] == 0), "max-tokens of the first")
        check(all("first_token" not in q for q in r.requests if q["level"] == 2), "the third does not stream")

        check(len(told) == 5, f"--dry-run tells of {len(told)} levels")
        for k in (0, 1, 3, 4):
            sent = instants(r, k)[:10]
            check(told[k][1] == sent and sent, f"level {k}: told {told[k]}, sent {sent}")

        again = run(WEIR, "--replay", r.dir, sim.url, env=clean_env())
        for k in range(5):
            check(instants(again, k) == instants(r, k), f"--replay: instants of level {k}")
            check(sorted(q["prompt"] for q in again.requests if q["level"] == k)[:9] == sorted(prompts[k])[:9],
                  f"--replay: prompts of level {k}")
        check(again.json("metadata.json")["levels"] == r.json("metadata.json")["levels"], "--replay: the stored levels")
        check(report(WEIR, r.dir).stdout == r.stdout, "weir report differs")

        short = run(WEIR, "-f", path, "--duration", "100ms", "--rate", "30", "--warmup", "none", "--num-requests", "2",
                    "--max-tokens", "1", env=env)
        loads = [(x["load"]["rate"], x["load"]["num_requests"]) for x in short.summary["levels"]]
        check(loads == [(30, 2)] * 4, f"the command line over the levels: {loads}")


def test_nothing_is_sent(folder):
    there = Listener()
    url = f"http://127.0.0.1:{there.port}/v1/chat/completions"
    options = [url, "--model", "m", "--no-stream", "--rate", "100", "--num-requests", "1", "--seed", "7", "--unique-prompts",
               "--order", "shuffle", "-H", "X-Secret: very-secret-indeed", "--api-key", "sk-0123456789"]
    out = os.path.join(folder, "out")
    r = subprocess.run([WEIR, "run", *options, "--dry-run", "--output-dir", out], capture_output=True, text=True,
                       env=clean_env(), timeout=60, check=False)
    check(r.returncode == 0, r.stderr)
    check(there.connections == 0, f"--dry-run connected {there.connections} times")
    check(not os.path.exists(out), "--dry-run made its folder")
    check("very-secret" not in r.stdout and "sk-0123" not in r.stdout, "--dry-run shows a secret")
    shown = [line[2:] for line in r.stdout.split("\n") if line.startswith("> ")]

    subprocess.run([WEIR, "run", *options, "--no-probe", "--output-dir", out], capture_output=True, text=True,
                   env=clean_env(), timeout=60, check=False)
    check(len(there.requests) == 1, f"{len(there.requests)} requests came")
    head, body = there.requests[0]
    check(shown[-1] == body, f"told {shown[-1]}\nsent {body}")
    told = {line.split(":")[0].lower(): line for line in shown[:-1]}
    for line in head.split("\r\n"):
        mine = told.get(line.split(":")[0].lower())
        check(mine is not None, f"--dry-run does not tell {line!r}: {shown}")
        if not re.match(r"(?i)x-request-id|x-secret|authorization", line):
            check(mine == line, f"told {mine!r}, sent {line!r}")
    # Without a server, and with a name that nobody knows.
    check("Nothing was sent." in dry("http://no.such.host.invalid:1", "--rate", "5"), "a name that does not resolve")
    check("weir's simulator" in dry("--concurrency", "3", "--ramp-up", "3s"), "without a URL")
    check(levels_of(dry("--concurrency", "3", "--ramp-up", "3s"))[0][1] == [0, 10**9, 2 * 10**9], "a closed loop's ramp")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(BENCH)
        test_nothing_is_sent(folder)
        test_levels(path)


main()
