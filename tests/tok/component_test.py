#!/usr/bin/env python3
"""component_test.py WEIR - every flag of every component of tokenizer.json, and every mismatch ever found, without an oracle.

components.py makes the tokenizers, expected/ holds what the oracle made of their cases; found/NAME.json hold a tokenizer that was
cut down around a string that weir once saw otherwise. `weir tokenize --compare-ids` and `--decode` must agree with all of them.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import components  # noqa: E402
import expected  # noqa: E402
from lib import check  # noqa: E402


def run(words, text):
    done = subprocess.run(words, input=text.encode("utf-8", "surrogatepass"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


class Held:
    def __init__(self, weir, folder):
        self.weir, self.path, self.wrong, self.texts, self.tokenizers = weir, os.path.join(folder, "tokenizer.json"), [], 0, 0

    def tokenizer(self, name, tree, cases, specials=False, decoded=()):
        """cases: (text, ids); decoded: (ids, text)"""
        self.tokenizers += 1
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump(tree, f, ensure_ascii=False)
        flag = ', "specials": true' if specials else ""
        lines = "".join(f'{{"text": {json.dumps(text)}, "ids": {ids}{flag}}}\n' for text, ids in cases)
        rc, out, err = run([self.weir, "tokenize", "--tokenizer", self.path, "--compare-ids", "-"], lines)
        if name in components.REFUSED:
            if rc != 2 or components.REFUSED[name] not in err:
                self.wrong.append(name)
                print(f"--- {name}: should be refused: exit {rc}\n{out}{err}")
            return
        self.texts += len(cases)
        counted = re.search(rf"\b{len(cases)} texts\b.*\b0 differ\b", out)
        if rc != 0 or not counted:
            self.wrong.append(name)
            print(f"--- {name}: exit {rc}\n{out}{err}")
        if decoded:
            rc, out, err = run([self.weir, "tokenize", "--tokenizer", self.path, "--decode", "--specials", "--lines", "-"],
                               "".join(" ".join(map(str, ids)) + "\n" for ids, _ in decoded))
            want = "".join(text + "\n" for _, text in decoded)
            self.texts += len(decoded)
            if rc != 0 or out != want:
                self.wrong.append(name + " (decoding)")
                print(f"--- {name}, decoded: exit {rc} {err}")
                for a, b in zip(out.split("\n"), want.split("\n")):
                    if a != b:
                        print(f"    {ascii(a)} is not {ascii(b)}")


def main():
    known = expected.read()
    with tempfile.TemporaryDirectory(prefix="weir-tok-") as folder:
        held = Held(sys.argv[1], folder)
        for name, tree, _, specials, has_decoder in components.everything():
            form, entry = expected.Form(tree), known.get(name)
            check(entry is not None, f"{name} is not in expected/: run expected.py")
            cases = [(text, form.ids(shown)) for text, shown in entry["texts"].items()]
            # A line of ids is a line of text, so what holds a line break is left to the driver.
            decoded = [(ids, entry.get("decoded", {}).get(text, text)) for text, ids in cases if has_decoder and ids]
            held.tokenizer(name, tree, cases, specials, [(ids, text) for ids, text in decoded if text is not None and not re.search("[\r\n\ufffd]", text)])
        found = os.path.join(HERE, "found")
        for name in sorted(os.listdir(found)) if os.path.isdir(found) else []:
            with open(os.path.join(found, name), encoding="utf-8") as f:
                fixture = json.load(f)
            held.tokenizer("found/" + name, fixture["tokenizer"], [(c["text"], c["ids"]) for c in fixture["cases"]],
                           decoded=[(c["ids"], c["decoded"]) for c in fixture["cases"] if "decoded" in c])
    print(f"{held.tokenizers} tokenizers, {held.texts} texts, {len(held.wrong)} tokenizers wrong: {', '.join(held.wrong) or 'none'}")
    return 1 if held.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
