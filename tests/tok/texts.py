"""texts.py - seeded strings that tokenizers disagree about, and natural ones.

A string is a few fragments in a row; fragments are drawn anew for each batch, each kind from a place where tokenizers are known
to go wrong. The same (seed, family, batch) gives the same strings.
"""
import random
import sys
import unicodedata

SPACES = [" "] * 12 + ["\t", "\n", "\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\xa0", "\u1680", "\u2000", "\u2003", "\u200a", "\u2028", "\u2029",
                       "\u202f", "\u205f", "\u3000", "\u180e", "\u200b", "\u2060", "\ufeff", "\x1c", "\x1f"]
APOSTROPHES = ["'"] * 6 + ["’", "ʼ", "＇", "`", "''", "‘", "'\u200b"]
ENDINGS = ["s", "S", "ſ", "t", "T", "re", "Re", "RE", "rE", "ve", "VE", "m", "M", "ll", "LL", "lL", "d", "D", "K", "k", "x", "ſt", "ß", "rſ", "ve"]
DIGITS = ["0", "1", "7", "42", "100", "2024", "1234567890", "3.14", "1,000", "٣٤", "०१२", "１２３", "²", "½", "Ⅻ", "①", "〇", "一二", "𝟘𝟙", "𐄇", "৴", "௰", "1e-9", "0x1F"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "…", "—", "–", "«", "»", "“", "”", "¿", "¡", "、", "。", "！", "「", "」", "·", "•", "//", "/*", "*/",
                                                           "->", "=>", "==", "!=", "&&", "||", "::", "://", "\\n", "``", "''", "({", "});", "€", "£", "©", "™", "∑", "≠",
                                                           "+=", "/\n", "/\r\n", "/ /", "¶", "§", "߷", "׃", "؟", "।", "၊", "᠁", "⸻", "︙", "﹏", "｡", "𐄀", "🟰"]
MARKS = ["\u0301", "\u0300", "\u0308", "\u0327", "\u0323", "\u0302", "\u0303", "\u030a", "\u0345", "\u0338", "\u0653", "\u05b4", "\u05bc", "\u0651", "\u064e", "\u093c", "\u094d",
         "\u0e38", "\u0e48", "\u3099", "\u309a", "\u20dd", "\u1ab0", "\u0489", "\u0f71", "\u0f72", "\u0f74", "\U0001d165", "\U0001d16e", "\U0001133c", "\u0334", "\u0358", "\u0b3e", "\u09be"]
BASES = list("aAeEiIoOuUnNcCsSdDyYzZgGkKlLrRtTwW=<>ΑΩαωιευηАИйеґאבשकযরखகொก가각ㄱ각はがウヴ")
COMPOSED = ["é", "e\u0301", "Å", "\u212b", "A\u030a", "Ω", "\u2126", "\u1f71", "ά", "\u0958", "\u0958\u093c", "\u2adc", "\ufb1d", "\ufb2c", "한", "\u1112\u1161\u11ab", "\uac00\u11a8", "\u1100\u1161", "ﬁ", "ﬃ", "ſ", "ẛ\u0323",
            "ﾊﾟ", "ｶﾞ", "Ａｂ", "①", "㎏", "㍿", "ﷺ", "ﻻ", "…", "²", "½", "℃", "№", "\u00a0", "\u2011", "\u00ad", "豈", "\U0002f800", "\U0001d15e", "\u0344", "\u0385", "\u1fee", "\u0340", "\u0f43", "\u2000", "\u2329",
            "ǆ", "Ǆ", "ǅ", "ĳ", "ŀ", "ŉ", "ϐ", "ϒ", "ϓ", "և", "ﬓ", "ㅎ", "ㆎ", "ﾡ", "㋿", "㌀", "🄰", "🈁", "\u09dc", "\u0dda", "\u1b06", "\U0001109a", "\U00011938", "\U000114bc"]
CASES = ["ß", "ẞ", "İ", "ı", "i\u0307", "ǅ", "ǈ", "Σ", "ς", "σς", "ΑΣ", "ᾳ", "ᾼ", "ŉ", "ǰ", "Ა", "ა", "Ꭰ", "ꭰ", "𐐀", "𐐨", "Ⱥ", "ⱥ", "ɐ", "Ɐ", "ʰ", "ˢ", "ᵃ", "ª", "º", "ﬀ", "K", "Å", "Ω", "𝐀", "𝒶", "Ⓐ", "ⓐ", "ꟲ", "Ꞌ", "HTTPServer", "iPhone", "McDonald",
         "camelCase", "snake_case", "SCREAMING_CASE", "ÀÉÎ", "àéî", "ЖжЁё", "ǅabc", "Abcǅ"]
EMOJI = ["😀", "👍", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪", "🇺🇸🇫🇷", "🇩", "1️⃣", "#️⃣", "❤️", "❤", "☺︎", "✂️", "©️", "🫠", "🪿", "🫨", "🧑🏿‍🤝‍🧑🏻", "\u200d", "\ufe0f", "\ufe0e", "🏻", "🀄", "♻", "⌚", "🎉🎉", "🫱🏼‍🫲🏿", "🪾", "🫩"]
CONTROLS = ["\x00", "\x01", "\x07", "\x08", "\x1b[0m", "\x7f", "\x80", "\x9f", "\u200c", "\u200d", "\u200e", "\u202a", "\u202e", "\u2066", "\u2069", "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\ue000", "\U000f0000",
            "\U0010ffff", "\U000e0001", "\U000e0041", "\ufff9", "\u061c", "\u00ad", "\u034f", "\u115f", "\u17b4", "\u3164", "\U0001bca0", "\ud7ff", "\uf8ff", "\U0001fffe"]
LINES = ["def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\n\t\tsum += a[i];\n\t}\n", '{"role": "user", "content": "Hi!"}', "https://example.org/a/b?c=d&e=%20f#g", "<div class=\"x\">text</div>", "| a | b |\n|---|---|\n",
         "# Title\n\n- item\n- item\n", "SELECT * FROM t WHERE a='b';", "user@example.com", "C:\\Users\\x", "$x^2 + \\frac{1}{2}$", "2024-11-28T09:00:00Z", "    \n    \n", "\n\n\n", "\t\t\t", "   x", "x   ", "\r\n\r\n", "I'm you're he'll WE'VE it'S",
         "don't", "l'été", "rock'n'roll", "O'Brien's", "'tis", "'''doc'''", "a'b'c", "5'10\"", "word 's", "▁▁", " ▁", "▁x", "##ing", "Ġthe", "<0x0A>", "<0xE4>", "[UNK]", "</w>"]
RANGES = [(0x20, 0x7f), (0x80, 0x250), (0x250, 0x370), (0x370, 0x530), (0x530, 0x700), (0x700, 0x900), (0x900, 0xe00), (0xe00, 0x1200), (0x1200, 0x1800), (0x1800, 0x2000), (0x2000, 0x2e80), (0x2e80, 0x3400),
          (0x3400, 0x4dc0), (0x4dc0, 0xa000), (0xa000, 0xac00), (0xac00, 0xd7a4), (0xd7b0, 0xd800), (0xe000, 0xf900), (0xf900, 0x10000), (0x10000, 0x10800), (0x10800, 0x12000), (0x12000, 0x16000), (0x16000, 0x1b000),
          (0x1b000, 0x1d000), (0x1d000, 0x1e000), (0x1e000, 0x20000), (0x20000, 0x2fa20), (0x30000, 0x33480), (0xe0000, 0xe01f0), (0x40000, 0xe0000), (0xf0000, 0x110000)]
# How many fragments make a string, and how often: most strings are short, so that many are compared.
LENGTHS = [1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 60, 150]
WEIGHTS = [80, 270, 250, 150, 80, 50, 40, 30, 20, 16, 8, 4, 1]
SHORT = [300, 430, 160, 60, 20, 10, 8, 5, 3, 2, 1, 1, 0]


def known(c):
    """Assigned, or private: what younger versions of Unicode say of the rest is another matter (docs/TOKENIZERS.md)."""
    return unicodedata.category(c) != "Cn"


class Texts:
    """words: natural pieces (of the vocabulary); specials: added tokens' contents."""

    def __init__(self, words, specials, seed, unassigned=False, short=False):
        self.words, self.specials, self.seed, self.unassigned = words or ["word"], specials or ["<s>"], seed, unassigned
        self.weights, self.long_each = (SHORT, 20000) if short else (WEIGHTS, 2000)

    def point(self, rng):
        while True:
            low, high = rng.choice(RANGES)
            c = chr(rng.randrange(low, high))
            if self.unassigned or known(c):
                return c

    def neighbours(self, rng):
        low, high = rng.choice(RANGES)
        at, out = rng.randrange(low, high), []
        for _ in range(rng.randint(1, 5)):
            at = min(max(at + rng.randint(-12, 12), low), high - 1)
            if self.unassigned or known(chr(at)):
                out.append(chr(at))
        return "".join(out)

    def special(self, rng):
        text = rng.choice(self.specials)
        how = rng.randrange(8)
        if how == 0 and len(text) > 1:
            text = text[:rng.randrange(1, len(text))]
        elif how == 1 and len(text) > 1:
            text = text[rng.randrange(1, len(text)):]
        elif how == 2:
            text = rng.choice((text.upper(), text.lower(), text + text, text[:-1] + text))
        elif how == 3:
            text = rng.choice(SPACES) + text + rng.choice(SPACES)
        return text

    def word(self, rng):
        text = rng.choice(self.words)
        how = rng.randrange(12)
        if how == 0:
            text = text.upper()
        elif how == 1:
            text = text.capitalize()
        elif how == 2:
            text = text.swapcase()
        elif how == 3:
            text = " " + text
        elif how == 4 and len(text) > 1:
            text = text[:rng.randrange(1, len(text))]
        return text

    def run_of(self, rng):
        unit = rng.choice((rng.choice(SPACES), rng.choice(PUNCTUATION), self.point(rng), rng.choice("aeAE0 _-=*"), rng.choice(self.words)))
        return unit * rng.choice((2, 3, 3, 4, 5, 8, 16, 17))

    def fragments(self, rng, n):
        def spaces(r): return "".join(r.choices(SPACES, k=r.choice((1, 1, 1, 2, 2, 3, 6))))
        def contraction(r): return r.choice(("", "I", "you", "É", "5", " ", "ñ")) + r.choice(APOSTROPHES) + r.choice(ENDINGS)
        def marked(r): return r.choice(BASES) + "".join(r.choices(MARKS, k=r.choice((1, 1, 2, 3, 7))))
        kinds = [
            (self.word, 30), (spaces, 14), (contraction, 7), (lambda r: r.choice(DIGITS), 5), (lambda r: r.choice(PUNCTUATION), 9), (self.point, 7),
            (self.neighbours, 5), (marked, 4), (lambda r: r.choice(COMPOSED), 4), (lambda r: r.choice(CASES), 3), (lambda r: r.choice(EMOJI), 3),
            (lambda r: r.choice(CONTROLS), 2), (self.special, 5), (self.run_of, 3), (lambda r: r.choice(LINES), 3),
            (lambda r: chr(r.randrange(32, 127)), 5), (lambda r: " " + "".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=r.randint(1, 9))), 5)]
        makers = rng.choices([k[0] for k in kinds], [k[1] for k in kinds], k=n)
        return [maker(rng) for maker in makers]

    def long_one(self, rng):
        """Hundreds of characters without a place to split, or of natural text."""
        how, n = rng.randrange(4), rng.randrange(100, 1200)
        if how == 0:
            return "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEéößжя", k=n))
        if how == 1:
            return rng.choice((" ", "\n", "a", "=", "日", "़", "🎉", "\u0301", "ab", " \n", "1", "-", "가", "é")) * (n // 2)
        if how == 2:
            return "".join(rng.choices(self.words, k=n // 5))
        return "".join(chr(rng.randrange(0x4e00, 0x9fa5)) for _ in range(n // 2))

    def batch(self, family, number, n):
        rng = random.Random(f"{self.seed}/{family}/{number}")
        pool = self.fragments(rng, max(500, min(6000, n // 4)))
        counts = rng.choices(LENGTHS, self.weights, k=n)
        drawn = rng.choices(pool, k=sum(counts))
        out, at = [], 0
        for count in counts:
            out.append("".join(drawn[at:at + count]))
            at += count
        for _ in range(n // self.long_each):
            out[rng.randrange(n)] = self.long_one(rng)
        return out


if __name__ == "__main__":
    texts = Texts(["Hello", " world", "ing"], ["<s>", "<|im_start|>"], sys.argv[1] if len(sys.argv) > 1 else "1")
    for line in texts.batch("shown", 0, 40):
        print(ascii(line))
