"""peers_llm.py - clients that read token streams: their command line for one burst of streams, and what they say afterwards.

stream_command(url, streams, tokens, folder) -> (command, environment); stream_result(folder, child) -> a Streams. Each is told
to open all its streams at once, keep no more state than its own report needs, and write times per request where it can.
"""
import glob
import json
import os
import zipfile

from harness import CACHE
from peers import NotHere, Peer, dist_version, must, python

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = "weir-sim"


class Streams:
    """complete: streams that ended well; tokens: counted by the client; rows: (request id or None, TTFT in ns, [gap in ns] or
    None); note: what a reader must know of these figures."""

    def __init__(self, complete=0, tokens=0, rows=(), note=""):
        self.complete, self.tokens, self.rows, self.note = complete, tokens, list(rows), note


def tokenizer():
    """A word-level tokenizer.json of three words: these clients want one, whatever the server is."""
    folder = os.path.join(CACHE, "tokenizer")
    os.makedirs(folder, exist_ok=True)
    unknown = {"id": 0, "content": "[UNK]", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    with open(os.path.join(folder, "tokenizer.json"), "w") as f:
        json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [unknown], "normalizer": None,
                   "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
                   "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "Hello": 1, "there": 2}, "unk_token": "[UNK]"}}, f)
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "model_max_length": 1000000}, f)
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump({"model_type": "gpt2"}, f)
    return folder


def prompts(folder, count, key):
    path = os.path.join(folder, "prompts.jsonl")
    with open(path, "w") as f:
        f.writelines(json.dumps({key: "Hello there"}) + "\n" for _ in range(count))
    return path


def own_rows(path):
    with open(path) as f:
        done = json.load(f)
    rows = [(r["id"], r["ttft"] * 1e9, [g * 1e9 for g in r["itl"]]) for r in done if r["ok"] and r["ttft"] is not None]
    return Streams(len(rows), sum(r["tokens"] for r in done), rows)


class Weir(Peer):
    name, source = "weir", "this tree"

    def __init__(self, program=None):
        self.program = program
        text = must([program, "run", "--help"])
        self.options = {word.strip(",[].") for word in text.split() if word.startswith("--")}
        # All streams at once, as the others are asked to.
        self.at_once = ["--ramp-up", "none"] if "--ramp-up" in self.options else []

    def install(self):
        return self.program

    def version(self):
        return must([self.program, "--version"]).split()[1]

    def stream_command(self, url, streams, tokens, folder, *more):
        return [self.program, "run", url, "--duration", "none", "--quiet", "--model", MODEL, "--no-probe", "--prompt", "Hello there",
                "--concurrency", str(streams), "--num-requests", str(streams), "--max-tokens", str(tokens), "--output-dir",
                os.path.join(folder, "out"), *self.at_once, *more], {}

    def stream_result(self, folder, child):
        with open(os.path.join(folder, "out", "summary.json")) as f:
            level = json.load(f)["levels"][0]
        rows, tokens = [], 0
        with open(os.path.join(folder, "out", "requests.jsonl")) as f:
            for q in map(json.loads, f):
                if q["type"] == "request" and q["outcome"] == "ok":
                    at, instants = q["first_token"], []
                    for gap in q["dt"]:
                        at += gap
                        instants.append(at)
                    rows.append((q["request_id"], instants[0] - q["start"], [b - a for a, b in zip(instants, instants[1:])]))
                    tokens += len(instants)
        done = Streams(len(rows), tokens, rows)
        done.verdict = level["verdict"]
        return done


def vllm_wheel():
    """The published wheel without its dependencies: 330 MB of engine, of which only the benchmark client is kept."""
    folder = os.path.join(CACHE, "vllm")
    if not os.path.exists(f"{folder}/version"):
        must(["python3", "-m", "pip", "download", "-q", "vllm", "--no-deps", "--only-binary", ":all:", "-d", f"{folder}/wheel"])
        wheel = glob.glob(f"{folder}/wheel/vllm-*.whl")[0]
        with zipfile.ZipFile(wheel) as z:
            for member in ("vllm/vllm-rs", "vllm/benchmarks/lib/endpoint_request_func.py"):
                if member in z.namelist():
                    z.extract(member, folder)
        os.remove(wheel)
        with open(f"{folder}/version", "w") as f:
            f.write(os.path.basename(wheel).split("-")[1])
    return folder


class VllmRust(Peer):
    name, source = "vllm-rs", "`vllm-rs bench serve` of PyPI's vllm wheel"

    def install(self):
        path = os.path.join(vllm_wheel(), "vllm", "vllm-rs")
        if not os.path.exists(path):
            raise NotHere("this vllm wheel brings no vllm-rs")
        os.chmod(path, 0o755)
        return path

    def version(self):
        return must([self.program, "--version"]).split()[-1]

    def stream_command(self, url, streams, tokens, folder):
        return [self.program, "bench", "serve", "--backend", "openai", "--base-url", url, "--model", MODEL, "--tokenizer", tokenizer(),
                "--dataset-name", "custom", "--dataset-path", prompts(folder, streams, "prompt"), "--custom-output-len", str(tokens),
                "--num-prompts", str(streams), "--max-concurrency", str(streams), "--save-result", "--save-detailed", "--result-dir",
                folder, "--result-filename", "r.json", "--disable-tqdm", "--request-id-prefix", "rs-", "--temperature", "0"], {}

    def stream_result(self, folder, child):
        with open(os.path.join(folder, "r.json")) as f:
            r = json.load(f)
        rows = [(f"rs-{i}", ttft * 1e9, [g * 1e9 for g in itl])
                for i, (ttft, itl, error) in enumerate(zip(r["ttfts"], r["itls"], r["errors"])) if not error]
        return Streams(r["completed"], sum(len(itl) for _, _, itl in rows) + len(rows), rows,
                       "its completions client counts the closing event, which carries no text, as a token")


class VllmPython(Peer):
    name, source = "vllm-py", "`endpoint_request_func.py` of PyPI's vllm wheel, driven by bench/vllm_client.py"

    def install(self):
        vllm_wheel()
        return python("py-vllm", "python", "aiohttp", "tqdm", "regex")

    def version(self):
        with open(os.path.join(CACHE, "vllm", "version")) as f:
            return f"{f.read().strip()}, aiohttp {dist_version(self.program, 'aiohttp')}"

    def stream_command(self, url, streams, tokens, folder):
        return [self.program, os.path.join(HERE, "vllm_client.py"), os.path.join(CACHE, "vllm/vllm/benchmarks/lib"), url, MODEL,
                str(streams), str(tokens), os.path.join(folder, "r.json")], {}

    def stream_result(self, folder, child):
        return own_rows(os.path.join(folder, "r.json"))


class Locust(Peer):
    name, source = "locust", "PyPI, with bench/locustfile.py (it has no SSE client of its own)"

    def install(self):
        return python("py-locust", "locust", "locust")

    def version(self):
        return dist_version(os.path.join(os.path.dirname(self.program), "python"), "locust")

    def base(self, url, users, seconds):
        return [self.program, "-f", os.path.join(HERE, "locustfile.py"), "--headless", "--host", url, "-u", str(users), "-r", str(users),
                "-t", f"{seconds}s", "--only-summary", "--loglevel", "ERROR"]

    def stream_command(self, url, streams, tokens, folder):
        return self.base(url, streams, 100), {"BENCH_TOKENS": str(tokens), "BENCH_OUT": os.path.join(folder, "r.json")}

    def stream_result(self, folder, child):
        return own_rows(os.path.join(folder, "r.json"))

    def rate_command(self, url, rate, seconds, folder):
        return self.base(url, 100, seconds), {"BENCH_RATE": str(rate), "BENCH_USERS": "100"}, "100 users, constant_throughput(10)"


class Aiperf(Peer):
    name, source = "aiperf", "PyPI"

    def install(self):
        return python("py-aiperf", "aiperf", "aiperf")

    def version(self):
        return dist_version(os.path.join(os.path.dirname(self.program), "python"), "aiperf")

    def base(self, url, folder, *more):
        return [self.program, "profile", "--model", MODEL, "--url", url, "--endpoint-type", "chat", "--tokenizer", tokenizer(), "--ui",
                "none", "--output-artifact-dir", os.path.join(folder, "out"), "--input-file", prompts(folder, 100, "text"),
                "--custom-dataset-type", "single_turn", "--use-server-token-count", *more], {}

    def stream_command(self, url, streams, tokens, folder):
        return self.base(url, folder, "--streaming", "--concurrency", str(streams), "--request-count", str(streams), "--extra-inputs",
                         f"max_tokens:{tokens}")

    def stream_result(self, folder, child):
        rows, tokens = [], 0
        path = glob.glob(os.path.join(folder, "out", "**", "profile_export.jsonl"), recursive=True)[0]
        with open(path) as f:
            for q in map(json.loads, f):
                m = q.get("metrics") or {}
                if q.get("error") or "time_to_first_token" not in m:
                    continue
                gaps = m.get("inter_chunk_latency", {}).get("value")
                rows.append((q["metadata"].get("x_request_id"), m["time_to_first_token"]["value"] * 1e6,
                             [g * 1e6 for g in gaps] if isinstance(gaps, list) else None))
                tokens += int(m.get("output_sequence_length", {}).get("value", 0))
        return Streams(len(rows), tokens, rows)

    def rate_command(self, url, rate, seconds, folder):
        command, env = self.base(url, folder, "--request-rate", str(rate), "--request-rate-mode", "constant", "--request-count",
                                 str(rate * seconds), "--extra-inputs", "max_tokens:1")
        return command, env, "--request-rate-mode constant"


class Guidellm(Peer):
    name, source = "guidellm", "PyPI"

    def install(self):
        return python("py-guidellm", "guidellm", "guidellm")

    def version(self):
        return dist_version(os.path.join(os.path.dirname(self.program), "python"), "guidellm")

    def base(self, url, profile, count, tokens, folder):
        data = os.path.join(folder, "data.jsonl")
        with open(data, "w") as f:
            f.writelines(json.dumps({"prompt": "Hello there", "output_tokens_count": tokens}) + "\n" for _ in range(count))
        return [self.program, "run", "--backend", f"kind=openai_http,target={url},model={MODEL},request_format=/v1/chat/completions", "--profile", profile,
                "--constraint", f"kind=max_requests,count={count}", "--tokenizer", f"kind=huggingface_auto,model={tokenizer()}", "--data",
                f"kind=json_file,path={data}", "--output", f"kind=json,path={folder}/r.json", "--disable-console"], {
                    "HF_HUB_OFFLINE": "1"}

    def stream_command(self, url, streams, tokens, folder):
        return self.base(url, f"kind=concurrent,streams={streams}", streams, tokens, folder)

    def stream_result(self, folder, child):
        with open(os.path.join(folder, "r.json")) as f:
            done = json.load(f)["benchmarks"][0]["requests"]["successful"]
        rows = [((q.get("response_id") or "").removeprefix("chatcmpl-"), q["time_to_first_token_ms"] * 1e6, None)
                for q in done if q.get("time_to_first_token_ms") is not None]
        return Streams(len(done), sum(q.get("output_tokens") or 0 for q in done), rows, "one mean gap per request: no ITL to compare")

    def rate_command(self, url, rate, seconds, folder):
        command, env = self.base(url, f"kind=constant,rate={rate}", rate * seconds, 1, folder)
        return command, env, "--profile kind=constant"


REGISTRY = [VllmRust, Aiperf, Guidellm, VllmPython, Locust]
