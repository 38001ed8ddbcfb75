"""httpx over HTTP/2 against `weir sim`: http2_client.py URL. Says itself what is wrong."""
import asyncio
import json
import sys

import httpx

URL = sys.argv[1]
N = 20


async def one(client, i):
    body = {"model": "m", "stream": True, "max_tokens": 10 + i, "messages": [{"role": "user", "content": "How deep?"}]}
    texts = []
    async with client.stream("POST", URL + "/v1/chat/completions", json=body, headers={"X-Request-ID": f"x-{i}"}) as r:
        assert r.status_code == 200 and r.http_version == "HTTP/2", (r.status_code, r.http_version)
        assert r.headers["X-REQUEST-ID"] == f"x-{i}"
        lines = [line async for line in r.aiter_lines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]", lines[-1]
    for line in lines[:-1]:
        for choice in json.loads(line[6:])["choices"]:
            texts += [choice["delta"]["content"]] if choice["delta"].get("content") else []
    assert len(texts) == 10 + i, (i, len(texts))


async def main():
    async with httpx.AsyncClient(http2=True, verify=False, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(one(client, i) for i in range(N)))
        long = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "deep " * 2000000}]}
        r = await client.post(URL + "/v1/chat/completions", json=long) # 10 MB against flow control
        assert r.status_code == 200 and r.json()["usage"]["prompt_tokens"] == 2000000, r.text[:200]
        r = await client.get(URL + "/metrics")
        assert "vllm:" in r.text
        assert (await client.get(URL + "/v1/models")).json()["data"][0]["id"] == "weir-sim"
        assert (await client.get(URL + "/nothing")).status_code == 404
    print(f"httpx: {N} streams at once and 10 MB")


asyncio.run(main())
