"""What awscurl's requests carry, as a server of Python's own reads it: data, forms, queries, methods, types; and its load:
connections kept or not, delays, an end by time."""
import email.parser
import email.policy
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

from awscurl import JSON, awscurl, folder
from lib import SANITIZED, check

weir = sys.argv[1]
seen = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self):
        at = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen.append((self.command, self.path, dict(self.headers.items()), body, self.client_address[1], at))
        reply = {"/bytes": bytes(range(256)), "/html": b"<p>\xff</p>"}.get(self.path, b"{}")
        kind = {"/bytes": "application/octet-stream", "/html": "text/html", "/bare": None}.get(self.path, "application/json")
        self.send_response(200)
        if kind:
            self.send_header("Content-Type", kind)
        if self.path == "/pages":
            page = int(self.headers.get("X-Amzn-SageMaker-Custom-Attributes", "x-starting-token=1").split("=")[1])
            reply = b'{"generated_text": "page %d"}' % page
            if page < 3:
                self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"x-next-token={page + 1}")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_address[1]}"


def ask(*args, path="/x", **more):
    seen.clear()
    r = awscurl(weir, URL + path, *args, **more)
    return r, seen


def one(*args, **more):
    _, requests = ask(*args, **more)
    check(len(requests) == 1, f"{args}: {len(requests)} requests")
    return requests[0][:4]


def test_data():
    method, path, headers, body = one("-d", "a=1", "-d", "b=2")
    check((method, path, body) == ("POST", "/x", b"a=1&b=2"), f"{method} {path} {body}")
    check(headers["Content-Type"] == "application/x-www-form-urlencoded; charset=ISO-8859-1", f"{headers}")
    check(headers["User-Agent"] == "awscurl/1.0.0" and headers["Accept"] == "*/*", f"{headers}")
    check("Authorization" not in headers, "nobody asked for a key")
    tricky = "q=fünf & zwei=100%+x/y?\n"
    _, _, _, body = one("--data-urlencode", tricky.replace("&", "and"))
    check(urllib.parse.parse_qs(body.decode())["q"] == [tricky.replace("&", "and")[2:]], f"{body}")
    method, path, headers, body = one("-G", "-d", "a=1", "--data-urlencode", "b=x y", path="/x?z=0")
    check(method == "GET" and urllib.parse.parse_qs(path[3:]) == {"z": ["0"], "a": ["1"], "b": ["x y"]} and body == b"", path)
    check("Content-Type" not in headers, f"{headers}")
    check(one(path="/model/a.b-v1:0/invoke")[:2] == ("GET", "/model/a.b-v1%3A0/invoke"), "a colon in the path")
    for m in ("PUT", "HEAD"):
        check(one("-X", m)[0] == m, m)
    check(one("-X", "DELETE", "-d", "{}", *JSON)[3] == b"{}", "a body of another method")


def test_files():
    where = folder()
    blob = bytes(range(256)) * 3
    with open(os.path.join(where, "blob.bin"), "wb") as f:
        f.write(blob)
    with open(os.path.join(where, "lines.txt"), "w") as f:
        f.write("one\ntwo\n")
    method, _, headers, body = one("-T", "blob.bin", where=where)
    check((method, headers["Content-Type"], body) == ("PUT", "application/octet-stream", blob), f"{method} {headers}")
    check(one("-d", "@lines.txt", where=where)[3] == b"one\ntwo\n", "a file of -d as it is")
    _, _, headers, body = one("-F", "text=hello", "-F", "file=@blob.bin", "-F", "doc=@lines.txt;type=text/markdown;filename=r \"1\".md",
                              "--form-string", "raw=@no;x", where=where)
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    parts = {p.get_param("name", header="content-disposition"): p for p in message.iter_parts()}
    check(list(parts) == ["text", "file", "doc", "raw"] and not message.defects, f"{message}")
    check(parts["text"].get_payload() == "hello" and parts["raw"].get_payload() == "@no;x", "texts")
    check(parts["file"].get_payload(decode=True) == blob and parts["file"].get_filename() == "blob.bin", "a file of bytes")
    check(parts["doc"].get_content_type() == "text/markdown", "a type of its own")
    r, _ = ask(path="/html")
    check("<p>" in r.stdout, r.stdout)


def test_connections():
    _, requests = ask("-c", "3", "-N", "5", "-d", "{}", *JSON)
    check(len(requests) == 15 and len({port for *_, port, _ in requests}) == 3, "a connection for each client")
    _, requests = ask("-c", "3", "-N", "5", "-d", "{}", *JSON, "--no-keepalive")
    check(len(requests) == 15 and len({port for *_, port, _ in requests}) == 15, "a connection for each request")


def test_delays_and_ends():
    r, requests = ask("-c", "4", "-N", "3", "-d", "{}", *JSON, "--delay", "rand(100, 400)", "--seed", "7", "-P")
    check(len(requests) == 12 and r.figures["totalRequests"] == 12, r.stdout)
    check(r.figures["totalTimeMills"] >= 100, "nobody waited")
    firsts = {}
    for *_, port, at in requests:
        firsts.setdefault(port, at)
    check(max(firsts.values()) - min(firsts.values()) > 0.01, f"all began at once: {firsts}")
    r, requests = ask("-c", "2", "-N", "1000000", "-d", "{}", *JSON, "--duration", "0.5", "-P")
    check(2 <= len(requests) == r.figures["totalRequests"] < 2000000, f"{len(requests)} {r.stdout}")
    check(400 < r.figures["totalTimeMills"] < 20000, r.stdout)


def test_types_that_are_not_read():
    r, _ = ask("-N", "3", "-t", "-P", path="/bytes")
    check((r.figures["totalRequests"], r.figures["failedRequests"], r.figures["totalTokens"]) == (3, 0, 0), r.stdout)
    r, _ = ask("-N", "3", "-t", "-P", path="/bare") # none: plain text
    check(r.figures["totalTokens"] == 3, r.stdout)
    r, _ = ask("-N", "3", "-t", "-P", path="/bare", DEFAULT_CONTENT_TYPE="application/json")
    check(r.figures["totalTokens"] == 0, r.stdout)


def test_pages():
    """Three pages are one request: its latency is theirs together, without the rests between them."""
    r, requests = ask("-c", "2", "-N", "1", "-d", "{}", *JSON, "-P", "-t", "-o", "out", path="/pages")
    check(len(requests) == 6, f"{len(requests)} requests")
    f = r.figures
    check((f["totalRequests"], f["failedRequests"], f["totalTokens"]) == (2, 0, 2 * 3 * 2), r.stdout)
    check(f["totalTimeMills"] >= 2 * 200, "200 ms between two pages")
    check(SANITIZED or f["averageLatency"] < 200, r.stdout)
    answers = [json.loads(a)["generated_text"] for c, *_, a in sorted(r.records("out")) if c == 0]
    check(answers == ["page 1", "page 2", "page 3"], f"{answers}")


test_data()
test_files()
test_connections()
test_delays_and_ends()
test_types_that_are_not_read()
test_pages()
