#!/usr/bin/env python3
"""Seed document 2, troubleshooting: each case has its symptom or a better message, and what is wrong with arguments and dataset is
said before anything is sent or made. And the cost of the later version."""
import json
import os
import subprocess
import sys
import tempfile

from lib import Sim, check, clean_env, free_port
from qps_lib import Run, make_dataset

weir = os.path.abspath(sys.argv[1])


def test_missing(folder):
    have = {"--endpoint": "http://127.0.0.1:1/v1/chat/completions", "--api-key": "k", "--model": "m", "--dataset": "conversations.json"}
    for gone in have:
        words = [w for option, value in have.items() if option != gone for w in (option, value)]
        done = subprocess.run([weir, "as", "benchmark", *words], cwd=folder, capture_output=True, text=True, env=clean_env())
        check(done.returncode == 2 and f"Missing {gone} argument" in done.stderr and done.stdout == "", f"{gone}: {done}")
    for more, says in ((("--qps", "1,fast"), "'fast' is no rate"), (("--qps", "0"), "'0' is no rate"), (("--duration", "-1"), "--duration"),
                       (("--max-tokens", "0"), "--max-tokens"), (("--gpu-rate", "2.5"), "both are needed"),
                       (("--output", "metadata.json"), "--output"), (("--qsp", "1"), "did you mean --qps")):
        r = Run(weir, folder, "http://127.0.0.1:1", *more, expect=2)
        check(says in r.stderr and r.dir is None and "sk-xxxx" not in r.stderr, f"{more}: {r.stderr}")


def test_datasets(folder):
    for name, text, says in (
            ("gone.json", None, "gone.json"), ("broken.json", "[{", "broken.json"),
            ("role.json", '[{"prompt_content": "a", "cut_chat_history": [\n{"content": "b"}]}]', 'role.json:2: "role" is missing'),
            ("empty.json", '[{"prompt_content": "", "cut_chat_history": [{"role": "system", "content": "x"}]}]', "no entry gives a message to send")):
        if text is not None:
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        r = Run(weir, folder, "http://127.0.0.1:1", dataset=name, expect=2)
        check(says in r.stderr and r.dir is None and not os.path.exists(os.path.join(folder, "results")), f"{name}: {r.stderr}")


def test_all_requests_fail(folder):
    """A server that is not there, one that wants another key, one without the model; nothing is left behind."""
    r = Run(weir, folder, f"http://127.0.0.1:{free_port()}", expect=1)
    check("connection refused" in r.stderr and "All requests fail: nothing listens at --endpoint" in r.stderr and not r.dir, r.stderr)
    with Sim(weir, "--api-key", "another", "--model", "served", truth=False) as sim:
        r = Run(weir, folder, sim.url, expect=2)
        check("status 401" in r.stderr and "All requests fail: the endpoint does not accept --api-key." in r.stderr and not r.dir, r.stderr)
    with Sim(weir, "--model", "served", "--itl", "100us", truth=False) as sim:
        r = Run(weir, folder, sim.url, expect=2)
        check("status 404" in r.stderr and "no model of that --model" in r.stderr and not r.dir, r.stderr)
        r = Run(weir, folder, sim.url + "/elsewhere", expect=2)
        check("status 404" in r.stderr and "--qps 0.1 --duration 10" in r.stderr and not r.dir, r.stderr)
        one = Run(weir, folder, sim.url, "--qps", "0.1", "--duration", "0.5", model="served")  # the advised single request
        check(one.results[0]["total_requests"] == 1 and one.results[0]["qps_target"] == 0.1, f"{one.results}")
        check("Running QPS test: 0.1 queries/second for 0.5 seconds" in one.stdout and "\n0.1          " in one.stdout, one.stdout)
    with Sim(weir, "--fault", "http503:1", truth=False) as sim:
        r = Run(weir, folder, sim.url, "--qps", "20,40", "--duration", "0.5", expect=1)
        check(len(r.results) == 1 and r.results[0]["errors"] == {"HTTP 503": 10} and r.results[0]["ttft"]["p50"] is None, f"{r.results}")
        check("Stopping tests - no request succeeded." in r.stdout and "All requests fail: the endpoint is overloaded" in r.stdout, r.stdout)
        check("N/A" in r.table()[1][0], f"{r.table()}")


def test_no_tokens(folder):
    """Empty streams: tokens/sec is 0, as documented, and why."""
    import http.server
    import threading

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            chunk = {"choices": [{"delta": {"role": "assistant"}, "finish_reason": "stop"}]}
            usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 0}}
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(f"data: {json.dumps(chunk)}\n\ndata: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    r = Run(weir, folder, f"http://127.0.0.1:{server.server_address[1]}", "--qps", "10", "--duration", "0.5", "--percentiles", "50")
    server.shutdown()
    check(r.results[0]["tokens_per_sec"]["p50"] == 0 and r.results[0]["success_rate"] == 100, f"{r.results}")
    check(r.table()[1][0].rstrip().endswith("0.0"), f"{r.table()}")
    check("Answers without any text (QPS 10.0)" in r.stdout and "supports streaming and returns tokens" in r.stdout, r.stdout)


def test_too_good(folder):
    """Answers that all end at --max-tokens are said to be truncated; the cost is that of the window."""
    with Sim(weir, "--ttft", "2ms", "--itl", "1ms", "--output-tokens", "40") as sim:
        r = Run(weir, folder, sim.url, "--qps", "20", "--duration", "0.5", "--max-tokens", "6", "--gpu-rate", "3.6", "--num-gpus", "2")
        truth = sim.truth()
    check("end at --max-tokens 6 (QPS 20.0)" in r.stdout, r.stdout)
    server = [truth[q["request_id"]] for q in r.requests(0)]
    cost, figures = r.results[0]["cost_analysis"], r.results[0]
    check(cost["total_input_tokens"] == sum(t["prompt_tokens"] for t in server), f"{cost}")
    check(cost["total_output_tokens"] == sum(t["output_tokens"] for t in server) == 60, f"{cost}")
    check(cost["total_tokens"] == cost["total_input_tokens"] + 60, f"{cost}")
    check(abs(cost["gpu_cost"] - 3.6 * 2 * figures["duration"] / 3600) < 1e-8, f"{cost}")
    check(abs(cost["cost_per_million_tokens"] - cost["gpu_cost"] * 1e6 / cost["total_tokens"]) < 0.02 * cost["cost_per_million_tokens"], f"{cost}")
    check(r.table()[0].endswith("$/M Tokens  ") and f"${cost['cost_per_million_tokens']:.4f}" in r.table()[1][0], f"{r.table()}")
    check(r.metadata["cost_calculation"] == {"gpu_rate": 3.6, "num_gpus": 2}, f"{r.metadata}")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        test_missing(folder)
        test_datasets(folder)
        test_all_requests_fail(folder)
        test_no_tokens(folder)
        test_too_good(folder)


main()
