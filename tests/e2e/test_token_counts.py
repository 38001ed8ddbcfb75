"""Counts by a tokenizer, held against the simulator's truth: its tokens are words, and so are those of this tokenizer. Where
the server is silent they are the figures, where it counts both are kept, and a tokenizer that is not the model's is noticed.
"""
import json
import os
import subprocess
import sys
import tempfile

from lib import Sim, check, clean_env, run

WEIR = sys.argv[1]
MODEL = ("--ttft", "1ms", "--itl", "100us", "--seed", "5", "--output-tokens", "uniform:20,60")
LOAD = ("--concurrency", "4", "--duration", "none", "--no-probe", "--seed", "3", "--ramp-up", "none", "--no-live")
SILENT = ("--api", "tensorrt-llm")
folder = tempfile.TemporaryDirectory(prefix="weir-e2e-")


def tokenizer(name, pre):
    path = os.path.join(folder.name, name)
    with open(path, "w") as f:
        json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                   "pre_tokenizer": pre, "post_processor": None, "decoder": None,
                   "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "weir": 1}, "unk_token": "[UNK]"}}, f)
    return path


WORDS = tokenizer("words.json", {"type": "WhitespaceSplit"})
OTHER = tokenizer("other.json", {"type": "Sequence", "pretokenizers": [
    {"type": "WhitespaceSplit"}, {"type": "Split", "pattern": {"Regex": "[aeiou]"}, "behavior": "Isolated", "invert": False}]})


def reported(r, what):
    again = subprocess.run([WEIR, "report", r.dir, "--json"], capture_output=True, text=True, env=clean_env())
    check(json.loads(again.stdout) == r.summary, f"{what}: weir report gives other figures than the run")


def truths(r, sim, what):
    truth = sim.truth()
    check(len(r.requests) > 0 and {q["outcome"] for q in r.requests} == {"ok"}, f"{what}: {r.stderr}")
    return [(q, truth[q["request_id"]]) for q in r.requests]


def silent():
    with Sim(WEIR, *MODEL) as sim:
        r = run(WEIR, sim.url + "/v2/models/llama/generate_stream", *SILENT, *LOAD, "-n", "40", "--tokenizer", WORDS)
        pairs = truths(r, sim, "silent")
    for q, t in pairs:
        check((q["token_source"], q["tokens_out"], q["tokens_in"]) == ("tokenizer", t["output_tokens"], t["prompt_tokens"]),
              f"silent: {q} is not {t}")
    tokens = r.summary["levels"][0]["tokens"]
    check(tokens["source"] == "tokenizer" and tokens["output"] == sum(t["output_tokens"] for _, t in pairs), f"{tokens}")
    check(tokens["tokenizer"]["input_counted"] == 40 and tokens["tokenizer"]["input_of"] == "prompt", f"{tokens}")
    check(r.json("metadata.json")["tokenizer"]["model"] == "WordLevel", "metadata.json names no tokenizer")
    reported(r, "silent")


def sessions():
    """The prompt grows by the server's own answers, which the dataset does not have."""
    with Sim(WEIR, *MODEL) as sim:
        r = run(WEIR, sim.url + "/v2/models/llama/generate_stream", *SILENT, *LOAD, "-n", "24", "--sessions",
                env=clean_env(TOKENIZER=WORDS))
        pairs = truths(r, sim, "sessions")
    check(any(q.get("turn", 0) > 0 for q, _ in pairs), "no session had a second turn")
    for q, t in pairs:
        check((q["tokens_out"], q["tokens_in"]) == (t["output_tokens"], t["prompt_tokens"]), f"sessions: {q} is not {t}")


def beside():
    """Both counts, of the model's own tokenizer and of another."""
    for path, agrees in ((WORDS, True), (OTHER, False)):
        with Sim(WEIR, *MODEL) as sim:
            r = run(WEIR, sim.url, *LOAD, "-n", "40", "--model", "m", "--tokenizer", path)
            pairs = truths(r, sim, "beside")
        for q, t in pairs:
            check((q["token_source"], q["tokens_out"]) == ("usage", t["output_tokens"]), f"beside: {q} is not {t}")
            check((q["counted_out"] == t["output_tokens"]) == agrees, f"{path}: {q['counted_out']} of {t['output_tokens']}")
            check(q["tokens_in"] == t["prompt_tokens"] and q["in_texts"], f"beside: {q} is not {t}")
        level = r.summary["levels"][0]
        out = level["tokens"]["tokenizer"]["output"]
        check(out["server"] == sum(t["output_tokens"] for _, t in pairs) and out["requests"] == 40, f"{out}")
        check(out["pattern"] == ("agree" if agrees else "proportional"), f"{path}: {out}")
        noted = [n for n in level["notes"] if "probably not the model's tokenizer" in n]
        check(len(noted) == (0 if agrees else 2), f"{path}: {level['notes']}")  # of the answers, and of the messages
        reported(r, path)


def no_room():
    with Sim(WEIR, *MODEL) as sim:
        r = run(WEIR, sim.url + "/v2/models/llama/generate_stream", *SILENT, *LOAD, "-n", "12", "--tokenizer", WORDS,
                "--text-limit", "10")
        pairs = truths(r, sim, "no room")
    check(all(q["uncounted"] and "tokens_out" not in q and q["tokens_in"] == t["prompt_tokens"] for q, t in pairs),
          f"no room: {pairs[0]}")
    level = r.summary["levels"][0]
    check(level["tokens"]["output"] is None and level["tokens"]["tokenizer"]["not_kept"] == 12, f"{level['tokens']}")
    check(any("--text-limit was used up" in n for n in level["notes"]), f"{level['notes']}")


with folder:
    silent()
    sessions()
    beside()
    no_room()
print("tokens of silent servers, of sessions, beside usage, and those that were not kept: all as the simulator's truth has them")
