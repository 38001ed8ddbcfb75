"""The work of seed document 2's client, done by aiohttp, against the same simulator: the same requests at the same constant rate; success,
tokens and the percentiles of TTFT, latency and tokens/s are those that `weir as benchmark` writes."""
import json
import os
import subprocess
import sys
import tempfile

import foreign

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "seeds"))
from lib import SANITIZED, Sim, check, quantile  # noqa: E402
from qps_lib import PERCENTILES, Run, make_dataset  # noqa: E402

WEIR = os.path.abspath(sys.argv[1])
RATE, SECONDS, TOKENS = 25, 2, 20
CLIENT = r'''
import asyncio, json, sys, time
import aiohttp

url, rate, n, tokens = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
samples = json.load(open("conversations.json"))

async def one(session, i, due):
    s = samples[i % len(samples)]
    body = {"model": "m", "messages": [{"role": "system", "content": s["prompt_content"]}, *s["cut_chat_history"]],
            "max_tokens": tokens, "temperature": 0.7, "stream": True, "stream_options": {"include_usage": True}}
    await asyncio.sleep(max(0, due - time.monotonic()))
    began, first, usage = time.monotonic(), None, None
    async with session.post(url, json=body) as response:
        if response.status != 200:
            return {"status": response.status}
        async for line in response.content:
            if not line.startswith(b"data: ") or line.strip() == b"data: [DONE]":
                continue
            event = json.loads(line[6:])
            usage = event.get("usage") or usage
            if first is None and event.get("choices") and event["choices"][0]["delta"].get("content"):
                first = time.monotonic()
    whole = time.monotonic() - began
    return {"status": 200, "ttft": first - began, "e2e_latency": whole, "tokens": usage["completion_tokens"],
            "tokens_per_sec": usage["completion_tokens"] / whole}

async def main():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begin = time.monotonic() + 0.1
        print(json.dumps(await asyncio.gather(*(one(session, i, begin + i / rate) for i in range(n)))))

asyncio.run(main())
'''


def main():
    python = os.path.join(foreign.venv("async-client", "aiohttp==3.11.11"), "python")
    n = RATE * SECONDS
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        with Sim(WEIR, "--ttft", "60ms", "--itl", "10ms", "--itl-per-seq", "500us") as sim:
            done = subprocess.run([python, "-c", CLIENT, sim.url + "/v1/chat/completions", str(RATE), str(n), str(TOKENS)], cwd=folder,
                                  capture_output=True, text=True, timeout=120)
            check(done.returncode == 0, done.stderr)
            theirs = json.loads(done.stdout)
            ours = Run(WEIR, folder, sim.url, "--qps", str(RATE), "--duration", str(SECONDS), "--max-tokens", str(TOKENS), model="m")
            truth = [t for t in sim.truth().values() if t["n"]]
        figures = ours.results[0]
        check([t["status"] for t in theirs] == [200] * n and figures["status_codes"] == {"200": n}, f"{figures}")
        check({t["tokens"] for t in theirs} == {TOKENS} == {q["tokens_out"] for q in ours.requests(0)}, "tokens")
        sent = sum(q["tokens_in"] for q in ours.requests(0))
        looked = truth[n]["prompt_tokens"]  # the request before the load; lines stand in the order of their ends
        check(len(truth) == 2 * n + 1 and sum(t["prompt_tokens"] for t in truth) == 2 * sent + looked, "the same prompts")
    if SANITIZED:
        return
    for name, near in (("ttft", 0.02), ("e2e_latency", 0.04), ("tokens_per_sec", 8)):
        for p in PERCENTILES[:2]:
            want = quantile([t[name] for t in theirs], int(p[1:]) / 100)
            print(f"{name} {p}: {figures[name][p]:.4f}, aiohttp {want:.4f}")
            check(abs(figures[name][p] - want) < near, f"{name} {p}: {figures[name][p]}, aiohttp's {want}")


main()
