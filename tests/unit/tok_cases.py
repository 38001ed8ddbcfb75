#!/usr/bin/env python3
"""Writes tok_cases.h: what Hugging Face's tokenizers (PyPI, 0.23) makes of small cases, for test_tok_added.c,
test_tok_post.c and test_tok_decode.c. Usage: tok_cases.py >tok_cases.h, with that package installed."""

import json

from tokenizers import Tokenizer


def tokenizer(**parts):
    """Each word without a token is 0, each piece one word."""
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
             "pre_tokenizer": None, "post_processor": None, "decoder": None,
             "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "x": 1, "y": 2, "[IN]": 5}, "unk_token": "<unk>"}}
    whole.update(parts)
    return Tokenizer.from_str(json.dumps(whole))


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def token(content, **flags):
    out = {"id": 0, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
           "special": False}
    out.update(flags)
    return out


def c_string(s):
    b = s.encode("utf-8")
    out, hex_before = '"', False
    for x in b:
        c = chr(x)
        if x < 32 or x > 126:
            out += f"\\x{x:02X}"
            hex_before = True
            continue
        if hex_before and c in "0123456789abcdefABCDEF":
            out += '""'
        hex_before = False
        out += {'"': '\\"', "\\": "\\\\", "?": "\\?"}.get(c, c)
    return out + '"'


def added_cases():
    lists = {
        "longest": [token("<a>"), token("<ab>"), token("<ab"), token("bc"), token("<abcd"), token("b")],
        # the vocabulary has a hole: the next free id is one that is taken, and the later token has it
        "plain": [token("<a>"), token("<ab>"), token("[IN]"), token("<a"), token("ab")],
        "strip": [token("<l>", lstrip=True), token("<r>", rstrip=True), token("<b>", lstrip=True, rstrip=True), token("  ")],
        "again": [token("  ", single_word=True, lstrip=True, rstrip=True), token(" x", lstrip=True)],
        "word": [token("to", single_word=True), token("torn", single_word=True), token("\u00e9", single_word=True)],
        "normal": [token("Day", normalized=True), token("[Day]"), token("DAYS", normalized=True), token("day<", lstrip=True,
                   normalized=True)],
        "replaced": [token("<s>", special=True), token("", special=True), token("<s>", rstrip=True)],
    }
    texts = {
        "longest": ["<ab><a>", "<abcx", "<abcd<abc", "<a<b>bbc"],
        "plain": ["", "<a>", "<ab><a>x[IN]<ab", "<<a><ab", "nothing", "ab<aab>", "<a<ab>>"],
        "strip": ["x <l> y", " \t\u3000<l>", "x <r> \n y<r>", "x<r>  <l>  <b>  x", "<r> <l>", "<r>    x", "  <l>", "<b> <b>"],
        "again": ["     y", "y    ", "y   x  y", "     x"],
        "word": ["to be", "torn to", "tor to_ to", "\u00e9t\u00e9 \u00e9", "to\u0301 to", "(to)", "torn\u24b6 to\u200d to-", "to to1"],
        "normal": ["a DAY [Day] [day] days", "x day< y  DAY<", "DAYSDAY", "[Day]day"],
        "replaced": ["x<s> y", "<s>"],
    }
    for name, defs in lists.items():
        t = tokenizer(added_tokens=defs, normalizer={"type": "Lowercase"} if name == "normal" else None)
        for text in texts[name]:
            e = t.encode(text)
            spans = " ".join(f"{i}@{len(text[:a].encode())}-{len(text[:b].encode())}" for i, (a, b) in zip(e.ids, e.offsets))
            said = [{k: v for k, v in d.items() if k != "id" and v is not False} for d in defs]
            yield compact(said), text, spans


def post_cases():
    def special(name):
        return {"SpecialToken": {"id": name, "type_id": 0}}

    a, b = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}
    table = {"[C.L]": {"id": "[C.L]", "ids": [10], "tokens": ["c"]}, "two": {"id": "two", "ids": [11, 12], "tokens": ["d", "e"]}}

    def template(single, pair=None):
        return {"type": "TemplateProcessing", "single": single, "pair": pair or [a, b], "special_tokens": table}

    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    bert = {"type": "BertProcessing", "sep": ["s", 20], "cls": ["c", 21]}
    roberta = {"type": "RobertaProcessing", "sep": ["s", 20], "cls": ["c", 21], "trim_offsets": True, "add_prefix_space": False}
    for post in [
        template([special("[C.L]"), a, special("two")]),
        template([a]),
        template([special("two")]),
        template([a, special("[C.L]"), a]),
        bert,
        roberta,
        byte_level,
        {"type": "Sequence", "processors": [byte_level, template([special("[C.L]"), a])]},
        {"type": "Sequence", "processors": [bert, template([special("two"), a])]},
        {"type": "Sequence", "processors": [template([special("two"), a]), bert]},
        {"type": "Sequence", "processors": [template([special("two"), a]), roberta]},
        {"type": "Sequence", "processors": [template([special("two"), a]), template([a], [b, special("[C.L]"), a])]},
        {"type": "Sequence", "processors": []},
    ]:
        t = tokenizer(post_processor=post, pre_tokenizer={"type": "WhitespaceSplit"})
        ids = [" ".join(map(str, t.encode("x y", add_special_tokens=specials).ids)) for specials in (False, True)]
        yield compact(post), ids[0], ids[1]


def decode_cases():
    def sequence(*d):
        return {"type": "Sequence", "decoders": list(d)}

    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    fallback, fuse = {"type": "ByteFallback"}, {"type": "Fuse"}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    under = {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    ctc = {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True}
    cases = [
        (byte_level, ["\u0120the", "\u0120caf\u00c3", "\u00a9", "<|end of text|>", "\u010a"]),
        (byte_level, ["\u00c3", "x", "\u00e2\u0124", "\u20ac"]),
        (byte_level, []),
        (sequence(under, fallback, fuse, strip), ["\u2581Hello", "\u2581\u2581", "<0xE2>", "<0x82>", "<0xAC>", "!", "<0xE2>", "<0x82>", "y"]),
        (sequence(under, fallback, fuse, strip), ["\u2581", "\u2581x"]),
        (fallback, ["<0x61>", "<0xG1>", "<0x6>", "<0x+A>", "<0xff>", "<0xFF>", "z", "<0xC3>"]),
        (fuse, []),
        ({"type": "Strip", "content": "H", "start": 2, "stop": 1}, ["HHHey", "HeyHH", "xHx", "yHH"]),
        ({"type": "Strip", "content": "\u00e9", "start": 1, "stop": 1}, ["\u00e9t\u00e9", "\u00e9\u00e9x"]),
        (metaspace, ["\u2581a\u2581b", "\u2581c", "d"]),
        (dict(metaspace, prepend_scheme="never"), ["\u2581a\u2581b", "\u2581c", "d"]),
        (dict(metaspace, prepend_scheme="first"), ["\u2581a", "\u2581c"]),
        ({"type": "WordPiece", "prefix": "##", "cleanup": True}, ["##un", "##able", "I", "'", "m", "do not", ".", "I 'm", "!", "a n't"]),
        ({"type": "WordPiece", "prefix": "##", "cleanup": False}, ["un", "##able", ".", "##", "x"]),
        ({"type": "BPEDecoder", "suffix": "</w>"}, ["Hello</w>", "wor", "ld</w>"]),
        (ctc, ["<pad>", "h", "h", "<pad>", "h", "e", "|", "l", "<pad>", "l", "o", "o", "|"]),
        (dict(ctc, cleanup=False), ["h", "h", "<pad>x", "|"]),
        (None, ["a", "b", "c"]),
        ({"type": "Replace", "pattern": {"String": "ab"}, "content": "-"}, ["xabab", "aab", "a", "b"]),
    ]
    for decoder, tokens in cases:
        vocab = {t: i for i, t in enumerate(tokens)}
        t = tokenizer(decoder=decoder, model={"type": "WordLevel", "vocab": dict(vocab, **{"<unk>": 1000}), "unk_token": "<unk>"})
        yield compact(decoder), compact(tokens), t.decode([vocab[x] for x in tokens], skip_special_tokens=False)


def write(name, cases):
    print(f"static const char *const {name}[][3] = {{")
    for case in cases:
        print("    {" + ", ".join(c_string(x) for x in case) + "},")
    print("};")


print("/* tok_cases.h - written by tok_cases.py from Hugging Face's tokenizers; not by hand. */")
print("#ifndef WEIR_TESTS_TOK_CASES_H\n#define WEIR_TESTS_TOK_CASES_H\n")
print("/* Added tokens, text, \"ID@FROM-TO …\" in bytes; id 0: what lies between. */")
write("added_cases", added_cases())
print("\n/* Post-processor, ids without and with specials, of a text whose ids are 1 2. */")
write("post_cases", post_cases())
print("\n/* Decoder, tokens, text. */")
write("decode_cases", decode_cases())
print("\n#endif")
