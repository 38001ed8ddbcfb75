"""Servers that answer too large, too slowly, in too many pieces, or not at all: each has its outcome, what is counted is
right, and neither memory nor processor time runs away."""
import json
import os
import socket
import socketserver
import sys
import tempfile
import threading
import time
import zlib

from lib import SANITIZED, SLOW, check, folders, start

WEIR = sys.argv[1]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CLOSE = HEAD + b"Connection: close\r\n\r\n"
DONE = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def token(text):
    return b'data: {"choices":[{"index":0,"delta":{"content":"' + text + b'"},"finish_reason":null}]}\n\n'


def chunk(data, extension=b""):
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, answer, read=True):
        self.answer, self.read = answer, read
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/v1/chat/completions" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.server.read and not self.read_request():
                return
            self.server.answer(self.request, self.server.over)
            self.request.shutdown(socket.SHUT_WR)
            self.request.settimeout(5)
            while self.request.recv(1 << 20):
                pass
        except OSError:
            pass  # the client has had enough

    def read_request(self):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.request.recv(65536)
            if not piece:
                return False
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.request.recv(1 << 20)
        return True


def measure(name, answer, *options, n=2, read=True):
    """Outcomes of n requests, their records, and what the client took of memory (MiB) and processor time (s)."""
    server = Server(answer, read)
    process, directory = start(WEIR, server.url, "--no-probe", "--model", "m", "--num-requests", str(n), "--duration", "none",
                               "--concurrency", "1", "--quiet", *(options or ("--prompt", "hi")))
    process.stdout.read()
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    server.close()
    check(process.returncode in (0, 1, 4), f"{name}: exit {process.returncode}: {said}")
    with open(directory + "/requests.jsonl") as f:
        records = [r for r in map(json.loads, f) if r["type"] == "request"]
    check(len(records) == n, f"{name}: {len(records)} records of {n} requests")
    outcomes = sorted({r["outcome"] for r in records})
    memory, cpu = usage.ru_maxrss >> 10, usage.ru_utime + usage.ru_stime
    print(f"{name}: {' '.join(outcomes)}, {memory} MiB, {cpu:.2f} s")
    check(SANITIZED or memory < 100, f"{name}: {memory} MiB")
    return outcomes, records, cpu


def in_pieces(data, size):
    def answer(s, over):
        s.sendall(CLOSE)
        for i in range(0, len(data), size):
            s.sendall(data[i:i + size])
    return answer


def all_of(data):
    return lambda s, over: s.sendall(data)


def forever(first, more, pause=0.0):
    def answer(s, over):
        s.sendall(first)
        while not over.is_set():
            s.sendall(more)
            if pause:
                time.sleep(pause)
    return answer


def expect(name, outcome, answer, *options, **more):
    outcomes, records, cpu = measure(name, answer, *options, **more)
    check(outcomes == [outcome], f"{name}: {outcomes}, not {outcome}")
    return records, cpu


def sizes(name, answer, tokens, text_bytes):
    """A whole answer: its events, their sum of text, and instants that do not fall."""
    records, cpu = expect(name, "ok", answer)
    for r in records:
        check(len(r["dt"]) == tokens == len(r["len"]), f"{name}: {len(r['dt'])} token events, not {tokens}")
        check(sum(r["len"]) == r["text_bytes"] == text_bytes, f"{name}: {r['text_bytes']} bytes of text, not {text_bytes}")
        check(all(d >= 0 for d in r["dt"]), f"{name}: instants fall")
        check(r["first_byte"] <= r["first_token"] <= r["last_token"] <= r["end"], f"{name}: instants out of order")
        check(r["first_token"] + sum(r["dt"]) == r["last_token"], f"{name}: the gaps do not add up")
    return cpu


def large():
    million = token(b"w" * 1_000_000) + DONE
    sizes("an event of 1 MB", all_of(CLOSE + million), 1, 1_000_000)
    sizes("an event of 1 MB in writes of 1,000 bytes", in_pieces(million, 1000), 1, 1_000_000)
    sizes("1,000 events in one write", all_of(CLOSE + token(b"w ") * 1000 + DONE), 1000, 2000)
    sizes("100 events in writes of one byte", in_pieces(token(b"w ") * 100 + DONE, 1), 100, 200)
    once = sizes("an event of 100 KB in writes of 10 bytes", in_pieces(token(b"w" * 100_000) + DONE, 10), 1, 100_000)
    tenfold = sizes("an event of 1 MB in writes of 10 bytes", in_pieces(token(b"w" * 1_000_000) + DONE, 10), 1, 1_000_000)
    check(SANITIZED or tenfold < 30 * max(once, 0.02), f"{once:.2f} s of processor time become {tenfold:.2f} s")


def framing():
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    extended = b"".join(chunk(token(b"w "), b";a=" + b"b" * 10_000) for _ in range(100))
    sizes("chunk extensions of 10 KB", all_of(chunked + extended + chunk(DONE) + b"0\r\n\r\n"), 100, 200)
    sizes("10,000 interim responses", all_of(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + CLOSE + token(b"w ") + DONE), 1, 2)
    expect("headers without end", "too_big", forever(HEAD, b"X: y\r\n" * 10_000))
    expect("one header without end", "too_big", forever(HEAD + b"X: ", b"x" * 65536))
    expect("trailers without end", "too_big", forever(chunked + b"0\r\n", b"X: y\r\n" * 10_000))
    expect("an event without end", "too_big", forever(CLOSE + b"data: ", b"x" * 65536))


def endless():
    limit = ("--prompt", "hi", "--timeout", f"{1 * SLOW}s")
    for name, answer in (("comments", forever(CLOSE, b":\n\n" * 20_000)),
                         ("a chunk extension", forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=", b"b" * 65536)),
                         ("interim responses", forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
                         ("a byte now and then", forever(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.05))):
        expect(f"{name}, without end", "timeout_total", answer, *limit, n=1)


def nonsense():
    expect("100,000 arrays in one another", "bad_frame", all_of(CLOSE + b"data: " + b"[" * 100_000 + b"\n\n" + DONE))
    nested = b'"a":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    expect("50,000 objects in one another", "bad_frame",
           all_of(CLOSE + b'data: {"choices":[{"index":0,"delta":{"content":"x",' + nested + b"}}]}\n\n" + DONE))


def coded(name, body):
    """An answer said to come in that coding."""
    return all_of(HEAD + b"Content-Encoding: " + name + b"\r\nConnection: close\r\n\r\n" + body)


def packed():
    def says(text, name, outcome, answer):
        records, cpu = expect(name, outcome, answer)
        check(text in records[0]["detail"], f"{name}: {records[0]['detail']!r} does not say {text!r}")
        return cpu

    answer = zlib.compress(token(b"w") * 100 + DONE, wbits=31)
    records, _ = expect("packed, unasked", "ok", coded(b"gzip", answer))
    check(len(records[0]["dt"]) == 100 and records[0]["encoding"] == "gzip", f"{records[0]}")
    expect("packed, in writes of one byte", "ok", lambda s, over: [s.sendall(bytes([b])) for b in (
        HEAD + b"Content-Encoding: x-gzip\r\nConnection: close\r\n\r\n" + answer)])
    expect("packed, and its trailer missing behind the stream's end", "ok", coded(b"gzip", answer[:-8]))
    says("ends before its packed data", "packed, cut", "truncated", coded(b"gzip", answer[:-40]))
    says("not such data", "packed, broken", "bad_frame", coded(b"gzip", answer[:40] + b"\xff" * 40 + answer[80:]))
    says("not such data", "said to be packed", "bad_frame", coded(b"br", token(b"w") + DONE))
    says("unknown way (Content-Encoding: deflate)", "packed in an unknown way", "bad_frame", coded(b"deflate", b"x"))
    says("several times over", "packed twice", "bad_frame", coded(b"gzip, gzip", zlib.compress(answer, wbits=31)))
    pack = zlib.compressobj(wbits=31)
    bomb = b"".join(pack.compress(b":\n\n" * 349_525) for _ in range(200)) + pack.flush()  # 200 MiB of comments
    says("more than 64 MiB", "200 MiB packed into 200 KB", "too_big", coded(b"gzip", bomb))
    refusal = zlib.compress(b'{"error":{"message":"no such model"}}', wbits=31)
    records, _ = expect("an error, packed", "http_404", all_of(
        b"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(refusal), refusal)))


def redirected():
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://127.0.0.1/v1/chat/completions\r\nContent-Length: 0\r\n\r\n"
    records, _ = expect("a redirect", "http_307", all_of(answer + b""))
    text = "redirects to https://127.0.0.1/v1/chat/completions; weir follows none: the server wants https"
    check(text in records[0]["detail"], f"{records[0]['detail']!r}")


def unread():
    folder = tempfile.mkdtemp(prefix="weir-run-")
    folders.append(folder)
    path = folder + "/large.jsonl"
    with open(path, "w") as f:
        f.write(json.dumps({"messages": [{"role": "user", "content": "x" * 10_000_000}]}) + "\n")
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
    expect("10 MB refused before they are read", "http_413", all_of(refusal), "--dataset", path, read=False)
    expect("10 MB that are never read", "timeout_total", lambda s, over: over.wait(60), "--dataset", path, "--timeout",
           f"{1 * SLOW}s", n=1, read=False)


def main():
    large()
    framing()
    endless()
    nonsense()
    packed()
    redirected()
    unread()


main()
