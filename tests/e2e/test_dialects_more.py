"""Dialects beside OpenAI's text: SGLang, Triton, embeddings, rerank, LLM-on-Ray, LMI bodies, Bedrock's, AWS's event stream
around them, and counts in each event of a chat. Of each the counts, texts and outcomes are those of the simulator's truth, and
no token is seen before it was written.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

from lib import SANITIZED, Sim, check, clean_env, quantile, run

WEIR = sys.argv[1]
N, TOKENS = 40, 9
MODEL = ("--ttft", "4ms", "--itl", "2ms", "--seed", "5")
LOAD = ("--concurrency", "4", "--num-requests", str(N), "--duration", "none", "--no-probe", "--seed", "3", "--ramp-up", "none")
LIMIT = ("--max-tokens", str(TOKENS))


class Case:
    def __init__(self, api, path, source, *options, stream=True, text=True, per_token=False, model=False, sim=(), body=None):
        self.sim = sim # options of its server, where nothing else is to go wrong
        self.framed = stream and path.startswith(("/endpoints/", "/model/"))
        self.api, self.path, self.source, self.options = api, path, source, options
        self.stream, self.text, self.per_token = stream, text, per_token
        self.args = ["--api", api, *(("--model", "weir-sim") if model else ()), *(LIMIT if text and not body else ()), *options]
        if body: # sent as it is
            self.args += ["--dataset", payload(body), "--dataset-format", "payload"]
        self.name = f"{api} {path}{'' if stream or not text else ', whole'}"

    def run(self, sim, *more):
        return run(WEIR, sim.url + self.path, *self.args, *LOAD, *more)


def payload(body):
    path = os.path.join(tempfile.mkdtemp(prefix="weir-e2e-"), "bodies.jsonl")
    with open(path, "w") as f:
        f.write(json.dumps(body) + "\n")
    return path


def dataset():
    """A query and three documents, which every dialect but the chat's takes as one text."""
    path = os.path.join(tempfile.mkdtemp(prefix="weir-e2e-"), "texts.jsonl")
    with open(path, "w") as f:
        for i in range(7):
            texts = ["what is number %d" % i, "one two", "three", "four \"five\" six"]
            json.dump({"messages": [{"role": "user", "content": t} for t in texts]}, f)
            f.write("\n")
    return path


TEXTS = dataset()
CASES = [
    Case("sglang", "/generate", "server", per_token=True),
    Case("sglang", "/generate", "server", "--no-stream", stream=False),
    Case("tensorrt-llm", "/v2/models/llama/generate_stream", "words"),
    Case("tensorrt-llm", "/v2/models/llama/generate", "words", "--no-stream", stream=False),
    Case("llm-on-ray", "/llm-on-ray", "words", "--dataset", TEXTS),
    Case("llm-on-ray", "/llm-on-ray", "server", "--no-stream", stream=False),
    Case("sagemaker-lmi", "/invocations", "server"),
    Case("sagemaker-lmi", "/sse/invocations", "server"),
    Case("sagemaker-lmi", "/invocations", "server", "--no-stream", stream=False),
    Case("sagemaker-lmi", "/endpoints/e/invocations-response-stream", "server", sim=("--fault", "slices:1")),
    Case("sagemaker-lmi", "/endpoints/e/invocations-response-stream", "server",
         "-H", "X-Amzn-SageMaker-Accept: text/event-stream"),
    Case("sagemaker-lmi", "/endpoints/e/invocations", "server", "--no-stream", stream=False),
    Case("openai-chat", "/endpoints/e/invocations-response-stream", "usage", model=True),
    Case("bedrock-converse", "/model/maker.name-v1:0/converse-stream", "usage"),
    Case("bedrock-converse", "/model/maker.name-v1:0/converse", "usage", "--no-stream", stream=False),
    Case("bedrock-invoke", "/model/maker.name-v1:0/invoke-with-response-stream", "usage"),
    Case("bedrock-invoke", "/model/maker.name-v1:0/invoke", "usage", "--no-stream", stream=False),
    Case("bedrock-invoke", "/model/us.meta.name-v1:0/invoke-with-response-stream", "usage",
         body={"prompt": "how deep is it", "max_gen_len": TOKENS}, per_token=True),
    Case("bedrock-invoke", "/model/amazon.titan-name-v1/invoke-with-response-stream", "usage",
         body={"inputText": "how deep is it", "textGenerationConfig": {"maxTokenCount": TOKENS}}),
    Case("openai-chat", "/v1/chat/completions", "usage", "--continuous-usage", per_token=True, model=True),
    Case("openai-embeddings", "/v1/embeddings", "usage", stream=False, text=False, model=True),
    Case("rerank", "/v1/rerank", "usage", "--dataset", TEXTS, stream=False, text=False, model=True),
]


def one(case, texts):
    with Sim(WEIR, *MODEL, *case.sim) as sim:
        r = case.run(sim, "--save-text")
        truth = sim.truth()
    rows, level, lag = r.requests, r.summary["levels"][0], []
    print(case.name, collections.Counter(q["outcome"] for q in rows))
    check(len(rows) == N and {q["outcome"] for q in rows} == {"ok"}, f"{case.name}: {rows[0]}")
    for q in rows:
        t = truth[q["request_id"]]
        check(q.get("token_source") == case.source, f"{case.name}: source {q.get('token_source')}")
        if case.source != "words" and case.api != "sagemaker-lmi":
            check(q["tokens_in"] == t["prompt_tokens"], f"{case.name}: {q['tokens_in']} of {t['prompt_tokens']} prompt tokens")
        if not case.text:
            check("tokens_out" not in q and q["no_text"] and "dt" not in q, f"{case.name}: {q}")
            continue
        check(q["tokens_out"] == TOKENS == t["output_tokens"], f"{case.name}: {q['tokens_out']} tokens")
        check(q["answer"] == texts[t["n"]], f"{case.name}: {q['answer']!r} is not {texts[t['n']]!r}")
        check(bool(q.get("streamed")) == case.stream == bool(t["stream"]), f"{case.name}: streamed")
        if case.stream:
            lag += instants(case, r, q, t)
    if lag and not SANITIZED:
        check(quantile(lag, 0.5) < 2e6, f"{case.name}: half of the tokens were seen {quantile(lag, 0.5) / 1e6} ms late")
    figures(case, r, level)


def instants(case, r, q, t):
    """A body's pieces may come together where the text has no framing of its own."""
    events = len(q["dt"])
    check(events == TOKENS or (case.api == "llm-on-ray" and 1 <= events <= TOKENS), f"{case.name}: {events} events")
    at, lag = r.run["epoch_mono"] + q["first_token"], []
    for gap, written in zip(q["dt"], t["tokens"]):
        at += gap
        check(at > written, f"{case.name}: a token was seen before it was written")
        lag.append(at - written)
    if case.per_token:
        check(q["cum"] == list(range(1, TOKENS + 1)), f"{case.name}: counts {q['cum']}")
    return lag if events == TOKENS else []


def figures(case, r, level):
    notes = " ".join(level["notes"])
    if case.stream:
        unit = level["tokens"]["itl_unit"]
        check(unit == ("token" if case.per_token else "chunk"), f"{case.name}: ITL per {unit}")
    if case.text:
        check(level["tokens"]["output"] == N * TOKENS and level["tokens"]["source"] == case.source, f"{level['tokens']}")
        check(("words were counted" in notes) == (case.source == "words"), f"{case.name}: {notes}")
    else:
        check("answers are no text" in notes and "unknown" not in notes, f"{case.name}: {notes}")
        check("tokens/s in total" in r.stdout and "per request" not in r.stdout, r.stdout)
        check(level["tokens"].get("output") is None and level["latency_ms"].get("ttft") is None, f"{level}")
        check(level["latency_ms"]["e2e"]["n"] == N and level["rates"]["input_tok_s"] > 0, f"{case.name}: {level}")


def faults(case):
    """What the simulator does wrong is told as what it is in each framing."""
    want = {"reset": "reset", "truncate": "truncated", "error_event": "in_stream_error", "bad_json": "bad_frame"}
    if case.api == "llm-on-ray": # bare text has no word for an error, and nothing in it is wrong
        want = {k: want[k] for k in ("reset", "truncate")}
    if case.framed: # by AWS, which has words of its own for what goes wrong
        want.update(exception="in_stream_error", error_frame="in_stream_error", bad_crc="bad_frame")
    with Sim(WEIR, *MODEL, "--fault", ",".join(f"{k}:0.12" for k in want)) as sim:
        r = case.run(sim)
        truth = sim.truth()
    expected = collections.Counter(want.get(t["fault"], "ok") for t in truth.values())
    got = collections.Counter(q["outcome"] for q in r.requests)
    print(case.name, "with faults:", dict(got))
    check(got == expected, f"{case.name}: {dict(got)}, the truth is {dict(expected)}")


def what_the_chat_says():
    """The simulator's n-th answer depends on its seed alone: what any dialect must carry."""
    with Sim(WEIR, *MODEL) as sim:
        r = run(WEIR, sim.url, "--model", "weir-sim", *LIMIT, *LOAD, "--save-text")
        truth = sim.truth()
    return {truth[q["request_id"]]["n"]: q["answer"] for q in r.requests}


def probed():
    """Through the probe: what a dialect has no word for is not missed."""
    with Sim(WEIR, *MODEL) as sim:
        for path, more in (("/v1/embeddings", ()), ("/generate", ("--api", "sglang")), ("/invocations", ()),
                           ("/v2/models/llama/generate_stream", ()), ("/llm-on-ray", ("--api", "llm-on-ray")),
                           ("/endpoints/e/invocations-response-stream", ()), ("/model/m/converse-stream", ()),
                           ("/model/m/invoke-with-response-stream", ()),
                           ("/rerank", ("--dataset", TEXTS, "--model", "weir-sim"))):
            r = run(WEIR, sim.url + path, *more, "-c", "1", "-n", "2", "--duration", "none")
            check({q["outcome"] for q in r.requests} == {"ok"}, f"{path}: {r.requests}")
            meta = r.json("metadata.json")
            check(meta["server"]["usage"] == (path not in ("/llm-on-ray", "/v2/models/llama/generate_stream")),
                  f"{path}: usage {meta['server']['usage']}")
        said = subprocess.run([WEIR, "run", sim.url + "/llm-on-ray", "--api", "llm-on-ray", "--check"], capture_output=True,
                              text=True, env=clean_env(), timeout=60)
        check(said.returncode == 0 and "OK:" in said.stdout and "truncated" not in said.stdout, f"--check: {said}")
        said = subprocess.run([WEIR, "run", sim.url + "/model/m/converse-stream", "--check"], capture_output=True, text=True,
                              env=clean_env(), timeout=60)
        check(said.returncode == 0 and "OK:" in said.stdout and "contentBlockDelta" in said.stdout, f"--check: {said}")


texts = what_the_chat_says()
for case in CASES:
    one(case, texts)
for case in CASES:
    if case.stream or not case.text:
        faults(case)
probed()
