#!/usr/bin/env python3
"""Seed document 4, the client: its ladders of output tokens and of concurrency, with the mock's time scaled, take
ceil(requests / concurrency) times the sleep, and no longer than the document's own figures; the targets are drawn evenly, anew for
each request and the same for a seed; --rate-limit; and what is wrong is said before anything is sent."""
import collections
import http.server
import os
import sys
import tempfile
import threading

from as_program import begin, end, run, together
from async_lib import Block, endpoints, mock
from lib import SANITIZED, check, free_port, skip

weir = sys.argv[1]
SLEEP = {3: 1, 30: 2, 300: 3, 3000: 5, 30000: 5}
# output tokens, requests, concurrency: total time and median latency as the document prints them, and the scale of time here
LADDERS = [([3], 100, 10, 10.2185, 1.0189, 0.2),
           ([30], 100, 10, 20.2182, 2.0171, 0.15),
           ([300], 100, 10, 30.1206, 3.0110, 0.15),
           ([3000], 100, 10, 50.1952, 5.0163, 0.09),
           ([300], 500, 10, 152.2734, 3.0377, 0.03),
           ([300], 500, 25, 62.1173, 3.0468, 0.05),
           ([300], 500, 50, 30.3777, 3.0358, 0.1),
           ([300], 500, 100, 15.6030, 3.0525, 0.2)]
MIXED = [(10, 163.4575), (25, 67.1320), (50, 35.1906), (100, 19.1005)]


class Experiment:
    """One command of the document with a server of its own."""

    def __init__(self, folder, tokens, requests, concurrency, scale, *more):
        self.sim = mock(weir, 100, scale)
        name = f"e{id(self)}.txt"
        endpoints(os.path.join(folder, name), self.sim, *tokens)
        self.process = begin(weir, "async_benchmarking", "--requests", str(requests), "--concurrency", str(concurrency), "--targets",
                             name, *more, cwd=folder)

    def block(self):
        done = end(self.process)
        self.truth = self.sim.truth()
        self.sim.__exit__()
        b = Block(done.stdout)
        b.check_formulas()
        return b


def ladder(folder, rows):
    """Those rows whose times were not within the bounds."""
    late = []
    running = [(row, Experiment(folder, *row[:3], row[5])) for row in rows]
    for row, experiment in running:
        tokens, requests, concurrency, total, median, scale = row
        b = experiment.block()
        rounds = -(-requests // concurrency)
        ideal = rounds * SLEEP[tokens[0]] * scale
        check(b.codes == {"200": requests} and b.tokens == tokens[0], f"{row}: {b.codes}, {b.tokens}")
        check(b.total >= ideal - 1e-4 and b.least >= SLEEP[tokens[0]] * scale - 1e-4, f"{row}: nothing comes early: {b.total}")
        over = total - rounds * SLEEP[tokens[0]]
        check(SANITIZED or b.total - ideal < over, f"{row}: {b.total - ideal} s over the sleeps, the original had {over}")
        if b.total > 1.02 * ideal or b.total > total * scale or b.median > median * scale:
            late.append(row)
            print(f"{row}: took {b.total}, ideal is {ideal}, the document's {total * scale}; median {b.median}")
    return late


def test_ladders(folder):
    late = LADDERS
    for attempt in range(1 if SANITIZED else 3):
        late = ladder(folder, late)
        if not late or SANITIZED:
            return
    busy = os.getloadavg()[0]
    if busy > 0.7 * os.cpu_count():
        skip(f"this machine is busy (load {busy}): it cannot tell 2 %")
    check(False, "the ladders took longer than the document's, or 2 % more than ceil(requests / concurrency) sleeps, three times")


def test_mixed_targets(folder):
    """Five endpoints at random: the mean latency is near the mean of their sleeps, 3.2 s, and the tokens are those of the draw."""
    scale = 0.01
    running = [(c, total, Experiment(folder, list(SLEEP), 500, c, scale, "--seed", "5")) for c, total in MIXED]
    blocks = [(c, total, e.block()) for c, total, e in running]
    check(len({b.tokens for _, _, b in blocks}) == 1, "a seed draws the same targets, whatever the concurrency")
    check(3000 < blocks[0][2].tokens < 11000, f"6666.6 tokens on average, more or less: {blocks[0][2].tokens}")
    for c, total, b in blocks:
        check(b.codes == {"200": 500}, str(b.codes))
        check(2.8 * scale < b.mean and (SANITIZED or b.mean < 3.8 * scale), f"{c}: mean latency {b.mean}")
        check(b.least >= 1 * scale and b.most >= 5 * scale, "the shortest and the longest")
        check(SANITIZED or b.total < 1.25 * total * scale, f"{c}: took {b.total}, the document's is {total * scale}")
    for seed in ([], ["--seed", "6"]):
        other = Experiment(folder, list(SLEEP), 500, 100, 0.002, *seed).block()
        check(other.tokens != blocks[0][2].tokens, "another seed, or none, draws others")


def test_the_draw(folder):
    """By the server's truth: each line as often as the others, with replacement."""
    with mock(weir, 50, 0.0005) as sim:
        with open(os.path.join(folder, "three.txt"), "w") as f:
            f.write(f"\n  {sim.url}/hello\t\n\n{sim.url}/tokenizer?output_tokens=1\r\n{sim.url}/sleeper?sleep_length=1\n")
        done = run(weir, "async_benchmarking", "--requests", "900", "--concurrency", "1", "--targets", "three.txt", "--seed", "1",
                   cwd=folder)
        truth = sorted(sim.truth().values(), key=lambda t: t["received"])
    check(Block(done.stdout).codes == {"200": 900}, done.stdout)
    order = [t["path"] for t in truth]
    counts = collections.Counter(order)
    check(len(order) == 900 and all(abs(n - 300) < 75 for n in counts.values()) and len(counts) == 3, str(counts))
    again = sum(a == b for a, b in zip(order, order[1:]))
    check(abs(again - 300) < 75, f"the same twice in a row a third of the time: {again}")


def test_several_hosts(folder):
    with mock(weir, 50, 0.001) as a, mock(weir, 50, 0.001) as b:
        with open(os.path.join(folder, "two.txt"), "w") as f:
            f.write(f"{a.url}/tokenizer?output_tokens=4\n{b.url}/tokenizer?output_tokens=8\n")
        done = run(weir, "async_benchmarking", "--requests", "200", "--concurrency", "5", "--targets", "two.txt", cwd=folder)
        at_a, at_b = len(a.truth()), len(b.truth())
    block = Block(done.stdout)
    check(at_a + at_b == 200 and 60 < at_a < 140, f"{at_a} and {at_b}")
    check(abs(block.tokens - (4 * at_a + 8 * at_b) / 200) < 1e-4, "each one's tokens")
    check("--seed" in done.stderr, "how to draw the same again")


def test_rate_limit(folder):
    with mock(weir, 50, 0.0005) as sim:
        endpoints(os.path.join(folder, "limited.txt"), sim, 3)
        for words, n, seconds in ((["600/min"], 6, 0.5), (["1200"], 11, 0.5)):
            done = run(weir, "async_benchmarking", "--requests", str(n), "--targets", "limited.txt", "--rate-limit", *words,
                       cwd=folder)
            block = Block(done.stdout)
            check(block.codes == {"200": n} and block.total >= seconds * 0.99, f"{words}: {block.total}")
            check(SANITIZED or block.total < seconds + 0.3, f"{words}: {block.total}")
            check(block.mean < 0.3, "waiting for one's turn is no latency")


class Odd(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        body, kind, length = {"/text": (b"Invalid input", "text/html", 13), "/cut": (b"{\"out", "application/json", 40),
                              "/none": (b"{\"a\": 1}", "application/json", 8),
                              "/some": (b"{\"output_tokens\": 7}", "application/json; charset=utf-8", 20)}[self.path]
        self.send_response(400 if self.path == "/text" else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = length != len(body)


def test_failures_have_their_own_lines(folder):
    """The original calls all of these 500; a server that is not there made it 500 too."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with open(os.path.join(folder, "odd.txt"), "w") as f:
        f.write(f"{url}/text\n{url}/cut\n{url}/none\n{url}/some\nhttp://127.0.0.1:{free_port()}/\n")
    words = ["--requests", "100", "--targets", "odd.txt", "--seed", "3"]
    ours = Block(run(weir, "async_benchmarking", *words, cwd=folder).stdout)
    theirs = Block(run(weir, "async_benchmarking", *words, "--original-formulas", cwd=folder).stdout)
    server.shutdown()
    check(set(ours.codes) == {"200", "400", "truncated", "refused"} and ours.n == 100, str(ours.codes))
    check(theirs.codes == {"200": ours.codes["200"], "400": ours.codes["400"],
                           "500": ours.codes["truncated"] + ours.codes["refused"]}, str(theirs.codes))
    check(theirs.good is None and ours.good[0] == ours.codes["200"], "the line of successful ones is ours")
    check(ours.tokens == theirs.tokens > 0 and round(ours.tokens * 100) % 7 == 0, f"tokens: {ours.tokens}")


def test_mistakes(folder):
    for text, words, says in ((None, [], "endpoints.txt"), ("localhost:5000/x\n", [], "endpoints.txt:1: \"localhost:5000/x\" is not"),
                              ("\n \n", [], "has no URL"), ("http://a/\n", ["--requests", "0"], "must be at least 1"),
                              ("http://a/\n", ["--concurrency", "few"], "--concurrency few"),
                              ("http://a/\n", ["--rate-limit", "often"], "60/min"),
                              ("http://a/\n", ["--request", "3"], "--requests"), ("http://a/\n", ["3"], "3")):
        path = os.path.join(folder, "endpoints.txt")
        if os.path.exists(path):
            os.unlink(path)
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
        done = run(weir, "async_benchmarking", *words, cwd=folder, expect=2)
        check(done.stdout == "" and says in done.stderr and done.stderr.count("\n") == 1, f"{words}: {done.stderr}")
    nobody = os.path.join(folder, "nobody.txt")
    with open(nobody, "w") as f:
        f.write(f"http://127.0.0.1:{free_port()}/\n")
    done = run(weir, "async_benchmarking", "--targets", nobody, cwd=folder, expect=1)
    check(Block(done.stdout).codes == {"refused": 10}, done.stdout)
    check("--rate-limit N/TIME" in run(weir, "async_benchmarking", "--help", cwd=folder).stdout, "--help")
    link = os.path.join(folder, "async_benchmarking.py")
    os.symlink(os.path.abspath(weir), link)
    import subprocess
    shown = subprocess.run([link, "--help"], capture_output=True, text=True).stdout
    check("--targets FILE" in shown, "a link with its name is the program")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-async-") as folder:
        test_mistakes(folder)
        together(*(lambda t=t: t(folder) for t in (test_mixed_targets, test_the_draw, test_several_hosts, test_rate_limit,
                                                   test_failures_have_their_own_lines)))
        test_ladders(folder)


main()
