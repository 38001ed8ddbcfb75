"""expected.py - what the oracle makes of the cases of components.py, kept in expected/GROUP.json in a form that can be read.

usage: expected.py        (under the interpreter of packages.oracle_python(): writes the files anew)

Ids become a string: for models of bytes the text that the bytes are; for models of characters the characters, with END after each
piece; for others the tokens with END between them. ids_of() is the way back, so that component_test.py needs no oracle.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
END, UNKNOWN = "│", "\ufffc" # end of a piece; a character without an id


class Form:
    """How the ids of one tokenizer.json are written."""

    def __init__(self, tree):
        model = tree["model"]
        vocab = model["vocab"]
        pairs = [(i, piece[0]) for i, piece in enumerate(vocab)] if isinstance(vocab, list) else [(i, t) for t, i in vocab.items()]
        self.token = dict(pairs)
        self.id = {t: i for i, t in pairs}
        self.bytes = self.id.get("<0x00>") == 0 and len(pairs) == 256
        self.chars = model.get("end_of_word_suffix") == "</w>" and not model["merges"]

    def shown(self, ids):
        if self.bytes:
            return bytes(ids).decode("utf-8", "surrogateescape")
        if not self.chars:
            return END.join(self.token.get(i, f"\x02{i}") for i in ids)
        out = ""
        for i in ids:
            token = self.token.get(i)
            if token is None:
                out += f"\x02{i}\x03"
            elif token == "<unk>":
                out += UNKNOWN
            else:
                out += token[0] + (END if token.endswith("</w>") else "")
        return out

    def ids(self, text):
        if self.bytes:
            return list(text.encode("utf-8", "surrogateescape"))
        if not self.chars:
            return [int(t[1:]) if t.startswith("\x02") else self.id[t] for t in text.split(END)] if text else []
        out, at = [], 0
        while at < len(text):
            c = text[at]
            at += 1
            if c == "\x02":
                stop = text.index("\x03", at)
                out.append(int(text[at:stop]))
                at = stop + 1
            elif c == UNKNOWN:
                out.append(self.id["<unk>"])
            elif text[at:at + 1] == END:
                out.append(self.id[c + "</w>"])
                at += 1
            else:
                out.append(self.id[c])
        return out


def read():
    found = {}
    folder = os.path.join(HERE, "expected")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            found.update(json.load(f))
    return found


def main():
    sys.path.insert(0, HERE)
    import components
    from tokenizers import Tokenizer
    groups = {}
    for name, tree, texts, specials, decoded in components.everything():
        oracle = Tokenizer.from_str(json.dumps(tree))
        form, entry = Form(tree), {"texts": {}}
        for text in texts:
            try:
                ids = oracle.encode(text, add_special_tokens=specials).ids
            except Exception: # an oracle that refuses a text has nothing to say about it
                continue
            entry["texts"][text] = form.shown(ids)
            if form.ids(entry["texts"][text]) != ids:
                raise RuntimeError(f"{name}: {ascii(text)} is not written so that it can be read back")
            try:
                back = oracle.decode(ids, skip_special_tokens=False) if decoded else text
            except BaseException: # PanicException: its Strip decoder does not bear short tokens
                back = None
            if back != text:
                entry.setdefault("decoded", {})[text] = back
        groups.setdefault(name.split("-")[0], {})[name] = entry
    os.makedirs(os.path.join(HERE, "expected"), exist_ok=True)
    for group, entries in groups.items():
        with open(os.path.join(HERE, "expected", group + ".json"), "w", encoding="utf-8") as f:
            parts = []
            for name, entry in entries.items():
                lines = [f"{json.dumps(t, ensure_ascii=False)}: {json.dumps(s, ensure_ascii=False)}" for t, s in entry["texts"].items()]
                more = f', "decoded": {json.dumps(entry["decoded"], ensure_ascii=False)}' if "decoded" in entry else ""
                parts.append(f'{json.dumps(name)}: {{"texts": {{\n' + ",\n".join(lines) + "}" + more + "}")
            f.write("{" + ",\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
