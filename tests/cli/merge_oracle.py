#!/usr/bin/env python3
"""merge_oracle - anchors and merge keys of random benchmark files mean what PyYAML makes of them.

usage: tests/cli/merge_oracle.py WEIR
"""
import random
import re
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("PyYAML is not installed (python3-yaml)")
    sys.exit(77)

KEYS = ["model", "prompt", "seed", "timeout", "max-tokens", "warmup", "order", "api-key-env", "streams-per-conn"]
VALUES = {"seed": range(9), "timeout": ["1s", "2s", "3s"], "max-tokens": range(1, 9), "warmup": range(1, 9),
          "order": ["sequential", "shuffle"], "streams-per-conn": range(1, 9)}


def value(rng, key):
    return rng.choice(list(VALUES.get(key, ["a", "b c", '"q"', "'s'", '"\\u00e9"'])))


def members(rng, indent, anchors, merge):
    lines = []
    for key in rng.sample(KEYS, rng.randrange(0, 5)):
        lines.append(f"{indent}{key}: {value(rng, key)}")
    if merge and anchors and rng.random() < 0.8:
        chosen = rng.sample(anchors, rng.randrange(1, min(3, len(anchors)) + 1))
        what = f"*{chosen[0]}" if len(chosen) == 1 else "[" + ", ".join("*" + c for c in chosen) + "]"
        lines.insert(rng.randrange(len(lines) + 1), f"{indent}<<: {what}")
    return lines or [f"{indent}order: shuffle"]


def document(rng):
    lines, anchors = [], []
    for i in range(rng.randrange(1, 5)):
        lines.append(f"x-{i}: &a{i}")
        lines += members(rng, "  ", anchors, True)
        anchors.append(f"a{i}")
    return "\n".join(lines + members(rng, "", anchors, True)) + "\n"


def main():
    weir, rng = sys.argv[1], random.Random(4)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(60):
            text = document(rng)
            path = f"{folder}/b.yaml"
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            wanted = {k: str(v) for k, v in yaml.safe_load(text).items() if not k.startswith("x-")}
            r = subprocess.run([weir, "run", "-f", path, "--show-config"], capture_output=True, text=True, check=False)
            got = {k: str(v) for k, v in (yaml.safe_load(r.stdout) or {}).items()}
            if got != wanted or r.returncode != 0:
                print(f"document {i}:\n{text}\nPyYAML: {wanted}\nweir:   {got}\n{r.stderr}")
                return 1
            # The place that stands behind each value is a line that says it.
            for m in re.finditer(r"^([a-z-]+): (.*?) *# \S+b\.yaml:(\d+)$", r.stdout, re.M):
                line = text.split("\n")[int(m[3]) - 1].strip()
                if yaml.safe_load(line) != yaml.safe_load(f"{m[1]}: {m[2]}"):
                    print(f"document {i}:\n{text}\n{m[0]}\nbut line {m[3]} is {line}")
                    return 1
    print("60 documents")
    return 0


sys.exit(main())
