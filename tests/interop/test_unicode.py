"""What each character is, to each part of PyPI's `tokenizers`, and to patterns. Every code point of the classes below;
of patterns every one where Unicode has assigned any, and one in 61 elsewhere (private use, planes 4 to 13), but for some
that are asked about all."""
import subprocess
import sys

from foreign import venv
from lib import SLOW, check, skip

SHOW = sys.argv[2]
ALL = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
SOME = [c for c in ALL if c < 0x34000 or 0xE0000 <= c < 0xE1000 or c % 61 == 0 or c & 0xFFFF in (0, 0xFFFD, 0xFFFE, 0xFFFF)]
WHOLE = (r"\p{L}", r"\p{Cn}", r"\w", r"[^\s\p{L}\p{N}]")
SETS = [r"\p{%s}" % n for n in (
    "L Lu Ll Lt Lm Lo N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So M Mn Mc Me Zs Cc Cf Cn Co Han Hiragana Katakana Hangul Latin "
    "Cyrillic Arabic Alphabetic Uppercase Lowercase Emoji Extended_Pictographic Print Blank").split()] + [
    r"\s", r"\w", r"\d", r"\W", r"[\w]", r"[\W]", r"[\p{^L}]", r"[[:punct:]]", r"[[:^alpha:]]", r"[[:graph:]]", r"[^\s\p{L}\p{N}]", r"[^\r\n\p{L}\p{N}]", r"(?i:s)", r"(?i:k)",
    r"(?i:[a-z])", r"(?i)[^k]", r"[\p{L}&&[^\p{Han}]]", "."]

def show(*args):
    return subprocess.run([SHOW, *args], capture_output=True, text=True, check=True).stdout


def chunks(between, n=3000):
    for i in range(0, len(ALL), n):
        yield between + between.join(map(chr, ALL[i:i + n])) + between


def oracle():
    from tokenizers import Regex, normalizers, pre_tokenizers as pt
    found = {}
    for p in SETS:
        text = "".join(map(chr, ALL if p in WHOLE else SOME))
        n, gone = normalizers.Replace(Regex(p), ""), set()
        for i in range(0, len(text), 4096):
            s = text[i:i + 4096]
            gone |= set(s) - set(n.normalize_str(s))
        found[p] = {ord(c) for c in gone}

    def alone(pre):
        return {ord(p[0]) for t in chunks("a") for p in pre.pre_tokenize_str(t) if len(p[0]) == 1 and p[0] != "a"}

    found["numeric"] = alone(pt.Digits(individual_digits=True))
    found["punct"] = alone(pt.Punctuation("isolated"))
    kept = {ord(c) for t in chunks("a") for p in pt.WhitespaceSplit().pre_tokenize_str(t) for c in p[0]}
    found["space"] = set(ALL) - kept
    found["word"] = set(ALL) - alone(pt.Whitespace()) - found["space"]

    def vanish(n):
        return {c for c in ALL if n.normalize_str(chr(c)) == ""}

    found["combining"] = vanish(normalizers.StripAccents())
    bert = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    found["nonspacing"] = vanish(normalizers.BertNormalizer(**{**bert, "strip_accents": True}))
    found["other"] = vanish(normalizers.BertNormalizer(**{**bert, "clean_text": True})) - {0xFFFD} | {9, 10, 13}
    lower = normalizers.Lowercase()
    found["lower"] = {c: [ord(x) for x in lower.normalize_str(chr(c))] for c in ALL if lower.normalize_str(chr(c)) != chr(c)}
    return found


def compare(name, got, want):
    extra, missing = sorted(got - want), sorted(want - got)
    check(not extra and not missing, f"{name}: too many {[hex(c) for c in extra[:10]]}, missing {[hex(c) for c in missing[:10]]}")


def main():
    if SLOW > 1:
        skip("under sanitizers the tables are the same")
    if len(sys.argv) < 4:
        python = venv("tokenizers-0.23.3", "tokenizers==0.23.3") + "/python"
        sys.exit(subprocess.run([python, *sys.argv, "inside"], check=False).returncode)
    want = oracle()
    got, some = {}, set(SOME)
    for line in show("--classes").splitlines():
        name, *values = line.split()
        got[name] = values
    for name in ("numeric", "punct", "space", "word", "combining", "nonspacing", "other"):
        compare(name, {int(v) for v in got[name]}, want[name])
    lower = {int(c): [int(x) for x in t.split("+")] for c, t in (v.split("=") for v in got["lower"])}
    check(lower == want["lower"], "lower case differs")
    for p in SETS:
        got = set()
        for lo, hi in (r.split("-") for r in show("--set", p).split()):
            got.update(range(int(lo), int(hi) + 1))
        compare(p, got if p in WHOLE else got & some, want[p])
    print(f"{len(SETS) + 8} classes")


main()
