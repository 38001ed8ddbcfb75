"""vllm_client.py - drives the request functions of vLLM's Python benchmark client, unmodified, without its engine.

usage: vllm_client.py FOLDER_OF_VLLM_BENCHMARKS_LIB URL MODEL STREAMS TOKENS OUT

vllm/benchmarks/serve.py cannot be imported without torch; vllm/benchmarks/lib/endpoint_request_func.py, which reads the
streams and takes the times, can. The session is made as serve.py makes it, all requests start at once (request rate inf).
"""
import asyncio
import importlib.util
import json
import os
import sys

import aiohttp

FOLDER, URL, MODEL, STREAMS, TOKENS, OUT = sys.argv[1:7]
spec = importlib.util.spec_from_file_location("endpoint_request_func", os.path.join(FOLDER, "endpoint_request_func.py"))
lib = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = lib
spec.loader.exec_module(lib)


async def main():
    n = int(STREAMS)
    connector = aiohttp.TCPConnector(limit=n, limit_per_host=n, ttl_dns_cache=300, use_dns_cache=True, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=6 * 60 * 60)
    async with aiohttp.ClientSession(connector=connector, trust_env=True, timeout=timeout) as session:
        done = await asyncio.gather(*(
            lib.async_request_openai_completions(
                lib.RequestFuncInput(prompt="Hello there", api_url=URL + "/v1/completions", prompt_len=2, output_len=int(TOKENS),
                                     model=MODEL, request_id=f"py-{i}"), session)
            for i in range(n)))
    with open(OUT, "w") as f:
        json.dump([{"id": f"py-{i}", "ok": r.success, "ttft": r.ttft, "itl": r.itl, "tokens": r.output_tokens, "error": r.error[-200:]}
                   for i, r in enumerate(done)], f)


asyncio.run(main())
