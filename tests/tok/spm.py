"""spm.py - reads a SentencePiece .model and writes the tokenizer.json that stands for it.

What becomes of each setting is taken from how Hugging Face's converters do it (the families' own tokenizer.json files look so);
the file is read by a few lines here, so that no protobuf package is needed.
"""
import base64
import struct

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
UNIGRAM, BPE = 1, 2


def varint(b, at):
    value = shift = 0
    while True:
        byte = b[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(b):
    """(number, value) of a protobuf message: integers, floats as 4 bytes, the rest as bytes."""
    at = 0
    while at < len(b):
        key, at = varint(b, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(b, at)
        elif kind == 1:
            value, at = b[at:at + 8], at + 8
        elif kind == 5:
            value, at = b[at:at + 4], at + 4
        elif kind == 2:
            n, at = varint(b, at)
            value, at = b[at:at + n], at + n
        else:
            raise ValueError(f"wire type {kind}")
        yield number, value


class Model:
    """pieces: (text, score, type); the settings that matter for encoding."""

    def __init__(self, path):
        self.path = path
        self.pieces = []
        self.type, self.byte_fallback, self.treat_whitespace_as_suffix = UNIGRAM, False, False
        self.charsmap, self.dummy_prefix, self.remove_extra, self.escape = b"", True, True, True
        with open(path, "rb") as f:
            data = f.read()
        for number, value in fields(data):
            if number == 1:
                text, score, kind = b"", 0.0, NORMAL
                for n, v in fields(value):
                    if n == 1:
                        text = v
                    elif n == 2:
                        score = struct.unpack("<f", v)[0]
                    elif n == 3:
                        kind = v
                self.pieces.append((text.decode(), score, kind))
            elif number == 2:
                for n, v in fields(value):
                    if n == 3:
                        self.type = v
                    elif n == 24:
                        self.treat_whitespace_as_suffix = bool(v)
                    elif n == 35:
                        self.byte_fallback = bool(v)
            elif number == 3:
                for n, v in fields(value):
                    if n == 2:
                        self.charsmap = v
                    elif n == 3:
                        self.dummy_prefix = bool(v)
                    elif n == 4:
                        self.remove_extra = bool(v)
                    elif n == 5:
                        self.escape = bool(v)
        self.unk = next(i for i, p in enumerate(self.pieces) if p[2] == UNKNOWN)

    def added(self):
        return [added(i, text, special=kind != USER_DEFINED) for i, (text, _, kind) in enumerate(self.pieces)
                if kind in (UNKNOWN, CONTROL, USER_DEFINED)]

    def merges(self):
        """Every way to make a piece of two others, best score first, as the converters list them."""
        vocab = {text: i for i, (text, _, _) in enumerate(self.pieces)}
        found = []
        for text, score, _ in self.pieces:
            local = [(text[:k], text[k:], score) for k in range(1, len(text)) if text[:k] in vocab and text[k:] in vocab]
            found += sorted(local, key=lambda m: (vocab[m[0]], vocab[m[1]]))
        found.sort(key=lambda m: (m[2], len(m[0]), len(m[1])), reverse=True)
        return [[left, right] for left, right, _ in found]


def added(i, content, special=True, normalized=False, **flags):
    token = {"id": i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": normalized,
             "special": special}
    token.update(flags)
    return token


def template(*parts):
    """TemplateProcessing of one text: strings are (token, id) pairs around None, which is the text."""
    single = [{"Sequence": {"id": "A", "type_id": 0}} if p is None else {"SpecialToken": {"id": p[0], "type_id": 0}} for p in parts]
    specials = {p[0]: {"id": p[0], "ids": [p[1]], "tokens": [p[0]]} for p in parts if p}
    return {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": specials}


def tokenizer(model, **parts):
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
             "post_processor": None, "decoder": None, "model": model}
    whole.update(parts)
    return whole


def llama(model, legacy):
    """Llama-2 and Mistral: the text is one word of BPE with bytes for what is unknown."""
    vocab = {text: i for i, (text, _, _) in enumerate(model.pieces)}
    bpe = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
           "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab, "merges": model.merges()}
    decoders = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]
    parts = {"added_tokens": model.added(), "post_processor": template(("<s>", vocab["<s>"]), None),
             "decoder": {"type": "Sequence", "decoders": decoders}}
    if legacy:
        bpe["merges"] = [" ".join(m) for m in bpe["merges"]]
        parts["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                                                                   {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    else:
        parts["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    return tokenizer(bpe, **parts)


def precompiled(model):
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(model.charsmap).decode()}


METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}


def unigram(model, normalizers, pre_tokenizer, post_processor, more=()):
    body = {"type": "Unigram", "unk_id": model.unk, "vocab": [[text, score] for text, score, _ in model.pieces],
            "byte_fallback": model.byte_fallback}
    return tokenizer(body, added_tokens=model.added() + list(more), normalizer={"type": "Sequence", "normalizers": normalizers},
                     pre_tokenizer=pre_tokenizer, post_processor=post_processor, decoder=METASPACE)
