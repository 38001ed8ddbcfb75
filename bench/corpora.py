"""Texts to tokenize, made from what a Debian machine has: nothing is fetched and nothing is kept in the tree.

english: manual pages without their markup; code: C headers and the Python library; cjk: Chinese, Japanese and Korean message
catalogues and manual pages; mixed: paragraphs of all these and of catalogues in other scripts, in turn. The same machine gives
the same bytes. Where a machine has too little of a kind, the text is shorter, and none at all gives None.
"""
import glob
import gzip
import hashlib
import os
import random
import re
import struct

MAN, LOCALE = "/usr/share/man", "/usr/share/locale"
CJK = ("zh_CN", "zh_TW", "zh_HK", "ja", "ko")
OTHERS = ("ru", "uk", "el", "ar", "he", "fa", "hi", "bn", "ta", "th", "ka", "hy", "vi", "tr", "de", "fr", "pl", "fi")


def man_text(path):
    """A manual page's words: macros, fonts and escapes of troff taken out."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
            lines = f.read().decode("utf-8", "ignore").split("\n")
    except OSError:
        return ""
    out = []
    for line in lines:
        if line[:2] in ('.\\', "'\\"):
            continue
        if line[:1] in ".'":
            macro, _, line = line.partition(" ")
            if macro in (".SH", ".SS", ".PP", ".P", ".TP", ".IP"):
                out.append("\n")
            if macro not in (".SH", ".SS", ".B", ".I", ".BR", ".IR", ".RB", ".RI", ".IP"):
                continue
        line = re.sub(r"\\f(\[[^]]*\]|\(..|.)|\\s[-+]?\d|\\[&/,:^|%]", "", line)
        line = re.sub(r"\\-", "-", line)
        line = re.sub(r"\\\((aq|lq|rq|oq|cq|dq|em|en|bu|co)", lambda m: {"em": "—", "en": "–", "bu": "•"}.get(m[1], "'"), line)
        out.append(re.sub(r"\\[ e~0]", " ", line).replace('"', "") + ("\n" if len(line) < 60 else " "))
    return "".join(out)


def catalogue(path):
    """The translations of a compiled message catalogue (GNU gettext's .mo)."""
    try:
        with open(path, "rb") as f:
            data = f.read()
        if struct.unpack_from("<I", data)[0] != 0x950412DE:
            return
        n, _, table = struct.unpack_from("<3I", data, 8)
        for i in range(1, n):  # the first is the header
            size, at = struct.unpack_from("<2I", data, table + 8 * i)
            for part in data[at:at + size].split(b"\0"):
                yield part.decode("utf-8", "ignore")
    except (OSError, struct.error):
        return


def messages(language, ceiling):
    """Translations of a language, each once, in the order of its catalogues; at most `ceiling` characters."""
    seen, out, total = set(), [], 0
    for path in sorted(glob.glob(f"{LOCALE}/{language}/LC_MESSAGES/*.mo")):
        for text in catalogue(path):
            if text and text not in seen:
                seen.add(text)
                out.append(text)
                total += len(text)
        if total >= ceiling:
            break
    return out


def files(patterns, read, ceiling):
    out, total = [], 0
    for path in sorted(p for pattern in patterns for p in glob.glob(pattern, recursive=True)):
        if os.path.islink(path) or os.path.basename(path).startswith("gcloud"):  # thousands of pages of one template
            continue
        text = read(path)
        out.append(text)
        total += len(text)
        if total >= ceiling:
            break
    return out


def plain(path):
    with open(path, "rb") as f:
        return f.read().decode("utf-8", "ignore")


def english(size):
    return "\n".join(files([f"{MAN}/man{i}/*" for i in (1, 5, 7, 8, 2, 3)], man_text, size))


def code(size):
    half = size // 2
    headers = files(["/usr/include/*.h", "/usr/include/[a-z]*/*.h"], plain, half)
    return "\n".join(headers + files(["/usr/lib/python3*/*.py", "/usr/lib/python3*/[a-z]*/*.py"], plain, size - sum(map(len, headers))))


def cjk(size):
    share = size // 3 // len(CJK)  # three bytes a character
    parts = [t for language in CJK for t in messages(language, 2 * share)]
    parts += files([f"{MAN}/{language}*/man*/*" for language in CJK], man_text, share * len(CJK))
    random.Random(1).shuffle(parts)
    return "\n".join(parts)


def mixed(size):
    rng, pools = random.Random(2), []
    for text in (english(size // 2), code(size // 3), cjk(size // 3)):
        paragraphs = text.split("\n\n") if text.count("\n\n") > 100 else re.findall(r"(?s).{1,600}", text)
        pools.append(paragraphs)
    others = [t for language in OTHERS for t in messages(language, size // 40)]
    rng.shuffle(others)
    pools.append(others)
    out, total = [], 0
    for i in range(size):
        pool = pools[i % len(pools)]
        if not pool:
            continue
        out.append(pool[rng.randrange(len(pool))])
        total += len(out[-1].encode())
        if total >= size:
            break
    return "\n\n".join(out)


KINDS = {"english": english, "code": code, "cjk": cjk, "mixed": mixed}


def make(folder, size):
    """Writes the corpora into `folder`, once; gives {kind: (path, bytes, sha256 of the text)}."""
    os.makedirs(folder, exist_ok=True)
    found = {}
    for kind, generate in KINDS.items():
        path = os.path.join(folder, f"{kind}-{size}.txt")
        if not os.path.exists(path):
            text = generate(size).encode()[:size].decode("utf-8", "ignore").encode()
            with open(path + ".tmp", "wb") as f:
                f.write(text)
            os.rename(path + ".tmp", path)
        with open(path, "rb") as f:
            text = f.read()
        if text:
            found[kind] = (path, len(text), hashlib.sha256(text).hexdigest())
    return found
