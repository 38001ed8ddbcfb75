"""locustfile.py - locust has no SSE client of its own: a user that reads one stream and times its events.

Environment: BENCH_TOKENS, BENCH_OUT (a file that gets one JSON line per stream); BENCH_RATE: instead of streaming, each of the
users sends short requests at BENCH_RATE per second in total over BENCH_USERS users.
"""
import json
import os
import time

import gevent
from locust import FastHttpUser, constant_throughput, events, task
from locust.exception import StopUser

TOKENS, OUT = int(os.environ.get("BENCH_TOKENS", "1")), os.environ.get("BENCH_OUT")
RATE, USERS = float(os.environ.get("BENCH_RATE", "0")), int(os.environ.get("BENCH_USERS", "1"))
rows = []


class Client(FastHttpUser):
    wait_time = constant_throughput(RATE / USERS if RATE else 1)
    connection_timeout = network_timeout = 300.0

    @task
    def ask(self):
        body = {"model": "weir-sim", "messages": [{"role": "user", "content": "Hello there"}], "max_tokens": TOKENS}
        if RATE:
            self.client.post("/v1/chat/completions", json=body)
            return
        start = last = time.perf_counter()
        ttft, gaps, content, ended = None, [], 0, False
        with self.client.post("/v1/chat/completions", json=body | {"stream": True}, stream=True, catch_response=True) as answer:
            name = answer.headers.get("x-request-id") if answer.headers else None
            while not ended:
                line = answer.stream.readline(b"\n")
                now = time.perf_counter()
                if not line:
                    break
                if not line.startswith(b"data: "):
                    continue
                if line.startswith(b"data: [DONE]"):
                    ended = True
                    continue
                choices = json.loads(line[6:])["choices"]
                if choices and choices[0]["delta"].get("content"):
                    content += 1
                    if ttft is None:
                        ttft = now - start
                    else:
                        gaps.append(now - last)
                    last = now
            (answer.success if ended else lambda: answer.failure("cut"))()
        rows.append({"id": name, "ok": ended, "ttft": ttft, "itl": gaps, "tokens": content})
        if len(rows) >= self.environment.parsed_options.num_users:
            gevent.spawn_later(0.05, self.environment.runner.quit)
        raise StopUser()


@events.quitting.add_listener
def write(**_):
    if OUT and rows:
        with open(OUT, "w") as f:
            json.dump(rows, f)
