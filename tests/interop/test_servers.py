"""`weir run` against uvicorn, aiohttp and Python's http.server, which frame their answers in every way that servers have
(odd_server.py); and against servers that close connections while they rest."""
import os
import re
import socket
import sys
import threading

from foreign import Server, free_ports, venv
from lib import SLOW, Result, check, run, start

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
N, WORDS = 4, 6

NO_USAGE = "The server reports no usage"
REJECTED = "The server rejected stream_options, so it was asked without them"
# name of odd_server.py: (outcome, token source, tokens, token events, note that must be there)
ALIKE = ("ok", "usage", WORDS, WORDS, None)
EXPECTED = {
    "plain": ALIKE, "crlf": ALIKE, "cr": ALIKE, "tight": ALIKE, "comments": ALIKE, "packed": ALIKE, "torn": ALIKE,
    "lines": ALIKE, "nulls": ALIKE, "late": ALIKE, "large": ALIKE, "no-done": ALIKE, "no-role": ALIKE,
    "unended": ("ok", "words", WORDS, WORDS, NO_USAGE),
    "no-usage": ("ok", "words", WORDS, WORDS // 3, NO_USAGE),
    "strict-400": ("ok", "words", WORDS, WORDS, REJECTED),
    "strict-422": ("ok", "words", WORDS, WORDS, REJECTED),
    "running": ("ok", "usage", WORDS, WORDS // 2, None),
    "reasoning": ("ok", "usage", 2 * WORDS, 2 * WORDS, None),
    "tools": ("ok", "usage", 4, 4, None),
    "json": ("ok", "usage", WORDS, 0, "answered a request for a stream in one piece"),
}
# These are failures, which the probe refuses; --no-probe lets the run meet them.
BAD = {"inner-error": "in_stream_error", "error-type": "in_stream_error", "cut": "truncated", "html": "bad_frame",
       "broken": "bad_frame", "busy": "http_429", "nothing": "http_404"}
DOCUMENT = b'{"choices": [{"index": 0, "message": {"content": "deep water"}, "finish_reason": "stop"}]}'
REFUSED = {"inner-error": "error inside: out of memory", "html": "is not openai-chat's JSON", "broken": "is not openai-chat's JSON",
           "nothing": "status 404 (Not Found)"}


def load(url, name):
    return (f"{url}/{name}/v1/chat/completions", "--model", "odd", "--max-tokens", str(WORDS), "--num-requests", str(N),
            "--duration", "none", "--concurrency", "2", "--prompt", "How high is the water?")


def instants(name, r):
    for q in r.requests:
        ms = {k: (q[k] - q["start"]) / 1e6 for k in ("first_byte", "first_token", "first_output") if k in q}
        if name == "late": # the chunk that holds only the role is no token
            check(ms["first_byte"] < ms["first_token"] - 250, f"late: {ms}")
            check(ms["first_token"] >= 300, f"late: {ms}")
        if name == "reasoning":
            check(ms["first_output"] >= ms["first_token"] + 200, f"reasoning: {ms}")
            check(q["tokens_reasoning"] == WORDS, f"reasoning: {q['tokens_reasoning']} tokens")
        if name == "tools":
            check(q["finish"] == "tool_calls" and q["first_output"] == q["first_token"], f"tools: {q}")


def good(url, name):
    outcome, source, tokens, events, note = EXPECTED[name]
    r = run(WEIR, *load(url, name))
    level = r.summary["levels"][0]
    notes = r.summary["notes"] + level["notes"]
    check(len(r.requests) == N, f"{name}: {len(r.requests)} records")
    for q in r.requests:
        got = (q["outcome"], q["token_source"], q["tokens_out"] if source == "usage" else q["words"], len(q.get("dt", [])))
        check(got == (outcome, source, tokens, events), f"{name}: {got}, not {EXPECTED[name]}")
        check(source == "words" or q["tokens_in"] == 5, f"{name}: {q.get('tokens_in')} prompt tokens")
    check(level["tokens"]["source"] == source and level["tokens"]["output"] == N * tokens, f"{name}: {level['tokens']}")
    ttft = level["latency_ms"]["ttft"]
    check(ttft is None if name == "json" else ttft["n"] == N, f"{name}: {ttft}")
    if note:
        check(any(note in n for n in notes), f"{name}: no note {note!r} in {notes}")
        check(note in " ".join(r.stdout.split()), f"{name}: the note is not printed")
    if name != "json":
        unit, size = level["tokens"]["itl_unit"], level["tokens"]["per_chunk"]
        check((unit == "token") == (name == "running"), f"{name}: gaps between {unit}s")
        check(abs(size - tokens / events) < 1e-6, f"{name}: {size} tokens per chunk")
    instants(name, r)


def bad(url, name):
    r = run(WEIR, *load(url, name), "--no-probe", expect=1)
    got = [q["outcome"] for q in r.requests]
    check(got == [BAD[name]] * N, f"{name}: {got}")
    check((r.summary["levels"][0]["latency_ms"]["ttft"] or {"n": 0})["n"] == 0, f"{name}: a failure has a TTFT")
    if name in REFUSED:
        r = run(WEIR, *load(url, name), expect=None)
        check(r.code in (1, 2) and REFUSED[name] in r.stderr, f"{name}: {r.code} {r.stderr}")


def resting(programs):
    """uvicorn closes connections that rest for 5 s; weir closes its own after 4 s and must never meet that. And where the
    server is the quicker one, what it closed is not used again, or tried again on a new connection."""
    five, one = free_ports(2)
    python, server = os.path.join(programs, "python"), os.path.join(HERE, "odd_server.py")
    with Server([python, server, "uvicorn", str(five), "5"], [five], 20), \
            Server([python, server, "uvicorn", str(one), "1"], [one], 20):
        common = ("--model", "odd", "--max-tokens", "2", "--duration", "none", "--no-probe")
        runs = [start(WEIR, f"http://127.0.0.1:{five}/plain/v1/chat/completions", "--rate", "0.1667", "--num-requests", "3",
                      *common),
                start(WEIR, f"http://127.0.0.1:{one}/plain/v1/chat/completions", "--rate", "0.5", "--num-requests", "6",
                      "--idle-timeout", "30s", *common),
                # Each request comes about when the server closes.
                start(WEIR, f"http://127.0.0.1:{one}/plain/v1/chat/completions", "--rate", "0.99", "--num-requests", "12",
                      "--idle-timeout", "30s", *common)]
        for (process, directory), n in zip(runs, (3, 6, 12)):
            stdout, stderr = process.communicate(timeout=60 * SLOW)
            r = Result(directory, process.returncode, stdout, stderr, 0)
            check(r.code in (0, 4), f"exit {r.code}: {stdout}{stderr}")
            rows = r.requests
            conns = {q["conn"] for q in rows}
            retried = sum(1 for q in rows if q.get("retried"))
            print(f"{n} requests: {[q['outcome'] for q in rows].count('ok')} ok, {len(conns)} connections, {retried} retried")
            check([q["outcome"] for q in rows] == ["ok"] * n, f"{[q['outcome'] for q in rows]}")
            if n < 12:
                check(len(conns) == n and retried == 0, f"{len(conns)} connections, {retried} retried")


class Closing(threading.Thread):
    """Takes each connection's second request and closes without a word, as a server does whose time for resting connections
    ends at that very moment."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answered = self.closed = 0
        self.start()

    @staticmethod
    def request(c):
        """Whether a whole request came."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = c.recv(65536)
            if not piece:
                return False
            raw += piece
        head, body = raw.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
        while len(body) < length:
            body += c.recv(65536)
        return True

    def run(self):
        while True:
            c, _ = self.listener.accept()
            if self.request(c):
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                          (len(DOCUMENT), DOCUMENT))
                self.answered += 1
                self.closed += self.request(c)
            c.close()


def closing():
    server = Closing()
    r = run(WEIR, f"http://127.0.0.1:{server.port}/v1/chat/completions", "--model", "odd", "--no-stream", "--no-probe",
            "--concurrency", "1", "--num-requests", "5", "--duration", "none")
    check([q["outcome"] for q in r.requests] == ["ok"] * 5, f"{[q['outcome'] for q in r.requests]}")
    check([bool(q.get("retried")) for q in r.requests] == [False] + [True] * 4, "all but the first were tried again")
    check(r.summary["levels"][0]["client"]["retried"] == 4, f"{r.summary['levels'][0]['client']['retried']} counted")
    check((server.answered, server.closed) == (5, 4), f"{server.answered} answered, {server.closed} closed")


def main():
    programs = venv("servers", "uvicorn", "aiohttp")
    kinds = ["uvicorn", "aiohttp", "http.server"]
    for kind, port in zip(kinds, free_ports(3)):
        with Server([os.path.join(programs, "python"), os.path.join(HERE, "odd_server.py"), kind, str(port)], [port], 20):
            url = f"http://127.0.0.1:{port}"
            for name in EXPECTED:
                good(url, name)
            for name in BAD:
                bad(url, name)
            print(f"{kind}: {len(EXPECTED)} ways to answer, {len(BAD)} ways to fail")
    resting(programs)
    closing()


main()
