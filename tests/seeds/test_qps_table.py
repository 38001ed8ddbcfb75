#!/usr/bin/env python3
"""Seed document 2, the table: the quick start's command prints the documented columns, grouped by metric, at their documented
widths; its figures are those of the file, and agree with the simulator's truth; so do the bodies that are sent."""
import http.server
import json
import os
import sys
import tempfile
import threading

from lib import Sim, check
from qps_lib import Run, against_truth, cells, make_dataset

weir = os.path.abspath(sys.argv[1])
HEADING = ("QPS Target   Actual QPS   Success%   TTFT P50(s)  TTFT P95(s)  TTFT P99(s)  E2E P50(s)   E2E P95(s)   E2E P99(s)   "
           "Tok/s P50    Tok/s P95    Tok/s P99   ")
WIDTHS = [12, 12, 10] + [12] * 9
SENT = []


class Asked(http.server.BaseHTTPRequestHandler):
    """Keeps what it is asked, and answers with usage where it is asked for."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        SENT.append((dict(self.headers), body))
        if "stream_options" in body:
            self.answer(400, b'{"error":{"message":"Unknown parameter: stream_options"}}', "application/json")
            return
        chunks = [{"choices": [{"delta": {"role": "assistant"}}]}, {"choices": [{"delta": {"content": "three little words"}}]}]
        text = "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n"
        self.answer(200, text.encode(), "text/event-stream")

    def answer(self, status, data, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def test_quick_start(folder):
    with Sim(weir, "--ttft", "30ms", "--itl", "2ms", "--api-key", "sk-xxxx") as sim:
        r = Run(weir, folder, sim.url, "--qps", "1,5,10,20", "--duration", "0.6", "--max-tokens", "12", model="your-model-name")
        truth = sim.truth()
    heading, rows = r.table()
    check(heading == HEADING, f"{heading!r}")
    check(len(rows) == len(r.results) == 4, f"{len(rows)} rows, {len(r.results)} levels")
    for level, (line, figures) in enumerate(zip(rows, r.results)):
        got = cells(line, WIDTHS)
        want = [f"{figures['qps_target']:.1f}", f"{figures['actual_qps']:.2f}", f"{figures['success_rate']:.1f}"]
        for name, digits in (("ttft", 3), ("e2e_latency", 3), ("tokens_per_sec", 1)):
            want += [f"{figures[name][p]:.{digits}f}" for p in ("p50", "p95", "p99")]
        check(all(a == b or abs(float(a) - float(b)) < 2 * 10 ** -len(b.split(".")[1]) for a, b in zip(got, want)), f"{got}\n{want}")
        n = [1, 3, 6, 12][level]
        check(figures["total_requests"] == figures["successful_requests"] == n, f"{figures['total_requests']}, not {n}")
        check(figures["token_source"] == "usage" and figures["status_codes"] == {"200": n}, f"{figures}")
        against_truth(r, level, truth)
    check(sum(t["n"] > 0 for t in truth.values()) == 22 + 1, "one request looks first, then those that were asked for")
    check("📊 Token counting: 22/22 requests had API-reported token counts" in r.stdout, r.stdout)


def test_bodies(folder, dataset):
    """As documented, in order, again and again, and from the first at each level; without stream_options where the server does
    not take them, and then tokens are words."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    r = Run(weir, folder, f"http://127.0.0.1:{server.server_address[1]}", "--qps", "14,16", "--duration", "0.5")
    server.shutdown()
    bodies = [b for h, b in SENT if "stream_options" not in b][1:]  # the first looked
    check(len(bodies) == 15, f"{len(bodies)} requests")
    wanted = [[{"role": "system", "content": s["prompt_content"]}, *s["cut_chat_history"]] for s in dataset]
    order = [i % 5 for i in range(7)] + [i % 5 for i in range(8)]
    check([b["messages"] for b in bodies] == [wanted[i] for i in order], "other messages, or another order")
    for headers, b in [s for s in SENT if "stream_options" not in s[1]][1:]:
        check({k: b[k] for k in ("model", "max_tokens", "temperature", "stream")} == {
            "model": "meta-llama/Llama-3.1-8B-Instruct", "max_tokens": 512, "temperature": 0.7, "stream": True}, f"{b}")
        check(headers["Authorization"] == "Bearer sk-xxxx" and headers["Content-Type"] == "application/json", f"{headers}")
    check(SENT[0][1]["stream_options"] == {"include_usage": True}, "usage was not asked for")
    check(r.results[0]["token_source"] == "words", f"{r.results[0]}")
    for q in r.requests(0):
        check(q["tokens_out"] == 3, "an answer of three words in one chunk")
    check("100.0% of the successful requests had none (all levels): their tokens are counted as words" in r.stdout, r.stdout)
    check("All answers are identical (QPS 16.0)" in r.stdout, "eight answers that are the same and no hint")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        dataset = make_dataset(folder)
        test_quick_start(folder)
        test_bodies(folder, dataset)


main()
