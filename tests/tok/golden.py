#!/usr/bin/env python3
"""golden.py FOLDER - writes tests/tok/golden anew: small models, normalizers and SentencePiece files, with what the libraries
that define them make of odd texts (PyPI `tokenizers` and `sentencepiece`, which must be importable).

    python3 tests/tok/golden.py tests/tok/golden
"""
import json
import os
import random
import sys

from tokenizers import Tokenizer, models, pre_tokenizers

FOLDER = sys.argv[1]
WORDS = ("the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were "
         "all her she there would their we him been has when who will no more if out so what time up go about than into could state only "
         "new year some take come these know see use get like then first any work now may such give over think most even find day also "
         "after way many must look before great back through long where much should well people down own just because good each those "
         "naïve café señor straße Ελλάδα Москва привет 東京 日本語 한국어 हिन्दी ไทย 👍🏽 ﬁne").split()


def texts(rng, n):
    """Odd texts: words, runs, mixtures of scripts, marks and white space."""
    odd = ("\u0301\u0323\u0300\u0344\u0f71\u0f73\u3099\u200d\u200b\ufeff\u2581\u2028\u00a0\u3000\t\n\r\u0085\u00ad\u0130\u0131"
           "ſßﬁĲŉǰÀéñ①㍿℃Ａｂ가각각𝐀𝒜👍🏽🇩🇪©®\ufffd\u0000\u0001")
    out = ["", " ", "  ", "a", "<unk>", "##", "the", "thethe the"]
    while len(out) < n:
        k = rng.randrange(5)
        if k == 0:
            s = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 8)))
        elif k == 1:
            s = "".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 4)))
        elif k == 2:
            s = "".join(rng.choice(odd + "abc  ") for _ in range(rng.randrange(1, 12)))
        elif k == 3:
            s = rng.choice(["a", "ab", " ", "xyz", "é", "東", "<unk>"]) * rng.randrange(1, 40)
        else:
            s = "".join(rng.choice("abcdefgh eteinou<>unk#▁") for _ in range(rng.randrange(1, 30)))
        out.append(s)
    return out


def write(name, value):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


def model_cases(name, model, rng, n=150, byte_level=False):
    """`bytes`: what stands before the model is ByteLevel, which cuts nothing here."""
    # Scores are what reading the file makes of their digits.
    plain = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
             "post_processor": None, "decoder": None, "model": json.loads(Tokenizer(model).to_str())["model"]}
    tokenizer = Tokenizer.from_str(json.dumps(plain))
    if byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    cases = [[t, tokenizer.encode(t).ids] for t in texts(rng, n) if t]
    write(name + ".json", {"model": plain["model"], "bytes": byte_level, "cases": cases})


def substrings(rng, n, words=WORDS):
    seen = {c for w in words for c in w}
    while len(seen) < n:
        w = rng.choice(words) + rng.choice(["", " ", rng.choice(words)])
        a = rng.randrange(len(w))
        seen.add(w[a:a + rng.randrange(1, 7)])
    return sorted(seen)


def word_level(rng):
    vocab = {w: i for i, w in enumerate(["<unk>"] + WORDS)}
    model_cases("wordlevel", models.WordLevel(vocab, unk_token="<unk>"), rng, 60)


def word_piece(rng):
    tokens = ["[UNK]"] + [s for s in substrings(rng, 400) if s.strip()] + ["##" + s for s in substrings(rng, 500) if s.strip()]
    vocab = {w: i for i, w in enumerate(dict.fromkeys(tokens))}
    model_cases("wordpiece", models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=40), rng)
    plain = {w: i for i, w in enumerate(["?"] + substrings(rng, 300))}
    model_cases("wordpiece-plain", models.WordPiece(plain, unk_token="?", continuing_subword_prefix=""), rng)


def unigram(rng):
    tokens = ["<unk>"] + substrings(rng, 450)
    scores = [0.0] + [-rng.random() * 14 for _ in tokens[1:]]
    model_cases("unigram", models.Unigram(list(zip(tokens, scores)), 0, False), rng)
    # Few different scores: ties decide.
    ties = [0.0] + [-float(rng.randrange(1, 4)) for _ in tokens[1:]]
    model_cases("unigram-ties", models.Unigram(list(zip(tokens, ties)), 0, False), rng)
    # Scores above the penalty: what is unknown is preferred, and its run may be a token after all.
    high = [30.0] + [30.0 + rng.random() for _ in tokens[1:]]
    model_cases("unigram-high", models.Unigram(list(zip(tokens, high)), 0, False), rng)
    some = [t for t in tokens if len(t) > 1 or t < "m"]
    with_bytes = some + [f"<0x{b:02X}>" for b in range(256)]
    fall = [(t, -rng.random() * 14) for t in with_bytes]
    model_cases("unigram-bytes", models.Unigram(fall, 0, True), rng)
    twice = [(t, -rng.random() * 14) for t in some + some[5:25]]
    model_cases("unigram-twice", models.Unigram(twice, 3, False), rng, 80)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    level = [(t, -rng.random() * 14) for t in alphabet + [a + b for a in alphabet[:60] for b in rng.sample(alphabet, 3)]]
    model_cases("unigram-level", models.Unigram(level, None, False), rng, 100, byte_level=True)


def scores(rng):
    """How the digits of a number become a double: each with the shortest digits of what was read."""
    digits = ["0", "-0", "1", "-5", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "0.1", "1e22", "1e23",
              "123456789012345678901234567890", "123456789012345678901234567890.5e-3", "1e-308", "4.9e-324", "1e-400", "0e999",
              "1.7976931348623157e308", "0.000000000000000000000000000000012345", "-7.8872335113551305e-12", "1E+5", "12.50",
              "99999999999999999999.123"]
    while len(digits) < 300:
        x = -rng.random() * 10.0 ** rng.randrange(-20, 20)
        digits.append(rng.choice([repr(x), "%.17f" % x, "%.16e" % x, "-%d.%s" % (rng.randrange(20), "".join(
            rng.choice("0123456789") for _ in range(rng.randrange(1, 25))))]))
    model = ",".join(f'["t{i}",{d}]' for i, d in enumerate(digits))
    text = ('{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,'
            '"post_processor":null,"decoder":null,"model":{"type":"Unigram","unk_id":0,"byte_fallback":false,"vocab":[' + model + "]}}")
    read = json.loads(Tokenizer.from_str(text).to_str())["model"]["vocab"]
    write("scores.json", {"cases": [[d, repr(float(v))] for d, (_, v) in zip(digits, read)]})


def main():
    os.makedirs(FOLDER, exist_ok=True)
    word_level(random.Random(1))
    word_piece(random.Random(2))
    unigram(random.Random(3))
    scores(random.Random(4))


main()
