"""The simulator's HTTP/2 as h2load, nghttp, curl, Node's http2 and httpx see it: beside HTTP/1 on one port, over TLS and in
cleartext, its faults, and the truth of each token's instant."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from foreign import last_line, venv
from lib import SANITIZED, SLOW, Sim, check, skip

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = ("--prefill", "0us", "--ttft", "20ms", "--itl", "5ms", "--max-seqs", "1000")
BODY = {"model": "m", "stream": True, "max_tokens": 20, "messages": [{"role": "user", "content": "How deep?"}]}
MISSING = []
SCRATCH = tempfile.mkdtemp(prefix="weir-http2-")


def call(*words, stdin=None, code=0):
    done = subprocess.run(words, capture_output=True, input=stdin, timeout=90 * SLOW)
    check(done.returncode == code, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout.decode()


def have(program, package):
    if shutil.which(program):
        return True
    MISSING.append(f"no {program} ({package})")
    return False


def body_file():
    path = os.path.join(SCRATCH, "body.json")
    with open(path, "w") as f:
        json.dump(BODY, f)
    return path


def contents(text):
    """The tokens of a stream of events, which must come to its end."""
    events = [e for e in text.split("\n\n") if e]
    check(events and events[-1] == "data: [DONE]", f"the stream's end: {text[-80:]!r}")
    deltas = [json.loads(e[6:])["choices"][0]["delta"].get("content") for e in events[:-1]]
    return [d for d in deltas if d]


# ---- h2load: every request succeeds, with each way in

def with_h2load():
    path = body_file()
    for tls in ((), ("--tls",)):
        with Sim(WEIR, *QUICK, *tls) as sim:
            for how, protocol in (((), "h2" if tls else "h2c"), (("--h1",), "http/1.1")):
                out = call("h2load", "-n", "300", "-c", "6", "-m", "25", "-d", path, *how, sim.url + "/v1/chat/completions")
                check(f"Application protocol: {protocol}\n" in out, out)
                got = re.search(r"requests: 300 total, 300 started, 300 done, (\d+) succeeded", out)
                check(got and got.group(1) == "300" and "status codes: 300 2xx" in out, out)
                out = call("h2load", "-n", "3000", "-c", "4", "-m", "50", *how, sim.url + "/health")
                check("3000 succeeded" in out, out)
            truth = [t for t in sim.truth().values() if t["n"]]
            check(len(truth) == 600 and all(t["complete"] and len(t["tokens"]) == 20 for t in truth), f"{len(truth)}")
    # More than may be open at once on a connection: what h2load sends before it has read that is refused, the rest is not.
    with Sim(WEIR, *QUICK, "--h2-max-streams", "7", truth=False) as sim:
        out = call("h2load", "-n", "200", "-c", "2", "-m", "50", "-d", path, sim.url + "/v1/chat/completions")
        got = re.search(r"200 done, (\d+) succeeded, (\d+) failed, (\d+) errored, 0 timeout", out)
        check(got and int(got.group(1)) >= 200 - 2 * (50 - 7) and got.group(2) == got.group(3), out)
    print("h2load")


def with_nghttp():
    with Sim(WEIR, *QUICK, "--fault", "trailers:1", truth=False) as sim:
        out = call("nghttp", "-v", "-d", body_file(), sim.url + "/v1/chat/completions")
        check("x-sim-tokens: 20" in out and ":status: 200" in out and out.count("recv DATA frame") >= 20, out[-3000:])
        check("SETTINGS_MAX_CONCURRENT_STREAMS(0x03):128" in out, out[:2000])
    # Too much is refused at once, and the client told to stop (RFC 9113, 8.1).
    path = os.path.join(SCRATCH, "large")
    with open(path, "wb") as f:
        f.write(b" " * (17 << 20))
    with Sim(WEIR, *QUICK, truth=False) as sim:
        out = call("nghttp", "-v", "-d", path, sim.url + "/v1/chat/completions")
        check(":status: 413" in out and "recv RST_STREAM" in out and "NO_ERROR(0x00)" in out, out[-3000:])
    print("nghttp")


# ---- curl: the same text over both versions, uploads, no upgrade

def curl(*args, stdin=None, code=0):
    return call("curl", "-sS", "--noproxy", "*", "--max-time", str(60 * SLOW), *args, stdin=stdin, code=code)


def chat(url, *args, **more):
    return curl("-N", url + "/v1/chat/completions", "-H", "Content-Type: application/json", "--data-binary",
                json.dumps(dict(BODY, **more)), *args)


def with_curl():
    texts = {}
    for tls in (("--tls",), ()):
        for version in (("--http1.1",), ("--http2" if tls else "--http2-prior-knowledge",)):
            with Sim(WEIR, *QUICK, *tls, "--seed", "11", truth=False) as sim:
                texts[tls, version] = "".join(contents(chat(sim.url, "-k", *version)))
                got = curl("-k", *version, "-o", os.devnull, "-w", "%{http_version} %{http_code}", sim.url + "/metrics")
                check(got == ("1.1 200" if version[0] == "--http1.1" else "2 200"), f"{tls} {version}: {got}")
    check(len(set(texts.values())) == 1 and len(next(iter(texts.values())).split()) == 20, f"{texts}")
    long = dict(BODY, stream=False, messages=[{"role": "user", "content": "deep " * 2000000}])
    with Sim(WEIR, *QUICK, truth=False) as sim:
        two = ("--http2-prior-knowledge",)
        answer = json.loads(curl(*two, sim.url + "/v1/chat/completions", "--data-binary", "@-",
                                 stdin=json.dumps(long).encode()))
        check(answer["usage"]["prompt_tokens"] == 2000000, f"{answer['usage']}")
        # An offer to upgrade is not taken, and no harm.
        got = curl("--http2", "-o", os.devnull, "-w", "%{http_version} %{http_code}", sim.url + "/health")
        check(got == "1.1 200", f"an offer to upgrade: {got}")
        got = curl(*two, "-I", sim.url + "/health")
        check(got.startswith("HTTP/2 200") and "content-length: 0" in got, got)
    with Sim(WEIR, *QUICK, "--http", "1.1", "--tls", truth=False) as sim:
        got = curl("-k", "--http2", "-o", os.devnull, "-w", "%{http_version}", sim.url + "/health")
        check(got == "1.1", f"--http 1.1: {got}")
    with Sim(WEIR, *QUICK, "--http", "2", "--tls", truth=False) as sim:
        got = curl("-k", "--http2", "-o", os.devnull, "-w", "%{http_version}", sim.url + "/health")
        check(got == "2", f"--http 2: {got}")
        # By prior knowledge curl 7.88 fails at this with any server.
        got = curl("-k", "-w", "%{num_connects} ", "-o", os.devnull, "-o", os.devnull, sim.url + "/health", sim.url + "/version")
        check(got.split() == ["1", "0"], f"connections made: {got}")
    print("curl")


# ---- Node: streams token by token, the truth, and the faults

def node(sim, requests, **more):
    out = call("node", "--no-warnings", os.path.join(HERE, "http2_client.mjs"), sim.url, str(requests),
               json.dumps(dict(BODY, **more)))
    return json.loads(out)


def with_truth(streams, n, *options):
    """Every token arrives after the instant that the truth has for it, and some soon after. Returns the number of writes."""
    with Sim(WEIR, *QUICK, *options) as sim:
        seen = node(sim, streams, max_tokens=n)
        truth = sim.truth()
    late = []
    for s in seen["streams"]:
        check(s["status"] == 200 and s["rst"] == 0 and len(contents(s["text"])) == n, f"{s['text'][-200:]}")
        t = truth[s["headers"]["x-request-id"]]
        check(t["complete"] and len(t["tokens"]) == n and t["tokens"] == sorted(t["tokens"]), f"{t}")
        check(t["recv"] <= t["received"] <= t["headers"] <= t["tokens"][0] and t["tokens"][-1] <= t["end"], f"{t}")
        check(len(s["at"]) == n, f"{len(s['at'])} arrivals")
        late += [a - w for a, w in zip(s["at"], t["tokens"])]
    # Node's clock and doubles: below a microsecond.
    check(min(late) > -2000, f"a token arrived {-min(late)} ns before it was written")
    check(SANITIZED or sorted(late)[len(late) // 10] < 250e6, f"a tenth took {sorted(late)[len(late) // 10]} ns")
    return len({x for t in truth.values() for x in t["tokens"]})


def fault(spec, test, **more):
    with Sim(WEIR, *QUICK, "--fault", spec + ":1") as sim:
        seen = node(sim, 8, **more)
        truth = sim.truth()
    check(seen["goaway"] is None, f"{spec}: {seen['goaway']}")
    for s in seen["streams"]:
        check(test(s), f"{spec}: {s}")
    check(all(t["fault"] == spec for t in truth.values()) and len(truth) == 8, f"{spec}: {truth}")
    return truth.values()


def faults():
    done = "data: [DONE]"
    reset = fault("reset", lambda s: s["rst"] == 2 and done not in s["text"] and s["status"] == 200)
    check(not any(t["complete"] for t in reset), "reset: complete")
    fault("refuse", lambda s: s["rst"] == 7 and s["status"] == 0)
    fault("truncate", lambda s: s["rst"] == 0 and done not in s["text"] and s["status"] == 200)
    fault("garbage", lambda s: s["rst"] == 1 and done not in s["text"]) # PROTOCOL_ERROR, found by the client
    fault("trailers", lambda s: s["rst"] == 0 and done in s["text"] and s["trailers"] == {"x-sim-tokens": "20"})
    fault("error_event", lambda s: s["rst"] == 0 and '"error"' in s["text"])
    split = fault("split", lambda s: s["rst"] == 0 and len(contents(s["text"])) == 5, max_tokens=5)
    check(all(len(t["tokens"]) == 5 and t["complete"] for t in split), "split: its tokens")
    fault("reset", lambda s: s["rst"] == 2 and s["status"] == 0, stream=False)
    fault("garbage", lambda s: s["rst"] == 1, stream=False)
    fault("truncate", lambda s: s["rst"] in (0, 1) and len(s["text"]) < 50, stream=False)


def goaway():
    with Sim(WEIR, *QUICK, "--h2-goaway", "5") as sim:
        seen = node(sim, 8)
        truth = sim.truth()
    ok = [s for s in seen["streams"] if s["rst"] == 0 and len(contents(s["text"])) == 20]
    check(seen["goaway"] == [0, 9] and seen["closed"], f"GOAWAY: {seen['goaway']}, closed {seen['closed']}")
    check(len(ok) == 5 and len(truth) == 5 and all(t["complete"] for t in truth.values()), f"{len(ok)} ok, {len(truth)} in the truth")
    with Sim(WEIR, *QUICK, "--h2-goaway", "5:abrupt") as sim:
        seen = node(sim, 8)
        truth = sim.truth()
    check(seen["goaway"] and seen["goaway"][0] == 2 and seen["closed"], f"GOAWAY: {seen['goaway']}")
    check(not any("[DONE]" in s["text"] for s in seen["streams"]), "an answer after an abrupt GOAWAY")
    check(len(truth) <= 5 and not any(t["complete"] for t in truth.values()), f"{truth}")


def with_node():
    together = with_truth(50, 40)
    check(together < 2000, f"{together} writes for 2000 tokens of streams that step together")
    # No more than the client's first window, so that none has to wait for another.
    alone = with_truth(10, 10, "--h2-flush", "token", "--tls")
    check(alone == 100, f"{alone} writes for 100 tokens")
    faults()
    goaway()
    print(f"node: 2000 tokens in {together} writes")


def with_httpx():
    python = os.path.join(venv("httpx-h2", "httpx[http2]"), "python")
    with Sim(WEIR, *QUICK, "--tls", truth=False) as sim:
        print(last_line(call(python, os.path.join(HERE, "http2_client.py"), sim.url)))


def main():
    try:
        if have("h2load", "nghttp2-client"):
            with_h2load()
        if have("nghttp", "nghttp2-client"):
            with_nghttp()
        if have("curl", "curl") and "HTTP2" in subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout:
            with_curl()
        if have("node", "nodejs"):
            with_node()
        with_httpx()
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    if MISSING:
        skip("the rest passed; " + ", ".join(MISSING))


main()
