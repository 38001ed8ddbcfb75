"""Every way to name a target, to authenticate, and to say what is sent; what truly arrives is told by a server that writes it
down. No key may stand in any file or output."""
import hashlib
import http.server
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time

from lib import SLOW, Sim, check, clean_env, run, start, wait_for

WEIR = sys.argv[1]
QUICK = ("--ttft", "2ms", "--itl", "1ms")
LOAD = ("--concurrency", "2", "--num-requests", "6", "--duration", "none", "--max-tokens", "4")
KEY = "sk-very-secret-0123456789"


class Witness(http.server.ThreadingHTTPServer):
    """Answers each request with two tokens and keeps what it was: (path, headers, body). `refuse`: with 401 and an echo."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            w = self.server
            w.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if w.refuse:
                said = "you sent " + str(self.headers)
                return self.reply(401, "application/json", json.dumps({"error": {"message": said}}), said.split("\n")[0])
            if not body.get("stream"):
                text = {"message": {"content": "deep water"}, "text": "deep water"}
                return self.reply(200, "application/json", json.dumps({"choices": [dict(text, finish_reason="stop")]}))
            parts = [{"choices": [{"delta": {"content": t}, "text": t}]} for t in ("deep", " water")]
            self.reply(200, "text/event-stream", "".join(f"data: {json.dumps(p)}\n\n" for p in parts) + "data: [DONE]\n\n")

        def do_GET(self):
            self.reply(404, "text/plain", "no")

        def reply(self, status, kind, text, echo=""):
            raw = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("X-Echo", (self.headers.get("Authorization") or "") + echo[:40])
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    def __init__(self, refuse=False):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.seen, self.refuse = [], refuse
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def bodies(self, *args, path="", **more):
        """A run without a probe; the bodies that arrived."""
        del self.seen[:]
        args = ("--no-probe", "--model", "m", *args)
        r = run(WEIR, self.url + path, *args, **more)
        return r, [body for _, _, body in self.seen]


def all_ok(name, r, n=6, tokens=4):
    rows = r.requests
    check(len(rows) == n and {q["outcome"] for q in rows} == {"ok"}, f"{name}: {[q['outcome'] for q in rows]}")
    check({q["tokens_out"] for q in rows} == {tokens}, f"{name}: {[q['tokens_out'] for q in rows]} tokens")
    return r


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def addresses(scratch):
    with Sim(WEIR, *QUICK) as sim:
        port = sim.url.rsplit(":", 1)[1]
        for url in (sim.url, f"127.0.0.1:{port}", f"localhost:{port}", f"http://localhost:{port}/",
                    f"{sim.url}/v1/chat/completions"):
            all_ok(url, run(WEIR, url, *LOAD))
        all_ok("--connect-to", run(WEIR, "http://far.example/", "--connect-to", f"127.0.0.1:{port}", *LOAD))
        all_ok("completions", run(WEIR, f"{sim.url}/v1/completions", *LOAD))
        all_ok("--api", run(WEIR, sim.url, "--api", "openai-completions", *LOAD))
        r = all_ok("--no-stream", run(WEIR, sim.url, "--no-stream", *LOAD))
        check(not any("first_token" in q or q.get("streamed") for q in r.requests), "an answer in one piece has no TTFT")
        kept = all_ok("keep-alive", run(WEIR, sim.url, *LOAD))
        check(len({q["conn"] for q in kept.requests}) == 2, "two in flight: two connections")
        fresh = all_ok("--no-keepalive", run(WEIR, sim.url, "--no-keepalive", *LOAD))
        check(len({q["conn"] for q in fresh.requests}) == 6, "a connection for each request")
        check(all(q.get("new_conn") and q["conn_end"] >= q["conn_start"] > 0 for q in fresh.requests), "each is new")
        sim.close()
        paths = {t["path"] for t in sim.truth().values() if t["method"] == "POST"}
        check(paths == {"/v1/chat/completions", "/v1/completions"}, f"{paths}")
    pem = os.path.join(scratch, "sim.pem")
    with Sim(WEIR, "--tls", "--write-cert", pem, *QUICK, truth=False) as sim:
        port = sim.url.rsplit(":", 1)[1]
        r = all_ok("https", run(WEIR, sim.url, "--cacert", pem, *LOAD, "--no-keepalive"))
        check(all(q["tls_end"] > q["conn_end"] for q in r.requests), "a handshake takes time")
        all_ok("https", run(WEIR, f"https://localhost:{port}", "--cacert", pem, *LOAD))
        all_ok("-k", run(WEIR, "https://any.example", "--connect-to", f"127.0.0.1:{port}", "-k", *LOAD))
    path = os.path.join(scratch, "sim.sock")
    with Sim(WEIR, "--listen", "unix:" + path, *QUICK, truth=False):
        r = all_ok("unix", run(WEIR, "http://localhost/", "--unix-socket", path, *LOAD))
        # There are no kernel stamps on a unix socket, and none is missed.
        check(r.summary["levels"][0]["client"]["kernel_stamped"] in (None, 0, 1), "kernel stamps of a unix socket")
    if has_ipv6():
        with Sim(WEIR, "--listen", "[::1]:0", *QUICK, truth=False) as sim:
            all_ok("IPv6", run(WEIR, sim.url, *LOAD))
            port = sim.url.rsplit(":", 1)[1]
            both = {a[4][0] for a in socket.getaddrinfo("localhost", int(port), type=socket.SOCK_STREAM)}
            if {"127.0.0.1", "::1"} <= both:
                all_ok("localhost, its second address", run(WEIR, f"localhost:{port}", *LOAD))


def no_trace(r, *secrets):
    for name in os.listdir(r.dir):
        with open(r.path(name), "rb") as f:
            text = f.read()
        for s in secrets:
            check(s.encode() not in text, f"a secret stands in {name}")
    for s in secrets:
        check(s not in r.stdout + r.stderr, f"a secret was printed: {r.stderr}")


def keys(scratch):
    file = os.path.join(scratch, "key")
    with open(file, "w") as f:
        f.write(KEY + "\n")
    with Sim(WEIR, "--api-key", KEY, *QUICK, truth=False) as sim:
        ways = [((), {"OPENAI_API_KEY": KEY}), (("--api-key-env", "MY_KEY"), {"MY_KEY": KEY, "OPENAI_API_KEY": "wrong"}),
                (("--api-key-file", file), {"OPENAI_API_KEY": "wrong"}), (("--api-key", KEY), {}),
                (("--header", f"Authorization: Bearer {KEY}"), {})]
        for args, env in ways:
            r = all_ok(str(args[:1]), run(WEIR, sim.url, *LOAD, *args, env=clean_env(**env)))
            warned = "others on this machine can read a command line" in r.stderr
            check(warned == (args[:1] == ("--api-key",)), f"{args[:1]}: {r.stderr}")
            no_trace(r, KEY)
        check("401" in run(WEIR, sim.url, *LOAD, expect=2).stderr, "no key")
    w = Witness()
    for style, name, value in (("bearer", "authorization", "Bearer " + KEY), ("x-api-key", "x-api-key", KEY),
                               ("api-key", "api-key", KEY)):
        r, _ = w.bodies(*LOAD, "--api-key-file", file, "--auth-style", style)
        sent = w.seen[0][1]
        check(sent.get(name) == value, f"{style}: {sent}")
        check([k for k in ("authorization", "x-api-key", "api-key") if k in sent] == [name], f"{style}: {sent}")
    # A server that repeats what it was sent: in an error before the run, in the errors of the run, in its headers.
    w = Witness(refuse=True)
    secret = ("--api-key-file", file, "-H", "X-Pass: open-sesame-77")
    r = run(WEIR, w.url, "--model", "m", *LOAD, *secret, expect=2)
    check("status 401 (you sent" in r.stderr and "****" in r.stderr, f"{r.stderr}")
    no_trace(r, KEY, "open-sesame-77")
    r, _ = w.bodies(*LOAD, *secret, expect=1)
    with open(r.path("errors.jsonl")) as f:
        first = json.loads(f.readline())
    check(first["kind"] == "http_401" and "you sent" in first["body"] and "****" in first["headers"], f"{first}")
    no_trace(r, KEY, "open-sesame-77")


def what_is_sent():
    w = Witness()
    one = ("--num-requests", "1", "--duration", "none")
    _, (body,) = w.bodies(*one, "--prompt", "How deep?")
    check(body == {"model": "m", "stream": True, "stream_options": {"include_usage": True},
                   "messages": [{"role": "user", "content": "How deep?"}]}, f"the least body: {body}")
    path, headers, _ = w.seen[0]
    check(path == "/v1/chat/completions", f"a bare host: {path}")
    check(headers["host"] == w.url.split("//")[1] and headers["content-type"] == "application/json", f"{headers}")
    check(headers["user-agent"].startswith("weir/") and headers["x-request-id"].endswith("-0-0"), f"{headers}")
    _, (body,) = w.bodies(*one, "--temperature", "0.25", "--ignore-eos", "--max-tokens", "9", "--prompt", "x", "--extra-body",
                          '{"top_p": 0.5, "stream_options": {"continuous_usage_stats": true}, "stop": ["a\\n"]}')
    check(body["temperature"] == 0.25 and body["ignore_eos"] is True and body["max_tokens"] == 9, f"{body}")
    check(body["top_p"] == 0.5 and body["stop"] == ["a\n"], f"{body}")
    check(body["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}, f"merged deeply: {body}")
    _, (body,) = w.bodies(*one, "--no-stream", "--prompt", "x")
    check("stream_options" not in body and not body.get("stream"), f"--no-stream: {body}")
    _, (body,) = w.bodies(*one, "--prompt", "x", path="/v1/completions")
    check(body["prompt"] == "x" and "messages" not in body and w.seen[0][0] == "/v1/completions", f"completions: {body}")
    w.bodies(*one, "--prompt", "x", "-H", "X-Team: hydrology", "-H", "user-agent: probe/2", path="/deployments/a?v=1&w=2",
             expect=None)
    path, headers, _ = w.seen[0]
    check(path == "/deployments/a?v=1&w=2", f"a path of one's own: {path}")
    check(headers["x-team"] == "hydrology" and headers["user-agent"] == "probe/2", f"{headers}")
    r, bodies = w.bodies("--num-requests", "4", "--duration", "none", "--prompt", "x", "--unique-prompts")
    texts = {b["messages"][0]["content"] for b in bodies}
    check(len(texts) == 4 and all(t.endswith("x") and len(t) > 4 for t in texts), f"--unique-prompts: {texts}")


CONVERSATIONS = [
    {"prompt_content": "You are a helpful guide. Answer briefly.",
     "cut_chat_history": [{"role": "user", "content": "What is a weir?"}]},
    {"prompt_content": "You are a tutor of hydrology.",
     "cut_chat_history": [{"role": "user", "content": "How do I measure flow?"},
                          {"role": "assistant", "content": "By the height over the crest: Q = C·L·H^1.5"},
                          {"role": "user", "content": "What is \"C\"?\n"}]},
    {"prompt_content": "You are an agent of the river authority. Be polite.", "id": 17, "tags": ["a", {"b": None}],
     "cut_chat_history": [{"role": "assistant", "content": "Hello! How can I help you?"},
                          {"role": "system", "content": "not to be sent"},
                          {"role": "user", "content": "The gate is stuck", "time": 5},
                          {"role": "assistant", "content": "Which gate? 堰"},
                          {"role": "user", "content": "It's gate 12345"}]},
]


def messages(entry):
    """As the document says: the prompt as the system turn, then the history without its system turns."""
    turns = [t for t in entry["cut_chat_history"] if t["role"] != "system"]
    return [{"role": "system", "content": entry["prompt_content"]}] + \
        [{"role": t["role"], "content": t["content"]} for t in turns]


def datasets(scratch):
    w = Witness()

    def sent(name, text, n, *args):
        path = os.path.join(scratch, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        r, bodies = w.bodies("--dataset", path, "--num-requests", str(n), "--duration", "none", "--concurrency", "1", *args)
        stored = r.json("metadata.json")["dataset"]
        check(stored["sha256"] == hashlib.sha256(text.encode()).hexdigest(), f"{name}: the dataset's hash")
        return r, bodies

    expected = [messages(c) for c in CONVERSATIONS]
    for indent in (None, 2):
        r, bodies = sent("conversations.json", json.dumps(CONVERSATIONS, indent=indent, ensure_ascii=indent is None), 5)
        check([b["messages"] for b in bodies] == expected + expected[:2], f"{[b['messages'] for b in bodies]}")
        check([q["sample"] for q in r.requests] == [0, 1, 2, 0, 1], "samples in the file's order")
    check("Skipped" in r.stderr, f"the system turn that was left out is told: {r.stderr}")
    _, bodies = sent("conversations.json", json.dumps(CONVERSATIONS), 6, "--order", "shuffle", "--seed", "5")
    for part in (bodies[:3], bodies[3:]):
        check(sorted(json.dumps(b["messages"]) for b in part) == sorted(map(json.dumps, expected)), "each once in a round")

    image = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    rows = [{"messages": [{"role": "user", "content": "a"}], "max_tokens": 3},
            {"messages": [{"role": "developer", "content": "b"}, {"role": "user", "content": image}], "id": 1}]
    text = "\n".join(json.dumps(r) for r in rows) + "\n\n"
    _, bodies = sent("messages.jsonl", text, 2)
    check([b["messages"] for b in bodies] == [r["messages"] for r in rows], f"{bodies}")
    check([b.get("max_tokens") for b in bodies] == [3, None], "max_tokens of the dataset")
    _, bodies = sent("messages.jsonl", text, 2, "--max-tokens", "7")
    check([b.get("max_tokens") for b in bodies] == [7, 7], "--max-tokens goes over the dataset's")
    _, bodies = sent("prompts.txt", "first \"line\"\r\n\n  second\tline\\n\n", 2)
    check([b["messages"][0]["content"].strip() for b in bodies] == ['first "line"', "second\tline\\n"], f"{bodies}")


def marked(mark):
    """Processes whose environment holds the mark."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark.encode() in f.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def own_simulator():
    mark = f"E2E_MARK={os.getpid()}.{time.monotonic_ns()}"
    env = clean_env(**dict([mark.split("=")]))
    r = run(WEIR, "--num-requests", "2", "--duration", "none", "--max-tokens", "2", env=env)
    check("weir's simulator" in r.stderr.splitlines()[0], f"the first line names the simulator: {r.stderr}")
    check(r.json("metadata.json")["simulator"] is True, "metadata.json says so too")
    check(marked(mark) == [], "a process was left")
    # Nor is one left when the run is interrupted, or killed.
    for how in (signal.SIGINT, signal.SIGKILL):
        process, directory = start(WEIR, "--duration", "60s", "--max-tokens", "2", env=env)
        wait_for(lambda: os.path.exists(os.path.join(directory, "requests.jsonl")), 20, "the run did not begin")
        time.sleep(0.3)
        check(len(marked(mark)) == 2, f"the run and its simulator: {marked(mark)}")
        process.send_signal(how)
        process.communicate(timeout=30 * SLOW)
        wait_for(lambda: marked(mark) == [], 10, f"a process was left after signal {how}")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-targets-") as scratch:
        addresses(scratch)
        keys(scratch)
        what_is_sent()
        datasets(scratch)
        own_simulator()


main()
