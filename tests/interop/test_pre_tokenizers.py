"""Every pre-tokenizer, known pattern and construct of patterns against PyPI's `tokenizers`, on random texts.

WEIR_PRE_TEXTS: how many random texts (600); WEIR_PRE_SEED: another seed.
"""
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tok"))
from foreign import venv  # noqa: E402
from lib import SLOW, check  # noqa: E402
from pre_oracle import NATURAL, definitions, oracle, pieces, random_text  # noqa: E402

SHOW = sys.argv[2]


def main():
    if len(sys.argv) < 4:
        python = venv("tokenizers-0.23.3", "tokenizers==0.23.3") + "/python"
        sys.exit(subprocess.run([python, *sys.argv, "inside"], check=False).returncode)
    r = random.Random(int(os.environ.get("WEIR_PRE_SEED", "1")))
    texts = NATURAL + [random_text(r) for _ in range(int(os.environ.get("WEIR_PRE_TEXTS", "600")) // SLOW)]
    lines = "".join(json.dumps(t) + "\n" for t in texts)
    for name, d in definitions().items():
        done = subprocess.run([SHOW, json.dumps(d)], input=lines, capture_output=True, text=True, encoding="utf-8")
        check(done.returncode == 0, f"{name}: exit {done.returncode}, {done.stdout[:300]} {done.stderr[:300]}")
        pre = oracle(d)
        answers = [json.loads(line) for line in done.stdout.split("\n") if line]
        check(len(answers) == len(texts), f"{name}: {len(answers)} answers to {len(texts)} texts")
        for text, got in zip(texts, answers):
            want = pieces(pre, text)
            check(got == want, f"{name}, {json.dumps(d)}: {text!r}:\n  {got} instead of\n  {want}")
    print(f"{len(definitions())} pre-tokenizers, {len(texts)} texts each")


main()
