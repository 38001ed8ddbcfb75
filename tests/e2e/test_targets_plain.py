#!/usr/bin/env python3
"""Plain HTTP targets, URL lists, payload files and templates: what is sent is what the file says, counted by the simulator's truth and by a
server of Python's own; statuses, bytes and times come back without tokens."""
import collections
import http.server
import json
import os
import sys
import threading

from lib import Result, Sim, check, report, run

weir = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *args):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, self.headers.get("Content-Type"), self.headers.get("Accept"), body))
        status = 404 if self.path.startswith("/missing") else 204 if self.path == "/empty" else 200
        reply = b"" if status == 204 else b"x" * 1000
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer


def with_files(**files):
    folder = os.path.join(Handler.folder, str(len(os.listdir(Handler.folder))))
    os.makedirs(folder)
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    return folder


def python_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def test_methods_bodies_and_statuses():
    server, url = python_server()
    lines = ["# a list", "/a?x=1", "GET /missing", "", f"POST /b {{\"k\": \"a b\"}}", f"DELETE {url}/c", "HEAD /d", "/empty",
             "PUT /e plain text"]
    path = os.path.join(with_files(list="\n".join(lines).encode()), "list")
    r = run(weir, url, "--api", "http", "--dataset", path, "--dataset-format", "targets", "--num-requests", "70",
            "--concurrency", "3", "--no-probe")
    wanted = {("GET", "/a?x=1", None, b""), ("GET", "/missing", None, b""),
              ("POST", "/b", "application/json", b'{"k": "a b"}'), ("DELETE", "/c", None, b""), ("HEAD", "/d", None, b""),
              ("GET", "/empty", None, b""), ("PUT", "/e", "text/plain; charset=utf-8", b"plain text")}
    counted = collections.Counter((m, p, t, b) for m, p, t, a, b in Handler.seen)
    check(counted == {w: 10 for w in wanted}, f"sent: {counted}")
    check({a for _, _, _, a, _ in Handler.seen} == {"*/*"}, "Accept")
    level = r.summary["levels"][0]
    check(level["plain"] and level["tokens"]["source"] == "none", "there are no tokens")
    check(level["status_codes"] == {"200": 50, "204": 10, "404": 10}, str(level["status_codes"]))
    check(level["outcomes"] == {"ok": 60, "http_404": 10}, str(level["outcomes"]))
    check(level["bytes"]["received"] > 50 * 1000, "bytes")  # HEAD has none, 204 neither: 4 + 1 of 7 have a body
    check(level["latency_ms"]["ttft"] is None and level["latency_ms"]["ttfb"]["p50"] > 0, "TTFB and no TTFT")
    check(level["latency_ms"]["total"]["n"] == 60, "successes alone have a time")
    check(any("plain HTTP" in n for n in level["notes"]), "it says that there are no tokens")
    again = report(weir, r.dir, "--json")
    check(json.loads(again.stdout)["levels"] == r.summary["levels"], "a report says the same")

    Handler.seen.clear()
    r = run(weir, url + "/one", "--api", "http", "--body", '{"q": 1}', "--method", "PUT", "--num-requests", "5", "--no-probe")
    check(Handler.seen == [("PUT", "/one", "application/json", "*/*", b'{"q": 1}')] * 5, str(Handler.seen))
    run(weir, "--replay", r.dir, "--no-probe")
    check(len(Handler.seen) == 10 and len(set(Handler.seen)) == 1, "a replay sends the same")
    server.shutdown()


def test_payload_files():
    bodies = [b'{"z": [1, 2]}\n', b"\xff\x00binary", b'  {"a": 1}  ']
    server, url = python_server()
    folder = with_files(**{"3.json": bodies[2], "1.json": bodies[0], "2.bin": bodies[1], ".hidden": b"no", "4": b" \n"})
    Handler.seen.clear()
    r = run(weir, url + "/p", "--api", "http", "--dataset", folder, "--num-requests", "6", "--no-probe")
    check([s[4] for s in Handler.seen] == bodies * 2, "each file is a body, in the order of their names")
    check([s[2] for s in Handler.seen[:3]] == ["application/json", "application/octet-stream", "application/json"], "types")
    check(r.json("metadata.json")["dataset"]["skipped"] == 1, "the blank one is skipped")
    server.shutdown()


def test_payload_in_a_dialect():
    lines = [json.dumps({"model": "weir-sim", "messages": [{"role": "user", "content": "w " * n}], "max_tokens": n, "stream": True,
                         "stream_options": {"include_usage": True}}) for n in (3, 5, 7)]
    path = os.path.join(with_files(bodies="\n".join(lines).encode() + b"\n"), "bodies")
    with Sim(weir, "--ttft", "2ms", "--itl", "1ms", "--output-tokens", "9") as sim:
        r = run(weir, sim.url, "--dataset", path, "--dataset-format", "payload", "--num-requests", "9", "--no-probe",
                "--model", "weir-sim", "--max-tokens", "1")
        truth = [t for t in sim.truth().values() if t["n"]]
    check(sorted(t["output_tokens"] for t in truth) == sorted([3, 5, 7] * 3), "bodies go out as they are")
    check(sorted(t["prompt_tokens"] for t in truth) == sorted([3, 5, 7] * 3), "prompts likewise")
    check(sum(q["tokens_out"] for q in r.requests) == 45, "tokens are counted as ever")


def test_list_against_the_simulator():
    paths = {"/hello": 200, "/version": 200, "/v1/models": 200, "/nowhere": 404, "/v1/completions": 405}
    path = os.path.join(with_files(list="\n".join(f"GET {p}" for p in paths).encode()), "list")
    with Sim(weir) as sim:
        r = run(weir, sim.url, "--api", "http", "--dataset", path, "--rate", "200", "--num-requests", "100", "--no-probe")
        truth = sim.truth()
    got = collections.Counter((t["path"], t["status"]) for t in truth.values())
    check(got == {(p if s != 404 else "other", s): 20 for p, s in paths.items()}, str(got))
    by_id = {q["request_id"]: q for q in r.requests}
    check(all(by_id[i]["status"] == t["status"] for i, t in truth.items()), "each answer is that of its request")
    check(r.summary["levels"][0]["latency_ms"]["e2e_response"]["n"] == 60, "response times exist in an open loop")


def test_hosts_of_their_own():
    """A list of several hosts: each request goes to the one that its line names, whatever the balance."""
    servers = [python_server() for _ in range(3)]
    lines = [f"{servers[i][1]}/h{i}" for i in (0, 1, 0, 2, 0)] + ["/any"]
    path = os.path.join(with_files(list="\n".join(lines).encode()), "list")
    for balance in ("round-robin", "least-in-flight"):
        Handler.seen.clear()
        r = run(weir, *[url for _, url in servers], "--api", "http", "--dataset", path, "--dataset-format", "targets",
                "--num-requests", "60", "--concurrency", "4", "--balance", balance, "--no-probe")
        at = collections.Counter(s[1] for s in Handler.seen)
        check(at == {"/h0": 30, "/h1": 10, "/h2": 10, "/any": 10}, str(at))
        by = collections.Counter((lines[q["sample"]][-3:], q.get("endpoint", 0)) for q in r.requests)
        check(by["/h0", 0] == 30 and by["/h1", 1] == 10 and by["/h2", 2] == 10, f"{balance}: {by}")
    for server, _ in servers:
        server.shutdown()


def test_counts_of_plain_answers():
    """--json-tokens with plain HTTP: what a JSON answer says is counted, and an answer that says nothing still counts."""
    lines = ["/tokenizer?output_tokens=3", "/tokenizer?output_tokens=30000", "/hello", "/tokenizer?output_tokens=0"]
    path = os.path.join(with_files(list="\n".join(lines).encode()), "list")
    with Sim(weir, "--time-scale", "0.01") as sim:
        r = run(weir, sim.url, "--api", "http", "--dataset", path, "--dataset-format", "targets", "--json-tokens", "output_tokens",
                "--num-requests", "40", "--concurrency", "10", "--no-probe")
    got = collections.Counter((q["sample"], q["outcome"], q.get("tokens_out")) for q in r.requests)
    check(got == {(0, "ok", 3): 10, (1, "ok", 30000): 10, (2, "ok", None): 10, (3, "http_400", None): 10}, str(got))
    level = r.summary["levels"][0]
    check(not level["plain"] and level["tokens"]["source"] == "server", str(level["tokens"]))
    check(level["latency_ms"]["e2e"]["n"] == 30 and level["latency_ms"]["ttft"] is None, "times")
    check(json.loads(report(weir, r.dir, "--json").stdout)["levels"] == r.summary["levels"], "a report says the same")


def test_a_dialect_of_ones_own():
    """The template is OpenAI's, so that the simulator can be asked; weir must find in its answers what its own dialect does."""
    template = os.path.join(with_files(t=b'{"messages": {{messages}},\n "model": "{{model}}", "max_tokens": {{max_tokens}}, '
                                         b'"stream": {{stream}}, "user": {{uuid}}, "stream_options": '
                                         b'{"include_usage": true}}\n'), "t")
    with Sim(weir, "--ttft", "3ms", "--itl", "1ms") as sim:
        r = run(weir, sim.url + "/v1/chat/completions", "--api", "custom", "--model", 'm"x', "--max-tokens", "6",
                "--body-template", template, "--json-text", "choices.0.delta.content", "--json-tokens",
                "usage.completion_tokens", "--json-input-tokens", "$['usage'].prompt_tokens", "--json-finish",
                "choices[0].finish_reason", "--num-requests", "20", "--concurrency", "2")
        truth = sim.truth()
    check(len(r.requests) == 20, "requests")
    for q in r.requests:
        t = truth[q["request_id"]]
        check(q["outcome"] == "ok" and q["finish"] == "length" and q.get("terminal"), str(q))
        check(q["tokens_out"] == t["output_tokens"] == 6 and q["tokens_in"] == t["prompt_tokens"], f"counts: {q} {t}")
    level = r.summary["levels"][0]
    check(level["tokens"]["source"] == "server", str(level["tokens"]))
    check(level["latency_ms"]["ttft"]["p50"] >= 3 and level["latency_ms"]["itl"]["n"] == 100, "5 gaps of each answer")
    with Sim(weir, "--ttft", "1ms", "--itl", "0ms", "--output-tokens", "5") as sim:
        bad = run(weir, sim.url + "/v1/chat/completions", "--api", "custom", "--model", "m", "--body-template",
                  '{"messages":{{messages}},"model":{{model}}}', "--json-text", "choices.0.text", "--num-requests", "2",
                  "--no-stream", expect=None)
        whole = run(weir, sim.url + "/v1/chat/completions", "--api", "custom", "--model", "m", "--body-template",
                    '{"messages":{{messages}},"model":{{model}}}', "--json-text", "choices.*.message.content",
                    "--num-requests", "4", "--no-stream")
        truth = sim.truth()
    check(bad.code == 1 and "--json-text" in bad.stderr, bad.stderr)
    check(all(q["words"] == q["tokens_out"] == 5 for q in whole.requests), "words are counted where nothing says tokens")


def main():
    import tempfile
    with tempfile.TemporaryDirectory(prefix="weir-plain-") as Handler.folder:
        test_methods_bodies_and_statuses()
        test_payload_files()
        test_payload_in_a_dialect()
        test_list_against_the_simulator()
        test_hosts_of_their_own()
        test_counts_of_plain_answers()
        test_a_dialect_of_ones_own()


main()
