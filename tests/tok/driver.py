#!/usr/bin/env python3
"""driver.py - compares weir's token ids with those of other libraries, string by string, for each family of tokenizers.

usage: driver.py WEIR [--family NAME,…] [--seconds S] [--strings N] [--seed N] [--first N] [--assigned] [--short] [--found DIR] [--record DIR]

Strings come from texts.py (seeded), ids from the family's oracle, and `weir tokenize --compare-ids` compares. Each family has an
equal share of the seconds (WEIR_TOK_SECONDS; 120), or N strings. A string that differs is made as short as it can be, cut down with
its tokenizer to a fixture, and written to DIR (tests/tok/fixtures takes such files). --record only writes the strings and ids to
DIR, for `weir tokenize --compare-ids` to read later. Exit status 1 when any id differed.
"""
import argparse
import gc
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import packages  # noqa: E402

BATCH = 5000 # strings


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("weir")
    p.add_argument("--family", default="")
    p.add_argument("--seconds", type=float, default=float(os.environ.get("WEIR_TOK_SECONDS", "120")))
    p.add_argument("--strings", type=int, default=0)
    p.add_argument("--seed", default="1")
    p.add_argument("--first", type=int, default=0, help="number of the first batch")
    p.add_argument("--assigned", action="store_true", help="only code points that this Python's Unicode knows")
    p.add_argument("--short", action="store_true", help="mostly one or two fragments: many more strings in the time")
    p.add_argument("--found", default="")
    p.add_argument("--record", default="")
    return p.parse_args()


def lines_of(texts, ids):
    dump = json.JSONEncoder(ensure_ascii=False).encode
    return "".join(f'{{"text":{dump(text)},"ids":{list(i)}}}\n' for text, i in zip(texts, ids))


class Compared:
    """One `weir tokenize --compare-ids -` that takes batches until it is closed."""

    def __init__(self, weir, path):
        self.process = subprocess.Popen([weir, "tokenize", "--tokenizer", path, "--compare-ids", "-"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def give(self, lines):
        try:
            self.process.stdin.write(lines.encode("utf-8"))
        except BrokenPipeError:
            pass

    def close(self):
        """(exit status, line numbers that differ from 1, what it said)"""
        out, err = self.process.communicate()
        said = out.decode("utf-8", "replace")
        differ = [int(n) for n in re.findall(r"^(?:\S*?:)?(?:line )?(\d+): ", said, re.M)]
        return self.process.returncode, differ, said + err.decode("utf-8", "replace")


def differing(weir, path, texts, ids):
    """Which of the texts differ (few texts: all are listed)."""
    compared = Compared(weir, path)
    compared.give(lines_of(texts, ids))
    status, lines, said = compared.close()
    if status not in (0, 3) or (status == 3 and not lines):
        raise RuntimeError(f"weir tokenize ended with {status}: {said[-500:]}")
    return [n - 1 for n in lines]


def minimal(weir, path, oracle, text):
    """A shortest part of the text that still differs: pieces are taken out as long as that leaves a difference."""
    step = max(1, len(text) // 2)
    while True:
        tries = [text[:at] + text[at + step:] for at in range(0, len(text), step)][:2000]
        tries = [t for t in dict.fromkeys(tries) if t and t != text]
        left = []
        for at in range(0, len(tries), 16):
            some = tries[at:at + 16]
            left = differing(weir, path, some, oracle.ids(some))
            if left:
                text = some[left[0]]
                break
        if not left:
            if step == 1:
                return text
            step //= 2
        step = max(1, min(step, len(text) // 2))


class Report:
    def __init__(self):
        self.rows, self.differ, self.missing = [], [], []

    def row(self, family, version, strings, tokens, differ, seconds):
        self.rows.append((family.name, strings, tokens, differ))
        print(f"{family.name:20} {strings:>10} strings {tokens:>12} tokens {differ:>4} differ  {seconds:6.1f} s  {version}; {family.source}",
              flush=True)


def chunk_of(oracle, texts, number, name):
    strings = texts.batch(name, number, BATCH)
    return strings, oracle.ids(strings)


def settle(args, family, oracle, kept, said):
    """What differed in the chunk: found again, made short, kept as a fixture."""
    from cut import fixture
    texts = [t for strings, _ in kept for t in strings]
    ids = [i for _, some in kept for i in some]
    path, seen = family.path(), []
    for n in differing(args.weir, path, texts, ids)[:4]:
        text = minimal(args.weir, path, oracle, texts[n])
        if text in seen:
            continue
        seen.append(text)
        print(f"  {family.name}: {ascii(text)} is {oracle.ids([text])[0]} (seed {args.seed})", flush=True)
        if args.found:
            os.makedirs(args.found, exist_ok=True)
            fixture(args.found, family, oracle, text)
    if not seen:
        print(said[-1000:], flush=True)


def decoded_alike(args, family, oracle, strings, ids):
    """Whether ids become the same text, with and without special tokens: those of real texts, then any."""
    import random
    rng = random.Random(args.seed)
    end = oracle.size()
    any_ids = [] if family.kind == "spm" else [rng.randrange(end) for _ in range(2000)] # its half characters are not Hugging Face's
    for some in (sum(ids[:400], []), any_ids):
        some = [i for i in some if oracle.has(i)]
        for flag, skip in ((["--specials"], False), ([], True)):
            done = subprocess.run([args.weir, "tokenize", "--tokenizer", family.path(), "--decode", "--quiet", *flag, "-"],
                                  input=" ".join(map(str, some)).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
            want, got = oracle.text(some, skip).encode("utf-8", "replace"), done.stdout
            if got != want:
                at = next((n for n, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
                print(f"  {family.name}: {len(some)} ids, skip_special_tokens={skip}: decoded otherwise from byte {at} of {len(want)}: "
                      f"{ascii(got[at:at + 40])}, {ascii(want[at:at + 40])} expected {done.stderr.decode()[-200:]}", flush=True)
                return False
    return True


def compare(args, family, seconds, report):
    """One family for its share of the time; weir is started anew for each million strings."""
    from texts import Texts
    begun = time.monotonic()
    try:
        oracle = family.oracle()
    except packages.Unavailable as e:
        report.missing.append(f"{family.name}: {e}")
        print(f"{family.name:20} not compared: {e}", flush=True)
        return
    texts = Texts(oracle.words(), oracle.specials(), args.seed, not args.assigned, args.short)
    gc.collect()
    gc.freeze()
    number, strings, tokens, differ, more = args.first, 0, 0, 0, True
    record = open(os.path.join(args.record, family.name + ".jsonl"), "a", encoding="utf-8") if args.record else None
    while more:
        compared = None if record else Compared(args.weir, family.path())
        kept = []
        while more and len(kept) < 200:
            chunk = chunk_of(oracle, texts, number, family.name)
            lines = lines_of(*chunk)
            if record:
                record.write(lines)
            else:
                compared.give(lines)
            if number == args.first and not record and family.decodes and not decoded_alike(args, family, oracle, *chunk):
                differ += 1
            kept.append(chunk)
            number += 1
            strings += len(chunk[0])
            tokens += sum(map(len, chunk[1]))
            more = strings < args.strings if args.strings else time.monotonic() < begun + seconds
        if compared:
            status, lines, said = compared.close()
            if status == 3:
                total = re.search(r"(\d+) differ", said)
                differ += int(total.group(1)) if total else len(lines)
                settle(args, family, oracle, kept, said)
            elif status != 0:
                differ += 1
                print(f"  {family.name}: weir ended with {status}: {said[-1000:]}", flush=True)
            if differ:
                more = False
    report.row(family, oracle.version, strings, tokens, differ, time.monotonic() - begun)
    if record:
        record.close()
    if differ:
        report.differ.append(family.name)


def compare_components(args, seconds, report, component):
    """Every small tokenizer of components.py in turn, a few strings each, until the time is over."""
    import tempfile

    from components import CHARS, everything
    from texts import Texts
    begun, number, strings, tokens, differ = time.monotonic(), args.first, 0, 0, 0
    words = [CHARS[i:i + n] for i in range(0, len(CHARS), 3) for n in (1, 2, 4)] + ["the", " the", "aab", "new york", "  ", "▁a", "日本"]
    with tempfile.TemporaryDirectory(prefix="weir-tok-") as folder:
        while number == args.first or (not differ and time.monotonic() < begun + seconds):
            for name, tree, _, specials, _ in everything():
                family = component(name, tree, os.path.join(folder, "tokenizer.json"))
                if name in component.REFUSED:
                    continue
                oracle = family.oracle()
                texts = Texts(words, oracle.specials() + ["<tok>", "<s>"], args.seed, not args.assigned, args.short)
                some = texts.batch(name, number, 100)
                ids = oracle.ids(some)
                compared = Compared(args.weir, family.path())
                compared.give(lines_of(some, ids))
                status, lines, said = compared.close()
                strings += len(some)
                tokens += sum(map(len, ids))
                if status != 0:
                    differ += max(1, len(lines))
                    print(f"  {name}: {said[:600]}", flush=True)
                    if status == 3:
                        settle(args, family, oracle, [(some, ids)], said)
            number += 1
    family.name, family.source = "components", f"{len(list(everything()))} small tokenizers, every flag of every component"
    report.row(family, oracle.version, strings, tokens, differ, time.monotonic() - begun)
    if differ:
        report.differ.append("components")


def main():
    args = arguments()
    if os.environ.get("WEIR_SANITIZED") == "1":
        print("skipped: the oracles are slow beside a sanitizer; component_test.py covers the parts")
        return 77
    if os.environ.get("WEIR_TOK_INSIDE") != "1": # the oracles live in an environment of their own
        os.environ["WEIR_TOK_INSIDE"] = "1"
        os.environ.setdefault("RAYON_NUM_THREADS", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
        os.execv(packages.oracle_python(), [packages.oracle_python(), "-B", os.path.abspath(__file__), *sys.argv[1:]])
    from families import BY_NAME, FAMILIES, Component
    chosen = [BY_NAME[name] for name in args.family.split(",") if name != "components"] if args.family else FAMILIES
    report = Report()
    if not args.record and (not args.family or "components" in args.family.split(",")):
        compare_components(args, args.seconds / 10, report, Component)
    end = time.monotonic() + args.seconds
    for n, family in enumerate(chosen): # what loading took is a family's own time; each is compared in one batch at least
        compare(args, family, max(0, end - time.monotonic()) / (len(chosen) - n), report)
    total = sum(row[1] for row in report.rows)
    print(f"{len(report.rows)} families, {total} strings, {sum(row[2] for row in report.rows)} tokens, "
          f"{sum(row[3] for row in report.rows)} differ; {len(report.missing)} not compared; seed {args.seed}")
    if not report.rows:
        print("skipped: no family's tokenizer could be had")
        return 77
    return 1 if report.differ else 0


if __name__ == "__main__":
    sys.exit(main())
