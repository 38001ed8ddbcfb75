"""components.py - small tokenizers that show what one component does, for every flag of every component of tokenizer.json.

Their models give each character an id of its own, and another at the end of a piece, so that the ids tell what the normalizer left
and where the pre-tokenizer split. What the oracle makes of the cases stands in expected/, in the readable form of shown(), so that
component_test.py needs no oracle; the driver compares seeded strings besides.
"""
import base64
import itertools

from spm import added, template, tokenizer

BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
CHARS = ("".join(map(chr, range(32, 127))) + "\t\n\r\x0b\x85\xa0\u2028\u3000\u200b\u200d\ufe0f\u00ad\ufffd▁"
         "ÀÁÂÃÄÅÆÇÈÉßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿĀāĂăąćčĐđēęěğĩİıĳłńňőœřśşšſţťūůűźżžƒǅΩαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΑΒΣ"
         "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЁЖאבגשתابتثجحخدאָ\u0301\u0300\u0308\u0327\u0323\u030a\u064e\u05b4\u093c\u094dकखगनमहिी"
         "กขคงจชนบปัิ่日本語中文漢字一二三的是不了人我在有他这あいうえおかがきぎくアイウカガハパヒﾊﾟｶﾞー々〇한국어가각각"
         "、。！？「」，…—–“”‘’«»·¿¡§¶€£©®™°±×÷²³¹½¼①②Ⅷ٠١٢٣०१२１２３ＡＢａｂﬁﬂ№℃㎏㍿豈😀👍🏽👩💻🇩🇪🎉♥❤")
CASES = (
    "", " ", "  ", "a", "Hello, world!", " leading", "trailing ", "two  spaces   three", "tab\tand\nnew\r\nline\n\n", "it's we'll I'M she'Re 'tis",
    "1234567 and 3.14, 1e-9", "naïve café Ångström ﬁne", "e\u0301 A\u030a \u1100\u1161\u11a8", "日本語の文章です。中文,漢字!", "カタカナﾊﾟ ひらがな", "한국어 가각",
    "Привет, мир! Ёж", "ΑΒΣ ςσ ΩΜΕΓΑ", "שָׁלוֹם עולם", "مَرحبا ١٢٣", "हिन्दी में", "ภาษาไทย", "😀👍🏽👩\u200d💻🇩🇪❤️", "a\xa0b\u3000c\u2028d\x85e\u200bf",
    "(a+b)*c==d; // x_y-z", "$100 & 50% @home #tag", "“quoted” — ‘text’ …", "x²+½=① Ⅷ ٣", "İstanbul ßẞ ǅ ſ", "ABC abc AbC", "a.b.c...d", "www.example.org/path?q=1",
    "<s>hello</s> <unk>", "▁a ▁▁b▁", "``a'' \"b\"", "\x00\x01\x7f\ufffd\ufeff", "aaaa" * 5, "- -- ---", "a,b;c:d", "##ing [UNK] </w>",
)


CHARS = "".join(dict.fromkeys(CHARS + "".join(c for text in CASES for c in text if c not in "\x00\x01\x7f\ufeff")))
FEW = CASES[:7] + CASES[9:16:2] + CASES[21:26] + CASES[34:]


def cases(*more):
    """For what does not depend on the kind of character: a few of them."""
    return [*FEW, *more]


def chars_model(fuse=False):
    vocab = {"<unk>": 0}
    for c in dict.fromkeys(CHARS):
        vocab[c] = len(vocab)
        vocab[c + "</w>"] = len(vocab)
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": "</w>",
            "fuse_unk": fuse, "byte_fallback": False, "ignore_merges": False, "vocab": vocab, "merges": []}


def bytes_alphabet():
    import ranks_to_json
    return list(ranks_to_json.alphabet().values())


def bytes_model():
    """For pieces in GPT-2's alphabet."""
    model = chars_model()
    model["vocab"] = {"<unk>": 0}
    for c in bytes_alphabet():
        model["vocab"][c] = len(model["vocab"])
        model["vocab"][c + "</w>"] = len(model["vocab"])
    return model


def utf8_model():
    """Every character is its bytes: shows exactly what a normalizer made."""
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
            "byte_fallback": True, "ignore_merges": False, "vocab": {f"<0x{b:02X}>": b for b in range(256)}, "merges": []}


def normalizers():
    yield "none", None
    for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"):
        yield kind, {"type": kind}
    for left, right in itertools.product((True, False), repeat=2):
        yield f"Strip-{left:d}{right:d}", {"type": "Strip", "strip_left": left, "strip_right": right}
    for clean, chinese, accents, lower in itertools.product((True, False), (True, False), (None, True, False), (True, False)):
        yield (f"Bert-{clean:d}{chinese:d}{'n' if accents is None else int(accents)}{lower:d}",
               {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower})
    for name, pattern, content in (("string", {"String": "a"}, "bb"), ("delete", {"String": " "}, ""), ("spaces", {"Regex": " {2,}"}, "▁"), ("dot", {"String": "."}, "!"),
                                   ("letters", {"Regex": "\\p{Lu}"}, "U"), ("class", {"Regex": "[^a-z]+"}, "_"), ("ends", {"Regex": "^|$"}, "|"), ("digits", {"Regex": "\\d"}, "0"),
                                   ("word", {"Regex": "\\w+"}, "w"), ("space", {"Regex": "\\s"}, "~"), ("empty", {"Regex": "x*"}, "-"), ("dollar", {"Regex": "(a)(b)"}, "$2\\1"),
                                   ("alternation", {"Regex": "ab|a|b"}, ""), ("multi", {"String": "aa"}, "a")):
        yield "Replace-" + name, {"type": "Replace", "pattern": pattern, "content": content}
    yield "Prepend", {"type": "Prepend", "prepend": "▁"}
    yield "Prepend-two", {"type": "Prepend", "prepend": "xé"}
    yield "Sequence-empty", {"type": "Sequence", "normalizers": []}
    yield "Sequence", {"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "Sequence", "normalizers": [{"type": "StripAccents"}, {"type": "Lowercase"}]},
                                                           {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Strip", "strip_left": True, "strip_right": True}]}
    yield "Sequence-NFD-NFC", {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "NFC"}]}


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CL100K_POSSESSIVE = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
CL100K_ONIGURUMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN35 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = ("|".join((r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                   r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                   r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+")))
TEKKEN = O200K.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}")
KIMI = ("|".join((r"[\p{Han}]+",
                  r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                  r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                  r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+")))
DEEPSEEK = (r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
DEEPSEEK_CODER = (r"[\r\n]", r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-Ֆ]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", r"[一-龥ࠀ-一가-퟿]+")
STARCODER = (r"'s|'t|'re|'ve|'m|'ll|'d|[^\s]+|\s+",)
FALCON = (r"[0-9][0-9][0-9]",)
BLOOM = (" ?[^(\\s|[.,!?…。，、।۔،])]+",)


def split(pattern, behavior="Isolated", invert=False, string=False):
    return {"type": "Split", "pattern": {"String" if string else "Regex": pattern}, "behavior": behavior, "invert": invert}


def byte_level(prefix=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def pre_tokenizers():
    """Those that leave characters as they are."""
    yield "none", None
    for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"):
        yield kind, {"type": kind}
    for behavior in BEHAVIORS:
        yield "Punctuation-" + behavior, {"type": "Punctuation", "behavior": behavior}
    for each in (True, False):
        yield f"Digits-{each:d}", {"type": "Digits", "individual_digits": each}
    for c in " a☃.":
        yield f"CharDelimiterSplit-{ord(c):x}", {"type": "CharDelimiterSplit", "delimiter": c}
    for n in (1, 2, 5):
        yield f"FixedLength-{n}", {"type": "FixedLength", "length": n}
    for scheme, cut, char in itertools.product(("always", "first", "never"), (True, False), ("▁", "_")):
        if char == "▁" or cut:
            yield f"Metaspace-{scheme}-{cut:d}-{ord(char):x}", {"type": "Metaspace", "replacement": char, "prepend_scheme": scheme, "split": cut}
    yield "Metaspace-old", {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
    yield "Metaspace-both", {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "first"}
    yield "Metaspace-both-not", {"type": "Metaspace", "replacement": "▁", "add_prefix_space": False, "prepend_scheme": "never"}
    for behavior, invert in itertools.product(BEHAVIORS, (False, True)):
        yield f"Split-string-{behavior}-{invert:d}", split("a", behavior, invert, string=True)
        yield f"Split-regex-{behavior}-{invert:d}", split(r"\s+|[,.]", behavior, invert)
    for name, pattern in (("gpt2", GPT2), ("cl100k", CL100K), ("cl100k-possessive", CL100K_POSSESSIVE), ("cl100k-oniguruma", CL100K_ONIGURUMA), ("qwen35", QWEN35), ("o200k", O200K),
                          ("tekken", TEKKEN), ("kimi", KIMI), ("words", r"\w+|[^\w\s]+"), ("not-word", r"\W"), ("boundary", r"\b"), ("lines", r"^.*$"), ("ends", r"\s+$"), ("hex", r"\h+"),
                          ("punct", r"[[:punct:]]+"), ("alpha", r"[[:alpha:]]+"), ("space-class", r"[[:space:]]"), ("digit", r"\d{2}"), ("lookbehind", r"(?<=[a-z])(?=[A-Z])"), ("dotall", r"(?m)a.b"),
                          ("han", r"\p{Han}+"), ("hiragana", r"\p{Hiragana}+|\p{Katakana}+"), ("not-prop", r"\P{L}+"), ("caret-prop", r"\p{^L}+"), ("posix-prop", r"\p{Alpha}+"), ("atomic", r"(?>a+)b?"),
                          ("lazy", r"a+?|.{2,4}?"), ("interval", r"a{,2}"), ("newline", r"\R"), ("grapheme", r"\X"), ("insensitive", r"(?i)[a-f]+"), ("fold", r"(?i:ß|ſ|k)"), ("emoji", r"\p{Emoji}+"),
                          ("space-or-not", r" ?\S+"), ("empty", r"")):
        yield "Split-" + name, split(pattern)
        if name in ("cl100k", "o200k", "gpt2"):
            yield f"Split-{name}-Removed-1", split(pattern, "Removed", True)
    for name, patterns in (("deepseek", DEEPSEEK), ("deepseek-coder", DEEPSEEK_CODER), ("starcoder", STARCODER), ("falcon", FALCON), ("bloom", BLOOM)):
        yield "Sequence-" + name, sequence(*map(split, patterns))
    yield "Sequence-spaces-meta", sequence({"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True})
    yield "Sequence-meta-first", sequence({"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True})
    yield "Sequence-punct-digits", sequence({"type": "Punctuation", "behavior": "Contiguous"}, {"type": "Digits", "individual_digits": True}, {"type": "WhitespaceSplit"})
    yield "Sequence-scripts", sequence({"type": "UnicodeScripts"}, split(" ", "MergedWithNext", string=True))
    yield "Sequence-empty", sequence()
    yield "Sequence-nested", sequence(sequence({"type": "Whitespace"}), sequence({"type": "Digits", "individual_digits": False}))


def byte_pre_tokenizers():
    for prefix, regex in itertools.product((True, False), repeat=2):
        yield f"ByteLevel-{prefix:d}{regex:d}", byte_level(prefix, regex)
    for name, pattern in (("cl100k", CL100K), ("o200k", O200K), ("tekken", TEKKEN), ("qwen", CL100K.replace("{1,3}", "")), ("qwen35", QWEN35), ("kimi", KIMI)):
        yield "bytes-" + name, sequence(split(pattern), byte_level())
        yield "bytes-prefix-" + name, sequence(split(pattern), byte_level(prefix=True))
    yield "bytes-removed", sequence(split(CL100K, "Removed", True), byte_level())
    yield "bytes-deepseek", sequence(*map(split, DEEPSEEK), byte_level())
    yield "bytes-digits", sequence({"type": "Digits", "individual_digits": True}, byte_level(regex=True))
    yield "bytes-falcon", sequence({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(regex=True), {"type": "Digits", "individual_digits": False}, split(FALCON[0]))
    yield "bytes-twice", sequence(byte_level(regex=True), byte_level())
    yield "bytes-then-split", sequence(byte_level(), split("Ġ", "MergedWithNext", string=True))
    yield "bytes-metaspace", sequence({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}, byte_level())


MERGES = ["t h", "h e", "th e", "i n", "in g", "a n", "an d", "l l", "a a", "aa aa", "a b", "b c", "ab c", "e r", "▁ t", "▁t he", "▁ ▁", "é s", "日 本", "2 0", "20 2"]


def bpe(**flags):
    prefix, suffix = flags.get("continuing_subword_prefix") or "", flags.get("end_of_word_suffix") or ""
    vocab = {"<unk>": 0, "[UNK]": 1}
    for c in "abcdefghijklmnopqrstuvwxyzTHE ▁é日本語0123456789.,!'-":
        for spelled in dict.fromkeys((c, prefix + c, c + suffix, prefix + c + suffix)):
            vocab.setdefault(spelled, len(vocab))
    merges = []
    for pair in MERGES:
        left, right = pair.split(" ")
        for a, b in dict.fromkeys(((left, prefix + right), (prefix + left, prefix + right), (left, prefix + right + suffix), (prefix + left, prefix + right + suffix))):
            if a in vocab and b in vocab:
                made = a + b[len(prefix):]
                vocab.setdefault(made, len(vocab))
                merges.append([a, b])
    vocab.setdefault("whole", len(vocab))
    vocab.setdefault("the end", len(vocab))
    if flags.get("byte_fallback"):
        for b in range(256):
            vocab[f"<0x{b:02X}>"] = len(vocab)
    flags.pop("some_bytes", None)
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
             "byte_fallback": False, "ignore_merges": False, **flags, "vocab": vocab, "merges": merges}
    return model


def without(model, *tokens):
    for t in tokens:
        model["vocab"].pop(t, None)
    return model


BPE_CASES = cases("the thing and then", "aaaaaaaaa", "abcabc", "thethethe", "whole", "the end", "wholes", "日本語日本", "éés", "xyzzy☃☃y☃", "☃", "☃☃", "a☃b", "2024 2020", "▁the▁▁the", "Ω", "ΩΩa", "a🎉b🎉🎉")
WORD = {"type": "WhitespaceSplit"}


def models():
    for unk, fuse, fallback, ignore in itertools.product((None, "<unk>"), (False, True), (False, True), (False, True)):
        name = f"BPE-{'unk' if unk else 'no'}-{fuse:d}{fallback:d}{ignore:d}"
        yield name, tokenizer(bpe(unk_token=unk, fuse_unk=fuse, byte_fallback=fallback, ignore_merges=ignore), pre_tokenizer=WORD)
    yield "BPE-few-bytes", tokenizer(without(bpe(unk_token="<unk>", byte_fallback=True), "<0xE2>", "<0xF0>"), pre_tokenizer=WORD)
    yield "BPE-few-bytes-fused", tokenizer(without(bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True), "<0xE2>", "<0xF0>"), pre_tokenizer=WORD)
    for prefix, suffix in (("##", None), (None, "</w>"), ("##", "</w>"), ("@", "@"), ("", "")):
        for fallback in (False, True):
            yield f"BPE-affix-{prefix}-{suffix}-{fallback:d}".replace("/", ""), tokenizer(
                bpe(unk_token="<unk>", continuing_subword_prefix=prefix, end_of_word_suffix=suffix, byte_fallback=fallback), pre_tokenizer=WORD)
    old = bpe(unk_token="<unk>")
    old["merges"] = [" ".join(m) for m in old["merges"] if " " not in m[0] + m[1]]
    yield "BPE-string-merges", tokenizer(old, pre_tokenizer=WORD)
    yield "BPE-one-word", tokenizer(bpe(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    missing = {k: v for k, v in bpe().items() if k in ("type", "vocab", "merges")}
    yield "BPE-bare", tokenizer(missing, pre_tokenizer=WORD)
    twice = bpe(unk_token="<unk>")
    twice["merges"] += [["a", "n"], ["t", "h"], ["an", "d"]]
    yield "BPE-merges-twice", tokenizer(twice, pre_tokenizer=WORD)

    words = ["[UNK]", "the", "##ing", "th", "##e", "##s", "un", "##aff", "##able", "a", "##a", "##b", "b", "日", "##本", "é", "##é", "it", "'", "##'", ".", "hello", "wor", "##ld", "1", "##2", "##3", "Hello"]
    for prefix, limit in (("##", 100), ("##", 5), ("", 100), ("▁", 100)):
        vocab = {w.replace("##", prefix): i for i, w in reversed(list(enumerate(words)))}
        yield f"WordPiece-{prefix}-{limit}", tokenizer({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix, "max_input_chars_per_word": limit, "vocab": vocab},
                                                       pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": prefix, "cleanup": True})
    yield "WordLevel", tokenizer({"type": "WordLevel", "vocab": {"<unk>": 0, "Hello": 1, "world": 2, ",": 3, "!": 4, "the": 5, "日本語": 6, "a": 7}, "unk_token": "<unk>"}, pre_tokenizer={"type": "Whitespace"})
    yield "WordLevel-no-split", tokenizer({"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "  ": 2, " leading": 3}, "unk_token": "<unk>"})

    pieces = [["<unk>", 0.0], ["▁", -2.0], ["a", -3.0], ["b", -3.0], ["ab", -5.5], ["abc", -9.0], ["c", -3.5], ["▁the", -2.5], ["the", -3.5], ["t", -4.0], ["h", -4.0], ["e", -4.0], ["th", -7.5], ["he", -7.9], ["日", -6.0],
              ["日本", -8.0], ["本", -6.0], ["s", -3.0], ["ss", -6.0], ["1", -4.0], ["11", -8.0], [".", -2.2], ["é", -7.0], ["🎉", -9.5], ["▁▁", -4.0], ["aa", -6.0], ["aaa", -9.0]]
    fallback = pieces + [[f"<0x{b:02X}>", -12.0] for b in range(256)]
    meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    yield "Unigram", tokenizer({"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False}, pre_tokenizer=meta)
    yield "Unigram-one-word", tokenizer({"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False}, normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
    yield "Unigram-bytes", tokenizer({"type": "Unigram", "unk_id": 0, "vocab": fallback, "byte_fallback": True}, pre_tokenizer=meta)
    few = [p for p in fallback if p[0] not in ("<0xE2>", "<0xF0>")]
    yield "Unigram-few-bytes", tokenizer({"type": "Unigram", "unk_id": 0, "vocab": few, "byte_fallback": True}, pre_tokenizer=meta)
    yield "Unigram-unk-last", tokenizer({"type": "Unigram", "unk_id": len(pieces) - 1, "vocab": pieces[1:] + pieces[:1], "byte_fallback": False}, pre_tokenizer=meta)
    ties = [["<unk>", 0.0]] + [[w, -1.0 * len(w)] for w in ("a", "b", "aa", "ab", "ba", "aab", "aba", "abab", "▁", "▁a", "▁ab")]
    yield "Unigram-ties", tokenizer({"type": "Unigram", "unk_id": 0, "vocab": ties}, pre_tokenizer=meta)
    yield "Unigram-without-unk", tokenizer({"type": "Unigram", "unk_id": None, "vocab": [["a", -1.0], ["b", -2.0]] + [[f"<0x{b:02X}>", -9.0] for b in range(256)], "byte_fallback": True}, pre_tokenizer=meta)


ADDED_CASES = cases("<tok>", "a<tok>b", "a <tok> b", "x  <tok>  y", "<tok><tok>", "<tok", "tok>", "hello<tok>world <tok>hello", " <tok> ", "\n<tok>\t", "a<tok>", "é<tok>é", "_<tok>_", "-<tok>-", "<to<tok>k>", "<Tok>", "<TOK> x", "NEWYORK new york",
                    "new york city", "newyork", "New  York", "<mask>.", "a <mask> b", "<tok><mask><tok>", "aab", "aabaab", "ﬁ<tok>ﬁ", "ＴＯＫ", "é e\u0301", "1<tok>2", "日<tok>本", "<tok>\u0301", "<tok>\u200d<tok>", "<tok>_", "☃<tok>☃")


def added_tokens():
    """Contents that overlap; each flag alone and together; with and without a normalizer that changes them."""
    plain = chars_model()
    start = len(plain["vocab"])
    lower = {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}
    legacy = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    for flags in itertools.product((False, True), repeat=4):
        named = dict(zip(("normalized", "single_word", "lstrip", "rstrip"), flags))
        tokens = [added(start, "<tok>", special=False, **named), added(start + 1, "new york", special=False, **named), added(start + 2, "aab", special=True, **named)]
        for name, norm in (("", None), ("-lower", lower)):
            yield "added-" + "".join(str(int(f)) for f in flags) + name, tokenizer(plain, added_tokens=tokens, normalizer=norm, pre_tokenizer=WORD)
    mixed = [added(start, "<tok>", lstrip=True), added(start + 1, "<mask>", special=False, normalized=True, rstrip=True), added(start + 2, "New York", special=False, normalized=True, single_word=True),
             added(start + 3, "new", special=False, normalized=True), added(start + 4, "<to", special=True), added(start + 5, "<tok><tok>", special=True), added(start + 6, "ＴＯＫ", special=False, normalized=True),
             added(start + 7, "a", special=False, single_word=True), added(start + 8, "  ", special=False), added(start + 9, "☃", special=False, normalized=True)]
    for name, norm in (("", None), ("-lower", lower), ("-legacy", legacy)):
        yield "added-mixed" + name, tokenizer(plain, added_tokens=mixed, normalizer=norm, pre_tokenizer=WORD)
    yield "added-first", tokenizer(plain, added_tokens=mixed, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True})
    yield "added-always", tokenizer(plain, added_tokens=mixed, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False})
    yield "added-bytes", tokenizer(bytes_model(), added_tokens=[dict(t, id=t["id"] + 1000) for t in mixed], pre_tokenizer=byte_level(prefix=True, regex=True))
    odd = [added(7, "<far>"), added(3, "a"), added(start + 50, "<gap>"), added(start, "<gap2>"), added(0, "")]
    yield "added-odd-ids", tokenizer(plain, added_tokens=odd, pre_tokenizer=WORD)


def with_specials():
    """Post-processors, whose tokens count with specials alone."""
    words = {"type": "WordLevel", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "Hello": 4, "<s>": 5, "</s>": 6}, "unk_token": "[UNK]"}
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    pair = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    many = {"type": "TemplateProcessing", "single": pair + pair[:1] * 2, "pair": pair + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1, 2, 1], "tokens": ["[CLS]", "[SEP]", "[CLS]"]}}}
    for name, post in (("none", None), ("Template", template(("[CLS]", 1), None, ("[SEP]", 2))), ("Template-many", many), ("Bert", {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}),
                       ("Roberta", {"type": "RobertaProcessing", "sep": ["</s>", 6], "cls": ["<s>", 5], "trim_offsets": True, "add_prefix_space": True}), ("ByteLevel", level),
                       ("Sequence", {"type": "Sequence", "processors": [level, template(("<s>", 5), None)]}), ("Template-end", template(None, ("</s>", 6)))):
        yield "post-" + name, tokenizer(words, post_processor=post, pre_tokenizer=WORD)


def decoders():
    """Each with a model whose tokens it joins; ids of the cases are decoded."""
    space = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    yield "decode-none", tokenizer(bpe(unk_token="<unk>"), pre_tokenizer=WORD)
    yield "decode-ByteLevel", tokenizer(dict(bytes_model(), end_of_word_suffix=None), pre_tokenizer=byte_level(regex=True), decoder=byte_level())
    yield "decode-ByteLevel-added", tokenizer(dict(bytes_model(), end_of_word_suffix=None), pre_tokenizer=byte_level(regex=True), decoder=byte_level(), added_tokens=[added(9000, "<tök>"), added(9001, "Ġx", special=False), added(9002, "日 本", special=False)])
    for cleanup, prefix in itertools.product((True, False), ("##", "")):
        model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                 "vocab": {w: i for i, w in enumerate(["[UNK]", *"abcdefghijklmnopqrstuvwxyz.,!?'", *("##" + c for c in "abcdefghijklmnopqrstuvwxyz"), "do", "n", "it", "'", "s"])}}
        model["vocab"] = {w: i for i, w in enumerate(model["vocab"])}
        yield f"decode-WordPiece-{cleanup:d}-{prefix}", tokenizer(model, pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": prefix, "cleanup": cleanup})
    for scheme, char in itertools.product(("always", "first", "never"), "▁_"):
        meta = {"type": "Metaspace", "replacement": char, "prepend_scheme": scheme, "split": True}
        yield f"decode-Metaspace-{scheme}-{ord(char):x}", tokenizer(dict(chars_model(), end_of_word_suffix=None), pre_tokenizer=meta, decoder=meta)
    yield "decode-llama", tokenizer(bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True), normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
                                    decoder={"type": "Sequence", "decoders": [space, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})
    yield "decode-fallback", tokenizer(bpe(byte_fallback=True), pre_tokenizer=WORD, decoder={"type": "ByteFallback"})
    yield "decode-Fuse", tokenizer(bpe(unk_token="<unk>"), pre_tokenizer=WORD, decoder={"type": "Fuse"})
    yield "decode-Strip", tokenizer(bpe(unk_token="<unk>"), decoder={"type": "Sequence", "decoders": [{"type": "Strip", "content": "a", "start": 1, "stop": 2}]})
    yield "decode-Strip-fused", tokenizer(bpe(unk_token="<unk>"), decoder={"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 2, "stop": 1}]})
    yield "decode-Replace-regex", tokenizer(bpe(unk_token="<unk>"), decoder={"type": "Replace", "pattern": {"Regex": "[aeiou]+"}, "content": "_"})
    yield "decode-BPEDecoder", tokenizer(chars_model(), pre_tokenizer=WORD, decoder={"type": "BPEDecoder", "suffix": "</w>"})
    yield "decode-CTC", tokenizer(bpe(unk_token="<unk>"), decoder={"type": "CTC", "pad_token": "a", "word_delimiter_token": "t", "cleanup": True})
    yield "decode-CTC-plain", tokenizer(bpe(unk_token="<unk>"), decoder={"type": "CTC", "pad_token": "a", "word_delimiter_token": "t", "cleanup": False})


# What weir refuses rather than count wrongly: the path inside the file that it names (docs/TOKENIZERS.md).
REFUSED = {
    "pre-Split-grapheme": "pre_tokenizer.pattern.Regex", # \\X
    "pre-Split-fold": "pre_tokenizer.pattern.Regex", # (?i:ß), which means ss as well
    "model-Unigram-without-unk": "model.unk_id",
}


def everything():
    """(name, tokenizer.json as a tree, texts, whether specials count, whether ids are decoded)"""
    for name, norm in normalizers():
        yield "norm-" + name, tokenizer(utf8_model(), normalizer=norm), CASES, False, False
    for name, pre in pre_tokenizers():
        yield "pre-" + name, tokenizer(chars_model(), pre_tokenizer=pre), CASES, False, False
    for name, pre in byte_pre_tokenizers():
        yield "pre-" + name, tokenizer(bytes_model(), pre_tokenizer=pre), CASES, False, False
    for name, tree in models():
        yield "model-" + name, tree, BPE_CASES, False, True
    for name, tree in added_tokens():
        yield name, tree, ADDED_CASES, False, True
    for name, tree in with_specials():
        yield name, tree, ["", "a", "a Hello b", "[CLS] a"], True, True
    for name, tree in decoders():
        yield name, tree, BPE_CASES, False, True


def precompiled(charsmap):
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()}
