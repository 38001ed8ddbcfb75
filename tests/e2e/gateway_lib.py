"""gateway_lib.py - `weir gateway` in front of `weir sim`, and a client that shows what comes when: for the gateway's tests."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from urllib.parse import urlsplit

from lib import SLOW, Sim, check, clean_env

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"
FAST = ("--ttft", "5ms", "--itl", "2ms")


def environment(**more):
    env = {k: v for k, v in clean_env().items() if not k.startswith("AWS_")
           and k not in ("ENDPOINT_NAME", "REGION", "INSTANCE_HOURLY_USD")}
    env.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
               AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
    env.update(more)
    return env


def sagemaker(weir, *options, truth=True):
    """A simulator that takes only what is signed."""
    return Sim(weir, *FAST, *options, "--sigv4", f"{KEY}:{SECRET}", truth=truth)


class Gateway:
    """`weir gateway` with the given options; .url, .lines: what it printed, .errors after close()."""

    def __init__(self, weir, upstream, *options, env=None, endpoint="demo"):
        """upstream: a URL to which the route of `endpoint` is added where it has no path."""
        if upstream.startswith("http") and urlsplit(upstream).path in ("", "/"):
            upstream = f"{upstream.rstrip('/')}/endpoints/{endpoint}/invocations"
        listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
        self.process = subprocess.Popen([weir, "gateway", "--upstream", upstream, *listen, *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=env or environment())
        line = self.process.stdout.readline()
        check("listening on " in line, f"the gateway did not start: {line!r} {'' if line else self.process.stderr.read()}")
        self.url = line.split("listening on ", 1)[1].strip()
        self.lines, self.errors = [], ""
        self.readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for t in self.readers:
            t.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def close(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(timeout=40 * SLOW)
        for t in self.readers:
            t.join()
        return code

    def emf(self):
        """The metric lines, once it has ended."""
        self.close()
        return [json.loads(line) for line in self.lines]

    def metrics(self, **headers):
        """/metrics as {"name{labels}": number}."""
        r = ask(self.url, "GET", "/metrics", None, **headers)
        check(r.status == 200, f"/metrics: {r.status}")
        values = {}
        for line in r.text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def __enter__(self):
        return self

    def __exit__(self, *_):
        check(self.close() == 0, f"the gateway's exit code: {self.process.returncode} {self.errors}")


class Answer:
    """status, headers (names in lower case), text; of a stream also pieces [(instant, text)] and trailers."""


def connect(url, timeout=20 * SLOW):
    u = urlsplit(url)
    if u.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(u.hostname, u.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(u.hostname, u.port, timeout=timeout)


def body(stream=False, tokens=8, content="say something", **more):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": tokens, "stream": stream,
                       **more})


def ask(url, method="POST", path="/v1/chat/completions", data="", connection=None, **headers):
    """A whole answer by http.client; header names are given with _ for -."""
    c = connection or connect(url)
    c.request(method, path, data, {k.replace("_", "-"): v for k, v in headers.items()})
    r = c.getresponse()
    a = Answer()
    a.status, a.headers = r.status, {k.lower(): v for k, v in r.getheaders()}
    a.text = r.read().decode()
    if not connection:
        c.close()
    return a


def ask_raw(url, data, path="/v1/chat/completions", version="1.1", extra="", method="POST", head_out=None):
    """The same on a socket, which shows when each chunk came, and the trailers."""
    u = urlsplit(url)
    s = socket.create_connection((u.hostname, u.port), timeout=20 * SLOW)
    data = data.encode()
    s.sendall((f"{method} {path} HTTP/{version}\r\nHost: {u.netloc}\r\nConnection: close\r\n{extra}"
               f"Content-Length: {len(data)}\r\n\r\n").encode() + data)
    f = s.makefile("rb")
    a = Answer()
    a.status = int(f.readline().split()[1])
    a.headers, a.trailers, a.pieces, a.whole = read_fields(f), {}, [], False
    a.head_at = time.monotonic()
    if head_out:
        head_out.set()
    if a.headers.get("transfer-encoding") == "chunked":
        while True:
            line = f.readline()
            if not line:
                break
            n = int(line, 16)
            if n == 0:
                a.trailers, a.whole = read_fields(f), True
                break
            a.pieces.append((time.monotonic(), f.read(n).decode()))
            f.readline()
    else:
        a.pieces.append((time.monotonic(), f.read().decode()))
        a.whole = True
    s.close()
    a.text = "".join(p for _, p in a.pieces)
    return a


def read_fields(f):
    fields = {}
    while True:
        line = f.readline().decode().strip()
        if not line:
            return fields
        name, value = line.split(":", 1)
        fields[name.lower()] = value.strip()


def events(text):
    """The data lines of a stream, JSON decoded but [DONE], and its comments."""
    data, comments = [], []
    for line in text.split("\n"):
        if line.startswith("data: "):
            d = line[6:]
            data.append(d if d == "[DONE]" else json.loads(d))
        elif line.startswith(": "):
            comments.append(line[2:])
        else:
            check(line == "", f"neither data nor a comment: {line!r}")
    return data, comments


def text_of(data):
    return "".join(c["choices"][0]["delta"].get("content") or "" for c in data
                   if isinstance(c, dict) and c.get("choices"))


def error_of(answer, status, code=None, message=None):
    check(answer.status == status, f"status {answer.status}, not {status}: {answer.text[:300]}")
    check(answer.headers["content-type"] == "application/json", answer.headers["content-type"])
    e = json.loads(answer.text)
    check(set(e) == {"error"} and set(e["error"]) == {"message", "type", "param", "code"}, f"not OpenAI's shape: {answer.text}")
    e = e["error"]
    check(isinstance(e["message"], str) and e["message"] and isinstance(e["type"], str), answer.text)
    check(code is None or e["code"] == code, f"code {e['code']}, not {code}: {answer.text}")
    check(message is None or message in e["message"], f"{message!r} is not in {e['message']!r}")
    return e


def eventually(what, text, seconds=10):
    until = time.monotonic() + seconds * SLOW
    while not what():
        check(time.monotonic() < until, text)
        time.sleep(0.02)


class Upstream:
    """An endpoint that does what `answer(socket, head, body)` does with each request; one request a connection."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(64)
        self.url = "http://127.0.0.1:%d/endpoints/demo/invocations" % self.socket.getsockname()[1]
        self.threads = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            t = threading.Thread(target=self._serve, args=(s,), daemon=True)
            self.threads.append(t)
            t.start()

    def _serve(self, s):
        try:
            data = b""
            while b"\r\n\r\n" not in data:
                piece = s.recv(65536)
                if not piece:
                    return
                data += piece
            head, rest = data.split(b"\r\n\r\n", 1)
            n = int(next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")))
            while len(rest) < n:
                rest += s.recv(65536)
            self.requests.append((head.decode(), rest))
            self.answer(s, head.decode(), rest)
        except OSError:
            pass
        finally:
            s.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def frame(payload=b"", **headers):
    """A message of AWS's event stream (names with _ for -; strings alone)."""
    import struct
    import zlib
    h = b""
    for name, value in headers.items():
        name = (":" + name.replace("_", "-")).encode()
        h += bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    prelude = struct.pack(">II", len(h) + len(payload) + 16, len(h))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + h + payload
    return message + struct.pack(">I", zlib.crc32(message))


def part(text):
    return frame(text.encode(), message_type="event", event_type="PayloadPart", content_type="application/octet-stream")


def sse_chunk(text, finish="null"):
    return ('data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%s,'
            '"finish_reason":%s}]}\n\n' % (json.dumps({"content": text}) if text is not None else '{"role":"assistant"}', finish))


STREAM_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
               b"X-Amzn-SageMaker-Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def document(status, body, **headers):
    lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
