#!/usr/bin/env python3
"""golden.py FOLDER - writes tests/tok/golden anew: small models, normalizers and SentencePiece files, with what the libraries
that define them make of odd texts (PyPI `tokenizers` and `sentencepiece`, which must be importable).

    python3 tests/tok/golden.py tests/tok/golden
"""
import base64
import io
import json
import os
import random
import sys
import tempfile

import sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers

FOLDER = os.path.abspath(sys.argv[1])
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
    plain = json.loads(Tokenizer(model).to_str())["model"]
    tokenizer = Tokenizer.from_str(tokenizer_json(plain))
    if byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    cases = [[t, tokenizer.encode(t).ids] for t in texts(rng, n) if t]
    write(name + ".json", {"model": plain, "bytes": byte_level, "cases": cases})


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


def tokenizer_json(model, normalizer=None):
    return json.dumps({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": normalizer,
                       "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model})


def train(**options):
    """A SentencePiece model of few pieces, as bytes."""
    rng = random.Random(5)
    lines = [" ".join(rng.choice(WORDS) for _ in range(12)) for _ in range(400)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, hard_vocab_limit=False, minloglevel=2, num_threads=1, **options)
    return model.getvalue()


RULES = "rules.tsv"  # a name without a folder: it becomes part of the models


def write_rules():
    """SentencePiece's rules: one for one, one for three, to nothing, of two characters, one longer than another."""
    with open(RULES, "w", encoding="utf-8") as f:
        f.write("61\t78\n62\t79 79 79\n63\t\n64 0301\t7A\n9\t20\n3000\t20\n2460\t31\n3A3 2019\t73 73\n3A3\t73\n20 20 20\t20\n")


def field(message, *numbers):
    """The bytes of a field inside a Protocol Buffers message, by the numbers of the fields on the way."""
    at = 0
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        key = varint()
        if key & 7 == 2:
            n = varint()
            if key >> 3 == numbers[0]:
                part = message[at:at + n]
                return field(part, *numbers[1:]) if len(numbers) > 1 else part
            at += n
        elif key & 7 == 0:
            varint()
        else:
            at += 4 if key & 7 == 5 else 8
    raise KeyError(numbers)


def normalizers(rng):
    charsmap = base64.b64encode(field(train(model_type="char", vocab_size=100, normalization_rule_tsv=RULES), 3, 2)).decode()
    kinds = [{"type": t} for t in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel")]
    kinds += [{"type": "Strip", "strip_left": left, "strip_right": right} for left in (True, False) for right in (True, False)]
    kinds += [{"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": strip, "lowercase": low}
              for clean, chinese, strip, low in ((True, True, None, True), (True, True, None, False), (False, True, True, False),
                                                 (True, False, False, True), (False, False, False, False))]
    kinds += [{"type": "Prepend", "prepend": "▁x"}, {"type": "Precompiled", "precompiled_charsmap": charsmap}]
    kinds += [{"type": "Replace", "pattern": {"String": a}, "content": b}
              for a, b in ((" ", "▁"), ("é", ""), ("aa", "b"), ("", "-"), ("a.b*[&-~#", "z"))]
    kinds += [{"type": "Replace", "pattern": {"Regex": a}, "content": b}
              for a, b in ((" {2,}", " "), ("^", ">"), ("\\s+", ""), ("x*", "-"), ("(?i:S)", "z"), ("\\p{L}+|$", "L"))]
    kinds += [{"type": "Sequence", "normalizers": [kinds[6], kinds[2], kinds[4], kinds[8], {"type": "Prepend", "prepend": "▁"},
                                                   {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
              {"type": "Sequence", "normalizers": []}]
    marks = "".join(chr(c) for c in (0x300, 0x301, 0x316, 0x323, 0x327, 0x334, 0x345, 0x5B0, 0x64B, 0x93C, 0xF71, 0xF72, 0x3099, 0x9BE, 0x302E, 0x1D165,
                                     0x1E130, 0x8D3, 0x1AB0, 0x10F46))
    more = ["e\u0301\u0323", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0f71\u0f73\u0f75", "\U00011935\U00011930", "\u09c7\u09be", "\u212b\u2126",
            "\ufdfa", "\r\n\r", "a\u200db", "Σ’Σ", "d\u0301d", "   a   ", "\x7f\x80\x9f", "AÀÉ", "ABC aaa", "a.b*[&-~#", "中文a字",
            "\u07ee\x1b\U0001d16f", "ΑΣ ΑΣ.", "\U00016ea0\ua7dc\U00010d50"]
    for _ in range(80):
        more.append("".join(rng.choice(marks + "aeoAE \u1100가ß") for _ in range(rng.randrange(1, 9))))
    cases = []
    for kind in kinds:
        normalizer = Tokenizer.from_str(tokenizer_json({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}, kind)).normalizer
        pairs = [[t, normalizer.normalize_str(t)] for t in more + texts(rng, 40)]
        cases.append([kind, pairs])
    write("normalizers.json", {"cases": cases})


def sentencepieces(rng):
    symbols = dict(user_defined_symbols=["<u1>", "foo", "▁▁", "▁▁▁▁", "th", "x y", "日本", "foo bar"], control_symbols=["<c1>", "東"])
    flat = dict(add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity", byte_fallback=True)
    for kind in ("unigram", "bpe", "word", "char"):
        for name, options in (("", dict(normalization_rule_name="identity", byte_fallback=False, character_coverage=0.98)),
                              ("-symbols", dict(symbols, normalization_rule_name="identity")), ("-flat", flat)):
            if name == "":
                options = dict(character_coverage=0.98, normalization_rule_tsv=RULES, treat_whitespace_as_suffix=kind == "bpe")
            model = train(model_type=kind, vocab_size=420 if name == "-flat" else 200, **options)
            processor = sentencepiece.SentencePieceProcessor(model_proto=model)
            cases = [[t, processor.encode(t)] for t in ["  ", "▁▁▁▁▁", "<s> foo bar</s>", "foo  barfoo"] + texts(rng, 70)]
            write(f"spm-{kind}{name}.json", {"model": base64.b64encode(model).decode(), "cases": cases})


def main():
    os.makedirs(FOLDER, exist_ok=True)
    os.chdir(tempfile.mkdtemp(prefix="weir-golden-"))
    write_rules()
    word_level(random.Random(1))
    word_piece(random.Random(2))
    unigram(random.Random(3))
    scores(random.Random(4))
    normalizers(random.Random(6))
    sentencepieces(random.Random(7))


main()
