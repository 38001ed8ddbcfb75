"""The work of seed document 4's client, done by aiohttp, against the same mock server: `weir as async_benchmarking` prints the
figures that aiohttp's own clock gives."""
import json
import os
import subprocess
import sys
import tempfile

import foreign

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "seeds"))
from as_program import run  # noqa: E402
from async_lib import Block, endpoints, mock  # noqa: E402
from lib import SANITIZED, check  # noqa: E402

WEIR = os.path.abspath(sys.argv[1])
CLIENT = r'''
import asyncio, collections, json, statistics, sys, time
import aiohttp

requests, concurrency, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
urls = open(path).read().split()

async def one(session, slots, i):
    async with slots:
        began = time.monotonic()
        async with session.get(urls[i % len(urls)]) as response:
            body = await response.json()
        return response.status, time.monotonic() - began, body.get("output_tokens", 0)

async def main():
    slots = asyncio.Semaphore(concurrency)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began = time.monotonic()
        done = await asyncio.gather(*(one(session, slots, i) for i in range(requests)))
        total = time.monotonic() - began
    taken = [t for _, t, _ in done]
    print(json.dumps({"codes": collections.Counter(str(s) for s, _, _ in done), "total": total, "mean": statistics.mean(taken),
                      "median": statistics.median(taken), "most": max(taken), "tokens": sum(n for _, _, n in done) / requests}))

asyncio.run(main())
'''


def by_aiohttp(python, folder, requests, concurrency):
    done = subprocess.run([python, "-c", CLIENT, str(requests), str(concurrency), os.path.join(folder, "endpoints.txt")],
                          capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def compare(python, folder, tokens, requests, concurrency, limit, scale, exact):
    with mock(WEIR, limit, scale) as sim:
        endpoints(os.path.join(folder, "endpoints.txt"), sim, *tokens)
        theirs = by_aiohttp(python, folder, requests, concurrency)
        ours = Block(run(WEIR, "async_benchmarking", "--requests", str(requests), "--concurrency", str(concurrency), "--targets",
                         "endpoints.txt", "--seed", "2", cwd=folder).stdout)
    ours.check_formulas()
    what = f"{tokens} {requests} {concurrency} of {limit}: weir {vars(ours)}, aiohttp {theirs}"
    check(ours.codes == theirs["codes"], what)
    if exact:
        check(abs(ours.tokens - theirs["tokens"]) < 1e-4, what)
    else:  # theirs goes round the list, ours draws
        check(abs(ours.tokens - theirs["tokens"]) < 0.35 * theirs["tokens"], what)
    if SANITIZED:
        return
    # A busy machine makes Python later than weir, never earlier.
    slack = 0.02 + 0.1 * theirs["total"] if exact else 0.25 * theirs["total"]
    check(ours.total < theirs["total"] + slack and ours.most < theirs["most"] + 0.05, what)
    check(ours.mean < theirs["mean"] + 0.02 + (0 if exact else 0.2 * theirs["mean"]), what)
    check(theirs["total"] < 2 * ours.total, what)
    if exact and set(ours.codes) == {"200"}:
        check(theirs["median"] < 1.5 * ours.median, what)


def main():
    python = os.path.join(foreign.venv("async-client", "aiohttp==3.11.11"), "python")
    with tempfile.TemporaryDirectory(prefix="weir-async-") as folder:
        compare(python, folder, [3], 100, 10, 100, 0.1, True)
        compare(python, folder, [300], 500, 50, 100, 0.05, True)
        compare(python, folder, [3], 500, 25, 10, 2, True)
        compare(python, folder, [3, 30, 300, 3000, 30000], 500, 100, 100, 0.05, False)


main()
