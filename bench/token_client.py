"""token_client.py KIND VOCABULARY DOCUMENTS PASSES - another tokenizer's speed, measured as bench/tokens.c does; runs in the peers' environment.

VOCABULARY: a folder with tokenizer.json, ranks.tiktoken and pattern.txt; its name ends in that of the encoding (cl100k, o200k).
"""
import array
import hashlib
import json
import os
import sys
import time

os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")


def tokenizers(folder):
    from tokenizers import Tokenizer
    t = Tokenizer.from_file(f"{folder}/tokenizer.json")
    return lambda text: t.encode(text, add_special_tokens=False).ids


def tiktoken(folder):
    import base64

    import tiktoken
    with open(f"{folder}/ranks.tiktoken", "rb") as f:
        ranks = {base64.b64decode(a): int(b) for a, b in (line.split() for line in f)}
    with open(f"{folder}/pattern.txt", encoding="utf-8") as f:
        return tiktoken.Encoding("x", pat_str=f.read(), mergeable_ranks=ranks, special_tokens={}).encode_ordinary


def tokie(folder):
    import tokie
    t = tokie.Tokenizer.from_json(f"{folder}/tokenizer.json")
    return lambda text: t.encode(text, add_special_tokens=False).ids


def kitoken(folder):
    import kitoken
    t = kitoken.Kitoken.from_tokenizers_file(f"{folder}/tokenizer.json")
    return t.encode


def fastokens(folder):
    import fastokens
    t = fastokens.Tokenizer.from_file(f"{folder}/tokenizer.json")
    return lambda text: t.encode(text, add_special_tokens=False).ids


def bpe_openai(folder):
    import bpe_openai
    return bpe_openai.get_encoding(os.path.basename(folder).rsplit("-", 1)[-1] + "_base").encode_ordinary


def rs_bpe(folder):
    from rs_bpe import openai
    return getattr(openai, os.path.basename(folder).rsplit("-", 1)[-1] + "_base")().encode


def main():
    kind, folder, documents, passes = sys.argv[1:]
    began = time.process_time()
    encode = globals()[kind](folder)
    load = time.process_time() - began
    with open(documents, encoding="utf-8", newline="") as f:
        texts = f.read().split("\0")
    cpu = []
    for _ in range(int(passes)):
        began = time.process_time()
        found = [encode(text) for text in texts]
        cpu.append(time.process_time() - began)
    ids = array.array("I", (i for one in found for i in one))
    print(json.dumps({"load_ms": load * 1e3, "cpu_s": cpu, "tokens": len(ids), "bytes": os.path.getsize(documents),
                      "ids": hashlib.sha256(ids.tobytes()).hexdigest()}))


main()
