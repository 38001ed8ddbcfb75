#!/usr/bin/env python3
"""Seed document 1, IPEX: its example command with a file that `weir dataset generate` makes; which prompt is sent; Synthesis; the
sampling options in the body; both protocols, and the hint where the other one was meant."""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

from as_program import run, together
from lib import check, clean_env
from serving_lib import MODEL, Serving, server

weir = sys.argv[1]


def test_the_documents_command(folder):
    """10 identical prompts of 32 tokens for 32 new ones, at once."""
    with server(weir) as sim:
        done = run(weir, "benchmark_serving", "--model_endpoint_base", sim.url, "--model_name", MODEL, "--dataset",
                   "benchmarks/prompt.json", "--dataset-format", "IPEX", "--input-tokens", "32", "--max-new-tokens", "32",
                   "--num-prompts", "10", cwd=folder)
        truth = list(sim.truth().values())
    check("Prompt Length (Min/Med/Max): 32 / 32 / 32\n" in done.stdout and "Tokens counted by: the server\n" in done.stdout, done.stdout)
    check("First Tokens" not in done.stdout, "nothing was streamed")
    check([(t["prompt_tokens"], t["output_tokens"], t["stream"]) for t in truth] == [(32, 32, False)] * 10, "ten of 32 and 32")
    check(max(t["received"] for t in truth) < min(t["end"] for t in truth), "all at once")
    prompts = json.load(open(os.path.join(folder, "benchmarks", "prompt.json")))
    check(all(len(p.split()) == int(n) for f in prompts.values() for n, p in f.items()), "exact lengths")


def test_which_prompt(folder):
    prompts = json.load(open(os.path.join(folder, "benchmarks", "prompt.json")))
    with server(weir) as sim:
        for words, want, new in ((["--input_tokens", "64"], prompts["gpt-j"]["64"], 64),
                                 (["--model-type", "llama", "--max_new_tokens", "5"], prompts["llama"]["32"], 5)):
            s = Serving(weir, folder, sim, "--dataset", "benchmarks/prompt.json", "--dataset_format", "IPEX", "--num_prompts", "3", *words)
            check({r[0] for r in s.rows} == {want}, f"{words}: {s.rows[0][0]}")
            check({r[3] for r in s.rows} == {new}, "as many new tokens as the prompt has, where nothing else is said")
        refused = (
            (["--input-tokens", "33"], "Invalid input_tokens to index from dataset \"benchmarks/prompt.json\"! Of gpt-j it has 32, 64"),
            (["--model-type", "bloom"], "has no prompts for \"bloom\"; --model-type can be one of gpt-j, llama"),
            (["--dataset-format", "JSON"], "ShareGPT, IPEX, Synthesis"), (["--request-rate", "0"], "--request-rate 0"),
            (["--num-prompts", "none"], "--num-prompts"), (["--simple", "--openai"], "two protocols"),
            (["--dataset", "nothing.json"], "nothing.json"), (["--model_name", "a b"], "--model-name"),
            (["--max-new-tokens", "0"], "--max-new-tokens"), (["--nosuch"], "--nosuch"))
        for words, says in refused:
            done = run(weir, "benchmark_serving", "--model-endpoint-base", sim.url, "--model-name", MODEL, "--dataset",
                       "benchmarks/prompt.json", "--dataset-format", "IPEX", *words, cwd=folder, expect=2)
            check(done.stdout == "" and says in done.stderr and done.stderr.count("\n") == 1, f"{words}: {done.stderr}")
        for words, says in (([], "--model-name is needed"), (["--model-name", "m"], "--dataset-format is needed"),
                            (["--model-name", "m", "--dataset-format", "IPEX"], "--dataset is needed")):
            check(says in run(weir, "benchmark_serving", *words, cwd=folder, expect=2).stderr, f"{words}")
        check(len(sim.truth()) == 6, "nothing was sent before all was checked")
    shown = run(weir, "benchmark_serving", "--help", cwd=folder).stdout
    check("--dataset-format FORMAT" in shown and "--dataset_format" in shown, "--help tells of both spellings")


def test_synthesis(folder):
    with server(weir, "--max-seqs", "1000") as sim:
        s = Serving(weir, folder, sim, "--dataset-format", "Synthesis", "--num-prompts", "400", "--input-len-mean", "40",
                    "--input-len-stddev", "6", "--output_len_mean", "12", "--output_len_stddev", "3")
        truth = list(sim.truth().values())
    check(len({r[0] for r in s.rows}) == 400, "all different")
    for key, mean, sd in (("prompt_tokens", 40, 6), ("output_tokens", 12, 3)):
        v = [t[key] for t in truth]
        got = sum(v) / len(v)
        spread = (sum((x - got) ** 2 for x in v) / len(v)) ** 0.5
        check(abs(got - mean) < 5 * sd / 20 + 0.5 and abs(spread - sd) < 0.25 * sd and min(v) >= 1, f"{key}: {got}, {spread}")
    check(sorted(t["prompt_tokens"] for t in truth) == sorted(r[2] for r in s.rows), "prompt_len is what the server saw")


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers.get("User-Agent"), self.headers.get("Authorization"), body))
        reply = json.dumps([{"text": "two words", "input_length": 3, "generate_length": 2}]).encode()
        if self.path.startswith("/v1"):
            reply = json.dumps({"choices": [{"message": {"content": "two words"}, "finish_reason": "stop"}],
                                "usage": {"prompt_tokens": 3, "completion_tokens": 2}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)


def test_bodies(folder):
    """What a server of the original would have to read: text, config and stream, and nothing beside."""
    server_ = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server_.daemon_threads = True
    threading.Thread(target=server_.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server_.server_address[1]}"
    words = ["--model-endpoint-base", url + "/", "--model-name", MODEL, "--dataset", "benchmarks/prompt.json", "--dataset-format", "IPEX",
             "--max-new-tokens", "2", "--num-prompts", "1"]
    prompt = json.load(open(os.path.join(folder, "benchmarks", "prompt.json")))["gpt-j"]["32"]
    cases = (([], {"max_new_tokens": 2}), (["--temperature", "0", "--top_p", "0.5", "--top_k", "7", "--do_sample"],
                                           {"max_new_tokens": 2, "temperature": 0, "top_p": 0.5, "top_k": 7, "do_sample": True}),
             (["--vllm-engine"], {"max_new_tokens": 2, "ignore_eos": True}))
    env = clean_env(OPENAI_API_KEY="sk-of-someone-else")
    for more, config in cases:
        Recorder.seen.clear()
        done = run(weir, "benchmark_serving", *words, *more, cwd=folder, env=env)
        check(Recorder.seen == [(f"/{MODEL}", "Benchmark Client", None, {"text": prompt, "config": config, "stream": False})],
              str(Recorder.seen))
        check("Prompt Length (Min/Med/Max): 3 / 3 / 3" in done.stdout, "the server's lengths")
    Recorder.seen.clear()
    done = run(weir, "benchmark_serving", *words, "--openai", "--temperature", "0.5", "--top-p", "0.25", "--top-k", "3", cwd=folder, env=env)
    path, agent, key, body = Recorder.seen[-1]
    check((path, agent, key) == ("/v1/chat/completions", "Benchmark Client", "Bearer sk-of-someone-else"), f"{path} {agent} {key}")
    check(body == {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "max_tokens": 2, "temperature": 0.5,
                   "top_p": 0.25, "stream": False}, str(body))
    check("--top_k and --do_sample are of the simple protocol" in done.stderr, done.stderr)
    server_.shutdown()


def test_the_other_protocol(folder):
    """The document's own commands leave out which protocol is meant; a 404 says what to try."""
    with server(weir) as sim:
        missing = Serving(weir, folder, sim, "--dataset-format", "Synthesis", "--num-prompts", "4", name="opt", expect=1, results=None)
        check(missing.out["why"] == "http_404 4" and "--openai" in missing.done.stderr, missing.done.stderr)
        s = Serving(weir, folder, sim, "--dataset-format", "Synthesis", "--num-prompts", "4", "--openai")
        check(s.out["source"] == "the server (usage)" and s.out["first"] is not None, s.out["source"])
    done = None
    server_ = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server_.serve_forever, daemon=True).start()
    server_.RequestHandlerClass = NotThere
    done = run(weir, "benchmark_serving", "--model-endpoint-base", f"http://127.0.0.1:{server_.server_address[1]}", "--model-name", "m",
               "--dataset-format", "Synthesis", "--num-prompts", "2", "--openai", cwd=folder, expect=1)
    server_.shutdown()
    check("Try without --openai" in done.stderr, done.stderr)


class NotThere(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        self.send_error(404)


def main():
    with tempfile.TemporaryDirectory(prefix="weir-serving-") as folder:
        os.makedirs(os.path.join(folder, "benchmarks"))
        subprocess.run([weir, "dataset", "generate", "--format", "ipex", "--families", "gpt-j,llama", "--lengths", "32,64", "-o",
                        os.path.join(folder, "benchmarks", "prompt.json")], check=True, capture_output=True, env=clean_env())
        together(*(lambda t=t: t(folder) for t in (test_the_documents_command, test_which_prompt, test_synthesis, test_bodies,
                                                   test_the_other_protocol)))


main()
