"""cut.py - cuts a tokenizer.json down to what one string needs, so that a mismatch can stay in the tree as a small fixture.

A token that is no part of the (normalized, pre-tokenized) string can never be emitted, nor take part in a merge: without it the
string has the same tokens. Ids are given anew; the oracle says what they are for the smaller file.
"""
import json
import os
import re

from packages import load, store


def pieces_of(oracle, text):
    """What the model may see of the text: itself, normalized, split, as words."""
    from tokenizers import Tokenizer
    it = oracle.it if hasattr(oracle.it, "normalizer") else Tokenizer.from_file(oracle.path)
    seen = {text, " " + text, "▁" + text.replace(" ", "▁")}
    for t in list(seen):
        if it.normalizer:
            seen.add(it.normalizer.normalize_str(t))
    for t in list(seen):
        if it.pre_tokenizer:
            seen.update(piece for piece, _ in it.pre_tokenizer.pre_tokenize_str(t))
    return [t.replace(" ", "▁") if "▁" in t else t for t in seen] + list(seen)


def parts(strings):
    found = set()
    for s in strings:
        s = s[:200]
        for at in range(len(s)):
            found.update(s[at:stop] for stop in range(at + 1, min(len(s), at + 40) + 1))
    return found


def cut(tree, strings, text):
    """The tree with the tokens alone that occur in the strings, bytes for what is unknown, and added tokens that occur."""
    keep, model = parts(strings), tree["model"]
    prefix = model.get("continuing_subword_prefix") or ""
    suffix = model.get("end_of_word_suffix") or ""

    def needed(token):
        bare = token.removeprefix(prefix).removesuffix(suffix) if suffix else token.removeprefix(prefix)
        return token in keep or bare in keep or re.fullmatch("<0x[0-9A-F]{2}>", token) or token == model.get("unk_token")
    added = [a for a in tree["added_tokens"] if a["content"] in text or a["normalized"]]
    small = dict(tree, added_tokens=added, truncation=None, padding=None, post_processor=None)
    if isinstance(model["vocab"], list):
        lowest = min(range(len(model["vocab"])), key=lambda i: model["vocab"][i][1]) # the score of what is unknown hangs on it
        chosen = [i for i, piece in enumerate(model["vocab"]) if needed(piece[0]) or i in (model["unk_id"], lowest)]
        small["model"] = dict(model, vocab=[model["vocab"][i] for i in chosen], unk_id=chosen.index(model["unk_id"]))
        ids = {piece[0]: i for i, piece in enumerate(small["model"]["vocab"])}
    else:
        chosen = [t for t, _ in sorted(model["vocab"].items(), key=lambda v: v[1]) if needed(t)]
        ids = {t: i for i, t in enumerate(chosen)}
        small["model"] = dict(model, vocab=ids)
        if "merges" in model:
            pairs = (m.split(" ") if isinstance(m, str) else m for m in model["merges"])
            small["model"]["merges"] = [[a, b] for a, b in pairs if a in ids and b in ids and a + b.removeprefix(prefix) in ids]
    small["added_tokens"] = [dict(a, id=ids.get(a["content"], len(ids) + n)) for n, a in enumerate(added)]
    return small


def fixture(folder, family, oracle, text):
    """Writes FAMILY-N.json; None where the family's file is not a tokenizer.json or the smaller one does not tell the same."""
    from families import Oracle
    if family.kind != "hf":
        return None
    whole = load(family.path())
    small = cut(whole, pieces_of(oracle, text), text)
    name = next(f"{family.name}-{n}.json" for n in range(1, 1000) if not os.path.exists(os.path.join(folder, f"{family.name}-{n}.json")))
    path = os.path.join(folder, name)
    store(path, small)
    again = Oracle(path, "hf")
    ids = again.ids([text])[0]
    tokens = [oracle.it.id_to_token(i) for i in oracle.ids([text])[0]]
    if [again.it.id_to_token(i) for i in ids] != tokens:
        os.remove(path)
        print(f"  {family.name}: no smaller tokenizer makes the same of {ascii(text)}")
        return None
    with open(path, "w", encoding="utf-8") as f:
        f.write(json.dumps({"found": f"{family.name}, {again.version}", "cases": [{"text": text, "ids": ids}], "tokenizer": small},
                           ensure_ascii=False, separators=(",", ":")) + "\n")
    return path
