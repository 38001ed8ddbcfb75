#!/usr/bin/env python3
"""pre_oracle.py - pre-tokenizers, patterns and texts on which weir is compared with PyPI's `tokenizers`.

usage: python3 tests/tok/pre_oracle.py tests/unit/tok_pre_cases.h     writes that header anew (`tokenizers` importable)

tests/interop/test_pre_tokenizers.py takes the definitions and random texts from here.
"""
import json
import random
import sys

SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
PREFIX = r"[^\r\n\p{L}\p{N}]?"
CL100K = SUFFIX[:-1] + "|" + PREFIX + r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES


def cased(upper, lower, suffix, rest):
    return f"{PREFIX}{upper}*{lower}+{suffix}|{PREFIX}{upper}+{lower}*{suffix}|{rest}|{SPACES}"


UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
NO_HAN = [x[:-1] + r"&&[^\p{Han}]]" for x in (UPPER, LOWER)]
O200K = cased(UPPER, LOWER, SUFFIX, r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*")
DEEPSEEK = [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + SPACES]
# name: pattern, of those that weir scans by hand
SCANNED = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "gpt2_group": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "gpt2_possessive": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    "cl100k": CL100K,
    "cl100k_possessive": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "qwen2": CL100K.replace("{1,3}", ""),
    "qwen3.5": CL100K.replace("{1,3}", "").replace(r"\p{L}+", r"[\p{L}\p{M}]+").replace(r"\s\p{L}\p{N}", r"\s\p{L}\p{M}\p{N}"),
    "o200k": O200K,
    "tekken": cased(UPPER, LOWER, "", r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*"),
    "kimi": r"[\p{Han}]+|" + cased(*NO_HAN, SUFFIX, r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"),
}
# Patterns that go to PCRE2: every construct that Oniguruma and PCRE2 read differently, and the common ones.
PATTERNS = [
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    r"a(?i)b|c", r"x{2}?", r"[ab]{1,2}+", r"a{,2}", r"$", r"^", r"\Z", r"\b", r"\B", r"(?=[A-Z])", r"b*", r"[\W]", r"\W", r"\w+",
    r"[\w]+", r"[]a]", r"[a-c-e]", r"[a&&b]", r"[^a-z&&[^aeiou]]", r"[a[bc]d]+", r"a**", r"{", r"a{", r"a{1", r"\h+", r".+",
    r"(?m:.+)", r"(?<=a|bc)\s", r"(a)\1", "(?x: a \\s b # c\n)", r"[[:^alpha:]]+", r"[^[:alpha:]]", r"a++b", r"\p{^L}+", r"(?i:k)",
    r"(?:)", r"\G", r"a(?#c)b", r"(?<!a)b", r"[\s\S]", r"[^\n]+", r"[a\-z]", r"\-|\ |\!", r"(?i)[^k]+", r"(?i)\p{Lu}+", r"(?i)\w+",
    r"(?i:é)", r"[&&a]", r"[a&&]", r"x{0}", r"(?:a|b)*", r"[[a]&&[a-c]]", r"x*+x", r"\p{Han}+|\p{Hiragana}+|[^\p{Han}\p{Hiragana}]+?",
    r"\p{Katakana}|\p{Cyrillic}+|\p{Latin}+", r"[[:punct:]]+|[[:space:]]+|[[:upper:]]", r"\R", r"\d+", r"[\d_]+",
    r"(?:\r\n|\n)+|[ \t]+", r"\p{Lu}?\p{Ll}+|\p{M}", r"\u4e00|\x41|\x{3042}", "[\\u3040-\\u309f]+", r"\S+\s?|\s+", r"(?>a|ab)c|\s",
    r"[^\S ]+", r"(?!a)\w", r"a|b|", r"[0-9]{3}|[0-9]{1,2}", r"(\s|^)a", r"[\p{P}\p{S}&&[^.]]+", r"(?i:don|K\w)", r"\p{Emoji}",
    r"[[:word:]]+", r"[[:graph:]]+", r"[[:print:]]+", r"\p{Alphabetic}+", r"[^\r\n\p{L}\p{N}]", r"\p{LC}+", r"\n$", r"^\s",
    r"(?:[a-c]|[^\S\n])+?", r"a+?b", r"\p{Any}{2}", r"[a-z]+(?=\s)|\s", r"(?<word>a)b",
]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def metaspace(scheme, cut=True, char="▁"):
    return {"type": "Metaspace", "replacement": char, "prepend_scheme": scheme, "split": cut}


def byte_level(prefix, regex):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def plain():
    """All types and their settings."""
    d = {
        "bytes": byte_level(False, True), "bytes_prefix": byte_level(True, True), "bytes_prefix_whole": byte_level(True, False),
        "bert": {"type": "BertPreTokenizer"}, "whitespace": {"type": "Whitespace"}, "space_split": {"type": "WhitespaceSplit"},
        "scripts": {"type": "UnicodeScripts"}, "digit": {"type": "Digits", "individual_digits": True},
        "digits": {"type": "Digits", "individual_digits": False}, "length": {"type": "FixedLength", "length": 3},
        "length_5": {"type": "FixedLength"}, "delimiter": {"type": "CharDelimiterSplit", "delimiter": "a"},
        "empty": sequence(), "bytes_twice": sequence(BYTES, BYTES),
        "removed": split(CL100K, "Removed", True), "deepseek3": sequence(*[split(p) for p in DEEPSEEK], BYTES),
        "falcon": sequence({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(False, True),
                           {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]")),
        "prefix_first": sequence(byte_level(True, True), metaspace("first", True, "_")),
        "always_first": sequence(metaspace("always", True, "_"), metaspace("first", True, "-")),
        "words_first": sequence({"type": "WhitespaceSplit"}, metaspace("first")),
        "words_always_first": sequence({"type": "WhitespaceSplit"}, metaspace("always"), metaspace("first", True, "x")),
        "old_metaspace": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "str_rep": "▁"},
    }
    for scheme in ("always", "first", "never"):
        for cut in (True, False):
            d[f"metaspace_{scheme}_{cut}"] = metaspace(scheme, cut)
    for b in BEHAVIORS:
        d["punctuation_" + b] = {"type": "Punctuation", "behavior": b}
        d["nothing_" + b] = {"type": "Split", "pattern": {"String": ""}, "behavior": b, "invert": False}
        for invert in (False, True):
            d[f"string_{b}_{invert}"] = {"type": "Split", "pattern": {"String": " a"}, "behavior": b, "invert": invert}
            d[f"regex_{b}_{invert}"] = split(r"\s|[b-e]", b, invert)
            d[f"maybe_empty_{b}_{invert}"] = split(r"a*|(?=b)", b, invert)
    return d


def definitions():
    d = plain()
    for name, p in SCANNED.items():
        d["scan_" + name] = sequence(split(p), BYTES)
    for i, p in enumerate(PATTERNS):
        d[f"pattern_{i}"] = split(p)
    return d


NATURAL = [
    "Hello, world! Don't you'LL we'Ve I'ſ 'K 12345 $%&\n\n  foo  \r\n\tbar", "中文A字BcDе Привет ЁЖ\u0301 naïve E\u0301\u0301 ßẞ ﬁ İı ǅ ʼn",
    "  leading  and trailing   ", "\n \n", "a\u00a0b\u2028c\u3000d\u180ee\u200bf", "٠١٢٣ ½ Ⅷ ²³ 123456789", "😀👩‍👩‍👧🏽🇩🇪 ♥️ #️⃣",
    "カタカナひらがな一龥〇々ー゛゙ ・ x", "\x02\x01\x7f\x85\xad a\x1fb", "'s 'S 'ſ 'RE'rE don't'", "foo/bar//baz/\n/\n a/b", "ＡＢＣａｂｃ１２３",
    "\U0001f9ff\U0001fae9\U000323b0\U00010d40\U0001e5d0\u1c89\u1c8a", "  \u00e9\u0301 \u0301\u0301 \u0301A\u0301b",
    "camelCaseHTTPServer中ABC中abC", "a_b__c-d.e", "__init__(self):\n    return x\n", "₀₁ €£ +−×÷ «»“”‘’…—",
    "தமிழ் हिन्दी ไทย 한국어 العربية עברית",
]
POOL = [
    " ", "  ", "\n", "\r\n", "\r", "\t", "a", "b", "c", "k", "K", "s", "S", "t", "T", "re", "LL", "ve", "d", "'", "ſ", "\u212a", "A", "B",
    "Z", "É", "é", "ß", "1", "2", "99", "²", "Ⅷ", "٣", "中", "文", "一", "龥", "〇", "ひ", "カ", "ー", "・", "゛", "\u3099", "\u3097",
    "\u0301", "\u0903", "\u20dd", ".", ",", "!", "/", "-", "_", "$", "€", "+", "😀", "\u200d", "\ufe0f", "\u200b", "\u00ad", "\x00",
    "\x7f", "\x85", "\u00a0", "\u2028", "\u3000", "\u180e", "ǅ", "ʰ", "ª", "\u0378", "\U000e0100", "\ue000", "\U0001e5d0", "\U00010d4a",
    "\u1c89", "x", "{", "}", "[", "]", "&", "\U00016fe0", "⺀", "々", "\U00016ff0",
]
PLANES = [(0x20, 0x7F), (0xA0, 0x3000), (0x3000, 0xD800), (0xE000, 0x11000), (0x11000, 0x20000), (0x20000, 0x110000)]


def random_text(r):
    k = r.random()
    if k < 0.6:
        return "".join(r.choice(POOL) for _ in range(r.randint(1, 24)))
    if k < 0.8:
        return "".join(chr(r.randrange(*r.choice(PLANES))) for _ in range(r.randint(1, 16)))
    return "".join(r.choice(POOL[:40]) for _ in range(r.randint(1, 60)))


def oracle(definition):
    from tokenizers import Tokenizer
    t = {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": definition, "post_processor": None,
         "decoder": None, "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}
    return Tokenizer.from_str(json.dumps(t)).pre_tokenizer


def pieces(pre, text):
    return [p[0] for p in pre.pre_tokenize_str(text)]


def c_string(text):
    out = ""
    for b in text.encode():
        out += chr(b) if 0x20 <= b < 0x7F and b not in b'"\\?' else f"\\{b:03o}"
    return f'"{out}"'


def write_header(path):
    import tokenizers
    r = random.Random(5)
    lines = ["/* tok_pre_cases.h - pieces that PyPI's tokenizers " + tokenizers.__version__ + " cuts, as tests/tok/pre_oracle.py"
             " wrote them. Pieces are\n * separated by U+0001. */", "#ifndef WEIR_TESTS_TOK_PRE_CASES_H", "#define WEIR_TESTS_TOK_PRE_CASES_H", "",
             "/* clang-format off */", "struct pre_case {", "    const char *def /* NULL: that of the case before */, *text, *pieces;", "};",
             "static const struct pre_case pre_cases[] = {"]
    for name, d in definitions().items():
        pre = oracle(d)
        natural = r.sample(NATURAL, 1 if name.startswith("pattern") else 2)
        texts = natural + [random_text(r).replace("\0", "").replace("\1", "") for _ in range(1 if name.startswith("pattern") else 3)]
        head = c_string(json.dumps(d))
        for text in texts:
            text = text.replace("\1", "")
            lines.append(f"    {{{head}, {c_string(text)}, {c_string(chr(1).join(pieces(pre, text)))}}},")
            head = "NULL"
    lines += ["};", "/* clang-format on */", "", "#endif"]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_header(sys.argv[1])
