"""Frames of AWS's event stream that neither side made: each of weir's outcomes is the verdict of botocore's own parser, over valid
frames with headers of all ten types, JSON lines cut anywhere between them, and damaged ones.
"""
import contextlib
import http.server
import json
import os
import random
import struct
import subprocess
import sys
import threading
import zlib

import foreign
from lib import SLOW, check, clean_env, run

WEIR = os.path.abspath(sys.argv[1])
# Judges frames as botocore's parser does: for each line of hexadecimal bytes, the joined payloads or "refused".
JUDGE = r'''
import sys
from botocore.eventstream import EventStreamBuffer, ParserError
for line in sys.stdin:
    b = EventStreamBuffer()
    try:
        b.add_data(bytes.fromhex(line))
        print(b"".join(m.payload for m in b).hex())
    except Exception:
        print("refused")
'''


def header(rng, number):
    """One of any type; the number makes its name the only one in the frame, as botocore wants it."""
    name = bytes(rng.choices(b"abcdefgh-", k=rng.randrange(1, 20))) + b"%d" % number
    kind = rng.randrange(10)
    size = (0, 0, 1, 2, 4, 8, None, None, 8, 16)[kind]
    value = rng.randbytes(size) if size is not None else bytes(rng.choices(b"abc \xc3\xa9", k=rng.randrange(30)))
    if kind == 7:
        value = value.decode("utf-8", "ignore").encode()
    return bytes([len(name)]) + name + bytes([kind]) + (struct.pack(">H", len(value)) if size is None else b"") + value


def frame(headers, payload):
    block = b"".join(headers)
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    return prelude + block + payload + struct.pack(">I", zlib.crc32(prelude + block + payload))


def bodies(rng, n):
    """Bodies of valid frames with JSON lines of LMI's cut anywhere, and every third one damaged."""
    for i in range(n):
        tokens = [json.dumps({"token": {"id": k, "text": f" w{k}"}}) for k in range(4)]
        tokens.append(json.dumps({"token": {"id": 4, "text": " end"}, "generated_text": "x",
                                  "details": {"finish_reason": "length", "generated_tokens": 5}}))
        text, body = ("\n".join(tokens) + "\n").encode(), b""
        while text:
            cut = rng.randrange(1, 60)
            named = [b"\x0b:event-type\x07\x00\x0bPayloadPart"] if rng.random() < .5 else []
            body += frame([header(rng, k) for k in range(rng.randrange(4))] + named, text[:cut])
            text = text[cut:]
        if i % 3 == 2:
            at = rng.randrange(len(body))
            body = body[:at] + bytes([body[at] ^ 1 << rng.randrange(8)]) + body[at + 1:]
        yield body


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version, bodies, rng = "HTTP/1.1", [], random.Random(1)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = self.bodies[int(self.headers["x-request-id"].split("-")[-1])]
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.amazon.eventstream")
        self.send_header("X-Amzn-SageMaker-Content-Type", "application/jsonlines")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError): # the client leaves at a frame that is broken
            self.send(body)

    def send(self, body):
        while body:
            n = self.rng.randrange(1, 90)
            piece, body = body[:n], body[n:]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


def judged(python):
    """Frames that neither side made: weir's outcome of each is botocore's verdict."""
    Server.bodies = list(bodies(random.Random(7), 120))
    env = {k: v for k, v in clean_env().items() if not k.startswith("AWS_")}
    done = subprocess.run([python, "-B", "-c", JUDGE], input="\n".join(b.hex() for b in Server.bodies), capture_output=True, text=True,
                          timeout=60 * SLOW, env=env)
    check(done.returncode == 0, f"botocore: {done.stderr[-800:]}")
    verdict = done.stdout.split("\n")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.handle_error = lambda *_: None # a client that left
    threading.Thread(target=server.serve_forever, daemon=True).start()
    r = run(WEIR, f"http://127.0.0.1:{server.server_port}/endpoints/e/invocations-response-stream", "--no-probe", "-c", "2", "-n",
            str(len(Server.bodies)), "--duration", "none", "--save-text", "--ramp-up", "none", expect=None)
    server.shutdown()
    check(len(r.requests) == len(Server.bodies), f"{len(r.requests)} requests")
    seen = {}
    for q in r.requests:
        refused = verdict[q["index"]] == "refused"
        seen[q["outcome"]] = seen.get(q["outcome"], 0) + 1
        check(q["outcome"] == ("bad_frame" if refused else "ok"), f"request {q['index']}: {q['outcome']}, botocore: {verdict[q['index']][:60]}")
        if not refused:
            check(q["answer"] == " w0 w1 w2 w3 end" and q["tokens_out"] == 5, f"request {q['index']}: {q['answer']!r}")
    print("outcomes:", seen, "botocore refused", verdict.count("refused"))
    check(seen["ok"] >= 80 and verdict.count("refused") >= 20, f"{seen}")


judged(os.path.join(foreign.venv("botocore", "botocore"), "python"))
