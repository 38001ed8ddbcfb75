"""measure_tokenizer.py - MB/s and tokens/s of one core, weir and other tokenizers on the same texts with the same vocabulary.

The vocabularies are those that npm `tiktoken` ships, as ranks and, with all their merges, as the tokenizer.json of a Llama 3 (its
pattern is cl100k's) and of o200k. Texts: corpora.py, cut into documents of some 16 KiB. Each program encodes all documents
several times in one process of one thread; what counts is its CPU time: of the first pass, in which every word is new, and the best of
the others. Programs take turns; ratios are those of one round. `right`: its ids are those of Hugging Face's tokenizers.
"""
import json
import os
import random
import subprocess
import sys

import corpora
from harness import CACHE, measure, spread

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "tok"))
import ranks_to_json

DOCUMENT = 16384
VOCABULARIES = (("Llama 3 pattern", "llama3-cl100k", "cl100k_base", "llama3", ranks_to_json.CL100K),
                ("o200k", "o200k", "o200k_base", "o200k", ranks_to_json.O200K))


def vocabulary(folder, encoding, shape, pattern):
    """Writes tokenizer.json, ranks.tiktoken and pattern.txt, once."""
    path = os.path.join(CACHE, "tokenizers", folder)
    if not os.path.exists(path):
        source = os.path.join(CACHE, "npm", "node_modules", "tiktoken", "encoders", encoding + ".json")
        if not os.path.exists(source):
            subprocess.run(["npm", "install", "--silent", "--prefix", os.path.join(CACHE, "npm"), "tiktoken"], check=True, capture_output=True)
        ranks = ranks_to_json.read(source)
        os.makedirs(path + ".new", exist_ok=True)
        with open(f"{path}.new/tokenizer.json", "w", encoding="utf-8") as f:
            json.dump(ranks_to_json.tokenizer_json(ranks, shape), f, ensure_ascii=False)
        with open(f"{path}.new/ranks.tiktoken", "wb") as f:
            f.write(ranks_to_json.tiktoken_file(ranks))
        with open(f"{path}.new/pattern.txt", "w", encoding="utf-8") as f:
            f.write(pattern)
        os.rename(path + ".new", path)
    return path


def documents(path):
    """The corpus as documents of about DOCUMENT characters, with a 0 byte between them."""
    out = f"{path}.documents"
    if not os.path.exists(out):
        with open(path, encoding="utf-8", newline="") as f:
            text = f.read().replace("\0", "")
        pieces, rng, at = [], random.Random(4), 0
        while at < len(text):
            end = text.find("\n", at + rng.randrange(DOCUMENT // 2, DOCUMENT * 3 // 2)) + 1 or len(text)
            pieces.append(text[at:end])
            at = end
        with open(out, "w", encoding="utf-8", newline="") as f:
            f.write("\0".join(pieces))
    return out


def once(command):
    child = measure(command, 600)
    if child.rc != 0:
        raise RuntimeError((child.stderr.strip().splitlines() or ["no message"])[-1][:160])
    got = json.loads(child.stdout)
    got.update(steal=child.steal, others=child.others)
    return got


def compare(program, clients, rounds, log, size, passes=3):
    """`clients`: [(name, [python, token_client.py, KIND])]; gives rows."""
    rows = []
    texts = corpora.make(os.path.join(CACHE, "corpora"), size)
    for label, folder, encoding, shape, pattern in VOCABULARIES:
        path = vocabulary(folder, encoding, shape, pattern)
        for kind, (corpus, _, _) in texts.items():
            file = documents(corpus)
            got, why = {}, {}
            for _ in range(rounds):
                for name, words in [("weir", None)] + clients:
                    command = [program, f"{path}/tokenizer.json", file, str(passes)] if words is None else [*words, path, file, str(passes)]
                    try:
                        result = once(command)
                        got.setdefault(name, []).append(result)
                    except RuntimeError as e:
                        why[name] = str(e)
            truth = next((got[n][0]["ids"] for n in ("tokenizers", "weir") if n in got), None)
            for name in ["weir"] + [n for n, _ in clients]:
                if name not in got:
                    rows.append({"vocabulary": label, "text": kind, "client": name, "failure": why.get(name, "no result")})
                    continue
                runs = got[name]
                first = [r["bytes"] / 1e6 / r["cpu_s"][0] for r in runs]
                best = [r["bytes"] / 1e6 / min(r["cpu_s"][1:] or r["cpu_s"]) for r in runs]
                base = [r["bytes"] / 1e6 / r["cpu_s"][0] for r in got["weir"]]
                row = {"vocabulary": label, "text": kind, "client": name, "bytes": runs[0]["bytes"], "first": spread(first), "best": spread(best),
                       "tokens_per_s": spread([r["tokens"] / r["cpu_s"][0] for r in runs]), "load_ms": spread([r["load_ms"] for r in runs]),
                       "ratio": spread([w / f for w, f in zip(base, first)]), "right": all(r["ids"] == truth for r in runs),
                       "steal": max(r["steal"] for r in runs), "others": max(r["others"] for r in runs)}
                rows.append(row)
                log(f"  {label}, {kind}: {name} {row['first']['median']:.1f} MB/s, then {row['best']['median']:.1f}; {'right' if row['right'] else 'other ids'}")
    return rows
