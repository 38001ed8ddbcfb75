"""`weir run` against llama.cpp's own server with a model of random weights (tiny_llama_cpp.py): counts, texts and token events
against what Python's http client gets from the same server, and its timings and embeddings."""
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request

from foreign import Server, free_ports, venv
from lib import check, run, wait_for

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
N, TOKENS, PROMPT = 12, 16, "aaa baa caa"


class LlamaCpp(Server):
    def __init__(self, programs, folder, *options):
        port, = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        super().__init__([os.path.join(programs, "python"), os.path.join(HERE, "tiny_llama_cpp.py"),
                          os.path.join(folder, "tiny.gguf"), str(port), *options], [port], 60)
        wait_for(self.healthy, 60, "the model was not loaded")

    def healthy(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError: # 503 while it loads
            return False

    def ask(self, path, **body):
        q = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(q, timeout=30) as answer:
            return json.load(answer)

    def measure(self, path, *more):
        r = run(WEIR, self.url + path, "--concurrency", "2", "--num-requests", str(N), "--duration", "none", "--prompt", PROMPT,
                "--save-text", *more)
        check(len(r.requests) == N and {q["outcome"] for q in r.requests} == {"ok"}, f"{path}: {r.requests[0]}")
        return r


def same(r, usage, text, events):
    for q in r.requests:
        check(q["token_source"] == "usage", f"source {q['token_source']}")
        check((q["tokens_in"], q["tokens_out"]) == (usage["prompt_tokens"], usage["completion_tokens"]), f"{q}, {usage}")
        check(q["answer"] == text, f"{q['answer']!r} is not {text!r}")
        check(len(q.get("dt", [])) == events and q["finish"] == "length", f"{len(q.get('dt', []))} events, {q['finish']}")


def texts(server):
    limits = ("--max-tokens", str(TOKENS), "--temperature", "0")
    chat = server.ask("/v1/chat/completions", messages=[{"role": "user", "content": PROMPT}], max_tokens=TOKENS, temperature=0)
    said = chat["choices"][0]["message"]["content"]
    check(chat["usage"]["completion_tokens"] == TOKENS and len(said.split()) == TOKENS, f"the model is not as it is meant: {chat}")
    same(server.measure("", *limits), chat["usage"], said, TOKENS)
    same(server.measure("", *limits, "--no-stream"), chat["usage"], said, 0)
    r = server.measure("", *limits, "--extra-body", '{"timings_per_token":true}')
    same(r, chat["usage"], said, TOKENS)
    check(all(q["cum"] == list(range(1, TOKENS + 1)) for q in r.requests), f"counts of the timings: {r.requests[0]}")
    check(r.summary["levels"][0]["tokens"]["itl_unit"] == "token", f"{r.summary['levels'][0]['tokens']}")
    check(r.json("metadata.json")["server"]["program"].startswith("llama.cpp"), f"{r.json('metadata.json')['server']}")

    whole = server.ask("/v1/completions", prompt=PROMPT, max_tokens=TOKENS, temperature=0)
    same(server.measure("/v1/completions", *limits), whole["usage"], whole["choices"][0]["text"], TOKENS)


def embeddings(server):
    usage = server.ask("/v1/embeddings", input=PROMPT)["usage"]
    r = server.measure("/v1/embeddings")
    check(all(q["tokens_in"] == usage["prompt_tokens"] > 0 and q["no_text"] for q in r.requests), f"{r.requests[0]}, {usage}")
    check("answers are no text" in " ".join(r.summary["levels"][0]["notes"]), f"{r.summary['levels'][0]['notes']}")


def metrics(server):
    """Four at a time, where the server has two slots."""
    r = run(WEIR, server.url, "--concurrency", "4", "--duration", "2s", "--prompt", PROMPT, "--max-tokens", "400", "--metrics-url", "auto",
            "--metrics-interval", "100ms")
    check("/metrics (llama.cpp), every 100 ms" in r.stderr, r.stderr)
    s = r.summary["levels"][0]["server"]
    check(s["scrapes"] > 2 and 0 < s["running"]["max"] <= 2 and 0 < s["waiting"]["max"] <= 2, f"{s}")
    check(s["prefix_cache_hit_rate"] is None and s["preemptions"] is None and s["gpu"] is None, f"{s}")


programs = venv("llama-cpp", "xllamacpp==2026.10.11549", "gguf", "numpy")
with tempfile.TemporaryDirectory(prefix="weir-llama-cpp-") as folder:
    with LlamaCpp(programs, folder) as server:
        texts(server)
        metrics(server)
    with LlamaCpp(programs, folder, "--embedding") as server:
        embeddings(server)
