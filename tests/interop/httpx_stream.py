"""A chat client with httpx, which streams answers and notes when their content came: httpx_stream.py URL REQUESTS CONCURRENCY
MAX_TOKENS. Prints a JSON list of {ttft_s, total_s, chunks, headers}."""
import asyncio
import json
import sys
import time

import httpx

URL, REQUESTS, CONCURRENCY, MAX_TOKENS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
BODY = {"model": "llama", "max_tokens": MAX_TOKENS, "temperature": 0.7, "stream": True,
        "messages": [{"role": "user", "content": "How deep is the river above the weir?"}]}


async def ask(client):
    began, first, chunks = time.perf_counter(), None, 0
    async with client.stream("POST", URL, json=BODY, headers={"Accept": "text/event-stream"}) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            for choice in json.loads(line[6:])["choices"]:
                if choice["delta"].get("content"):
                    first = first or time.perf_counter() - began
                    chunks += 1
    return {"ttft_s": first, "total_s": time.perf_counter() - began, "chunks": chunks,
            "headers": {k: v for k, v in answer.headers.items() if k.startswith("x-")}, "version": answer.http_version}


async def main():
    places = asyncio.Semaphore(CONCURRENCY)
    async with httpx.AsyncClient(http2=True, verify=False, timeout=60, trust_env=False) as client:
        async def one():
            async with places:
                return await ask(client)
        print(json.dumps(await asyncio.gather(*(one() for _ in range(REQUESTS)))))


asyncio.run(main())
