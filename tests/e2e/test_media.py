#!/usr/bin/env python3
"""Pictures and sound in chat requests: what is sent is read by Python's own zlib and wave modules, differs from request to
request, comes again with the same seed, and is counted by the simulator."""
import base64
import http.server
import io
import json
import os
import struct
import sys
import tempfile
import threading
import wave
import zlib

from lib import Sim, check, run

weir = sys.argv[1]
REPLY = json.dumps({"choices": [{"message": {"content": "seen"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 3, "completion_tokens": 1}}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *args):
        pass

    def do_POST(self):
        self.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(REPLY)))
        self.end_headers()
        self.wfile.write(REPLY)


def pixels(png):
    """Width, height and the rows of an 8-bit RGB picture without filters; every CRC and the Adler-32 are checked."""
    check(png[:8] == b"\x89PNG\r\n\x1a\n", "signature")
    at, data, names = 8, b"", []
    while at < len(png):
        n, name = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + n]
        check(zlib.crc32(name + body) == struct.unpack(">I", png[at + 8 + n:at + 12 + n])[0], f"CRC of {name}")
        names.append(name)
        if name == b"IHDR":
            width, height, *kind = struct.unpack(">IIBBBBB", body)
        if name == b"IDAT":
            data += body
        at += 12 + n
    check(names[0] == b"IHDR" and names[-1] == b"IEND" and kind == [8, 2, 0, 0, 0], str(names))
    raw = zlib.decompress(data)
    check(len(raw) == height * (1 + 3 * width) and set(raw[::1 + 3 * width]) == {0}, "rows")
    return width, height, raw


def parts(body):
    content = body["messages"][-1]["content"]
    check(content[0] == {"type": "text", "text": "Look."}, str(content[0])[:100])
    images = [p["image_url"]["url"] for p in content[1:] if p["type"] == "image_url"]
    sounds = [p["input_audio"] for p in content[1:] if p["type"] == "input_audio"]
    check(1 + len(images) + len(sounds) == len(content), "other parts")
    return images, sounds


def ask(url, *options):
    Handler.seen.clear()
    run(weir, url, "--model", "m", "--no-stream", "--no-probe", "--prompt", "Look.", "--seed", "3", *options)
    return [parts(b) for b in Handler.seen]


def test_generated(url):
    options = ("--image", "65x3", "--image", "300x200:png", "--image", "1x1", "--images-per-request", "2", "--audio", "0.5s",
               "--num-requests", "6")
    got = ask(url, *options)
    check(len(got) == 6, "requests")
    sizes = []
    for images, sounds in got:
        check(len(images) == 2 and len(sounds) == 1 and sounds[0]["format"] == "wav", "parts")
        for url_of in images:
            check(url_of.startswith("data:image/png;base64,"), url_of[:40])
            sizes.append(pixels(base64.b64decode(url_of.split(",", 1)[1], validate=True))[:2])
        with wave.open(io.BytesIO(base64.b64decode(sounds[0]["data"], validate=True))) as w:
            check((w.getnchannels(), w.getsampwidth(), w.getframerate(), w.getnframes()) == (1, 2, 16000, 8000), "sound")
            check(len(w.readframes(9000)) == 16000, "samples")
    check(sizes == [(65, 3), (300, 200), (1, 1)] * 4, f"in turn: {sizes}")
    every = [u for images, _ in got for u in images] + [s["data"] for _, sounds in got for s in sounds]
    check(len(set(every)) == len(every) or len(set(every)) >= len(every) - 1, "each is another one")
    check(ask(url, *options) == got, "the same seed gives the same")
    once = ask(url, "--image", "40x40", "--same-media", "--num-requests", "3")
    check(once[0] == once[1] == once[2], "--same-media")


def test_files(url, folder):
    files = {"a.png": b"\x89PNG any", "b.JPG": b"jpeg bytes!", "c.mp3": b"mp3"}
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    paths = {n: os.path.join(folder, n) for n in files}
    got = ask(url, "--image", paths["a.png"], "--image", paths["b.JPG"], "--audio", paths["c.mp3"], "--num-requests", "2")
    wanted = ["data:image/png;base64," + base64.b64encode(files["a.png"]).decode(),
              "data:image/jpeg;base64," + base64.b64encode(files["b.JPG"]).decode()]
    check([g[0] for g in got] == [[w] for w in wanted], str(got)[:300])
    check(got[0][1] == [{"data": base64.b64encode(files["c.mp3"]).decode(), "format": "mp3"}], "sound")
    bad = run(weir, url, "--image", paths["c.mp3"], expect=2)
    check("--image" in bad.stderr and ".png" in bad.stderr, bad.stderr)


def test_the_simulator_counts_them():
    with Sim(weir, "--ttft", "1ms", "--itl", "0ms", "--output-tokens", "3") as sim:
        r = run(weir, sim.url, "--prompt", "one two", "--image", "64x64", "--images-per-request", "3", "--audio", "2s",
                "--num-requests", "4")
        truth = [t for t in sim.truth().values() if t["n"]]
    # 2 words, 256 for each picture, and one for each 40 ms of sound
    check({t["prompt_tokens"] for t in truth} == {2 + 3 * 256 + 51}, str(truth[0]["prompt_tokens"]))
    check(all(q["outcome"] == "ok" for q in r.requests), "outcomes")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions"
    with tempfile.TemporaryDirectory(prefix="weir-media-") as folder:
        test_generated(url)
        test_files(url, folder)
    server.shutdown()
    test_the_simulator_counts_them()


main()
