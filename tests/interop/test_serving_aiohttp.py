"""The work of seed document 1's client, done by aiohttp, against the same simulator: first and next token latencies, whole latencies
and lengths of streams in the simple protocol are those that `weir as benchmark_serving` writes."""
import json
import os
import subprocess
import sys
import tempfile

import foreign

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "seeds"))
from lib import SANITIZED, check, clean_env  # noqa: E402
from serving_lib import MODEL, Serving, near, server  # noqa: E402

WEIR = os.path.abspath(sys.argv[1])
CLIENT = r'''
import asyncio, json, sys, time
import aiohttp

url, prompt, n, new, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
body = {"text": prompt, "config": {"max_new_tokens": new}, "stream": True}

async def one(session, due):
    await asyncio.sleep(max(0, due - time.monotonic()))
    began, at, text = time.monotonic(), [], b""
    async with session.post(url, json=body) as response:
        response.raise_for_status()
        async for piece in response.content.iter_any():
            at.append(time.monotonic())
            text += piece
    words = len(text.decode().split())
    return {"first": at[0] - began, "next": (at[-1] - at[0]) / (words - 1), "latency": time.monotonic() - began, "words": words}

async def main():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begin = time.monotonic() + 0.1
        print(json.dumps(await asyncio.gather(*(one(session, begin + i / rate) for i in range(n)))))

asyncio.run(main())
'''


def main():
    python = os.path.join(foreign.venv("async-client", "aiohttp==3.11.11"), "python")
    n, new, rate = 40, 12, 20
    with tempfile.TemporaryDirectory(prefix="weir-serving-") as folder, server(WEIR, "--ttft", "60ms", "--itl", "10ms") as sim:
        subprocess.run([WEIR, "dataset", "generate", "--format", "ipex", "--families", "gpt-j", "--lengths", "32", "-o",
                        os.path.join(folder, "prompt.json")], check=True, capture_output=True, env=clean_env())
        prompt = json.load(open(os.path.join(folder, "prompt.json")))["gpt-j"]["32"]
        done = subprocess.run([python, "-c", CLIENT, f"{sim.url}/{MODEL}", prompt, str(n), str(new), str(rate)], capture_output=True,
                              text=True, timeout=120)
        check(done.returncode == 0, done.stderr)
        theirs = json.loads(done.stdout)
        ours = Serving(WEIR, folder, sim, "--dataset", "prompt.json", "--dataset-format", "IPEX", "--max-new-tokens", str(new),
                       "--num-prompts", str(n), "--request-rate", str(rate))
        truth = [t for t in sim.truth().values() if t["n"]]
    check([t["output_tokens"] for t in truth] == [new] * 2 * n, "the server did the same for both")
    check({t["words"] for t in theirs} == {new} == {r[3] for r in ours.rows} and {r[2] for r in ours.rows} == {32}, "lengths")
    if SANITIZED:
        return
    mean = {k: sum(t[k] for t in theirs) / n for k in ("first", "next", "latency")}
    near(ours.summary["avg_first_token_latency"], mean["first"], 0.015, "first token, and aiohttp's")
    near(ours.summary["avg_next_token_latency"], mean["next"], 0.002, "next tokens, and aiohttp's")
    near(ours.summary["avg_latency"], mean["latency"], 0.03, "latency, and aiohttp's")


main()
