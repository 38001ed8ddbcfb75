#!/usr/bin/env python3
"""Seed document 1, ShareGPT: its example command; which entries are sent, each once, in a seeded order; how long their answers are
asked to be; by words, and by a tokenizer."""
import collections
import json
import os
import sys
import tempfile

from as_program import run, together
from lib import check, clean_env
from serving_lib import Serving, server

weir = sys.argv[1]
# words of prompt and answer, and whether the document's limits (4..1024, 4.., 2048 in all) keep it
ENTRIES = [(4, 4, True), (3, 9, False), (9, 3, False), (20, 30, True), (1025, 5, False), (1024, 5, True), (50, 1, False), (7, 12, True),
           (1020, 1029, False), (10, 20, True), (6, 5, True), (5, 40, True)]


def text(n, i):
    return " ".join([f"p{i}"] + ["w"] * (n - 1))


def write(folder):
    talks = [{"id": str(i), "conversations": [{"from": "human", "value": text(n, i)}, {"from": "gpt", "value": "a " * m},
                                               {"from": "human", "value": "never sent"}]} for i, (n, m, _) in enumerate(ENTRIES)]
    talks.append({"id": "short", "conversations": [{"from": "human", "value": "only one turn of some words"}]})
    os.makedirs(os.path.join(folder, "benchmarks"), exist_ok=True)
    with open(os.path.join(folder, "benchmarks", "ShareGPT_V3_unfiltered_cleaned_split.json"), "w") as f:
        json.dump(talks, f)


def words(*more, n=5, rate="50"):
    return ["--dataset", "benchmarks/ShareGPT_V3_unfiltered_cleaned_split.json", "--dataset-format", "ShareGPT", "--num-prompts", str(n),
            "--request-rate", rate, *more]


def test_the_documents_command(folder):
    """5 prompts at 1 request per second; here at 50."""
    with server(weir) as sim:
        s = Serving(weir, folder, sim, *words())
        truth = sim.truth()
    check(len(truth) == 5 and {t["path"] for t in truth.values()} == {"/llm-on-ray"}, "five simple requests")
    kept = {text(n, i): m for i, (n, m, keep) in enumerate(ENTRIES) if keep}
    check(len({r[0] for r in s.rows}) == 5 and all(r[0] in kept for r in s.rows), "five different ones of those that are kept")
    for r in s.rows:
        check(r[2] == len(r[0].split()) and r[3] == kept[r[0]] == len(r[1].split()), f"lengths: {r}")
    check(sorted(t["output_tokens"] for t in truth.values()) == sorted(r[3] for r in s.rows), "as many tokens as its own answer has")
    check("words of the texts" in s.out["source"] and "TOKENIZER" in s.out["source"], s.out["source"])


def test_which_and_how_often(folder):
    kept = sum(keep for _, _, keep in ENTRIES)
    with server(weir) as sim:
        all_of_them = Serving(weir, folder, sim, *words(n=kept, rate="inf"))
        again = Serving(weir, folder, sim, *words(n=kept, rate="inf"))
        other = Serving(weir, folder, sim, *words("--seed", "7", n=kept, rate="inf"))
        more = Serving(weir, folder, sim, *words(n=2 * kept + 1, rate="inf"))
        few = Serving(weir, folder, sim, *words("--max-new-tokens", "3", "--max_input_tokens_len", "10", "--min-output-tokens-len", "12",
                                                "--max-output-tokens-len", "20", n=6, rate="inf"))
    order = [[r["sample"] for r in sorted(s.records, key=lambda r: r["index"])] for s in (all_of_them, again, other)]
    check(sorted(order[0]) == list(range(kept)), "each that is kept once")
    check(order[0] == order[1] != order[2], "the seed alone decides the order")
    counts = collections.Counter(r[0] for r in more.rows)
    check(sorted(counts.values()) == [2] * (kept - 1) + [3], f"then again from the beginning: {counts}")
    check(f"has only {kept} prompts of these lengths" in more.done.stderr, more.done.stderr)
    check({r[0] for r in few.rows} == {text(7, 7), text(10, 9)}, f"other limits: {few.rows}")
    check({r[3] for r in few.rows} == {3}, "--max-new-tokens wins over the file's answers")


def test_a_tokenizer(folder):
    """One that makes a token of each letter: other entries pass, and all lengths are its own."""
    letters = {c: i for i, c in enumerate(sorted({c for s in ("pw0123456789", "abcdefghijklmnopqrstuvwxyz") for c in s}))}
    with open(os.path.join(folder, "letters.json"), "w") as f:
        json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                   "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
                   "model": {"type": "BPE", "vocab": letters, "merges": [], "unk_token": None}}, f)
    env = clean_env(TOKENIZER=os.path.join(folder, "letters.json"))
    with server(weir) as sim:
        s = Serving(weir, folder, sim, *words("--max-input-tokens-len", "6", n=2, rate="inf"), env=env)
        bad = clean_env(TOKENIZER=os.path.join(folder, "nothing.json"))
        refused = run(weir, "benchmark_serving", "--model-name", "m", *words(), cwd=folder, env=bad, expect=2)
    check("nothing.json" in refused.stderr, refused.stderr)
    check({r[0] for r in s.rows} == {text(4, 0), text(3, 1)}, f"p0 w w w has 5 letters, p1 w w has 4, all others more than 6: {s.rows}")
    for r in s.rows:
        check(r[2] == len(r[0].replace(" ", "")), f"prompt_len: {r}")
    check("letters.json" in s.out["source"], s.out["source"])


def main():
    with tempfile.TemporaryDirectory(prefix="weir-serving-") as folder:
        write(folder)
        together(*(lambda t=t: t(folder) for t in (test_the_documents_command, test_which_and_how_often, test_a_tokenizer)))


main()
