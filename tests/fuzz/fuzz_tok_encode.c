/* fuzz_tok_encode.c - any bytes as a text, by small tokenizers of each kind (the first byte chooses): counting, listing
 * and giving away agree, every id is a token, a second pass (from the cache) gives the same, and what bytes became
 * becomes the same bytes again. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "tok/tok.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define HEAD "{\"version\":\"1.0\",\"added_tokens\":["
#define TOKEN(id, text, more)                                                                                          \
    "{\"id\":" id ",\"content\":\"" text "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"                 \
    "\"normalized\":false,\"special\":true" more "}"

static const char wordlevel[] = HEAD TOKEN(
    "2", "<s>",
    "") "],\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"model\":{"
        "\"type\":\"WordLevel\",\"vocab\":{\"<unk>\":0,\"a\":1,\"<s>\":2,\"the\":3},\"unk_token\":\"<unk>\"}}";
static const char wordpiece[] = HEAD TOKEN(
    "1", "[SEP]",
    "") "],\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,"
        "\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true},\"pre_tokenizer\":{\"type\":"
        "\"BertPreTokenizer\"},"
        "\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",1],\"cls\":[\"[CLS]\",2]},"
        "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true},\"model\":{\"type\":\"WordPiece\","
        "\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,"
        "\"vocab\":{\"[UNK]\":0,\"[SEP]\":1,\"[CLS]\":2,\"a\":3,\"##a\":4,\"b\":5,\"##b\":6,\"ab\":7,\".\":8}}}";
static const char unigram[] = HEAD TOKEN(
    "0", "<unk>",
    "") "],\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"  \"},"
        "\"content\":\" "
        "\"},\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"always\","
        "\"split\":true},\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"always\","
        "\"split\":true},"
        "\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0.0],[\"\\u2581\",-2.0],[\"a\",-3.5],["
        "\"b\",-3.0],"
        "[\"ab\",-4.0],[\"\\u2581a\",-3.25],[\"aba\",-6.0]],\"byte_fallback\":false}}";
static const char llama[] = HEAD TOKEN("0", "<unk>", "") "," TOKEN(
    "1", "<s>", "") "],\"pre_tokenizer\":{\"type\":\"Metaspace\","
                    "\"replacement\":\"\\u2581\",\"prepend_scheme\":\"first\",\"split\":false},\"decoder\":{\"type\":"
                    "\"Sequence\",\"decoders\":["
                    "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\\u2581\"},\"content\":\" "
                    "\"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
                    "{\"type\":\"Strip\",\"content\":\" "
                    "\",\"start\":1,\"stop\":0}]},\"model\":{\"type\":\"BPE\",\"unk_token\":\"<unk>\","
                    "\"fuse_unk\":true,\"byte_fallback\":true,\"vocab\":{\"<unk>\":0,\"<s>\":1,\"<0x0A>\":2,\"<0xC3>\":"
                    "3,\"<0xA9>\":4,"
                    "\"\\u2581\":5,\"a\":6,\"b\":7,\"ab\":8,\"\\u2581a\":9,\"\\u2581ab\":10},\"merges\":[[\"a\",\"b\"],"
                    "[\"\\u2581\",\"a\"],"
                    "[\"\\u2581\",\"ab\"]]}}";

/* Every byte is a token here, so nothing is lost. */
static void byte_level(struct buf *out, const char *pre)
{
    buf_addz(out, HEAD TOKEN("259", "<|end|>", "") "],\"pre_tokenizer\":");
    buf_addz(out, pre);
    buf_addz(
        out,
        ",\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},"
        "\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (unsigned b = 0, extra = 0; b < 256; b++) {
        bool plain = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
        buf_addf(out, "\"\\u%04x\":%u,", plain ? b : 0x100 + extra, b);
        extra += !plain;
    }
    buf_addz(out, "\"ab\":256,\"\\u0120a\":257,\"aba\":258},\"merges\":[\"a b\",\"\\u0120 a\",\"ab a\"]}}");
}

static struct tok *kind(unsigned which)
{
    static const char gpt2[] =
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";
    static const char own[] =
        "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{L}+|\\\\d\"},"
        "\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
        "\"trim_offsets\":true,\"use_regex\":false}]}";
    const char *const texts[] = {wordlevel, wordpiece, unigram, llama};
    struct buf made = BUF_INIT(1 << 20);
    struct err e = {0};
    struct tok *t;
    if (which < ARRAY_LEN(texts))
        buf_addz(&made, texts[which]);
    else
        byte_level(&made, which == ARRAY_LEN(texts) ? gpt2 : own);
    if (tok_load_text(&t, buf_str(&made), "small", &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        abort();
    }
    buf_free(&made);
    return t;
}

static void take(void *arg, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tok_ids_push(arg, v[i]);
}

static void check(struct tok_coder *c, const struct tok *t, struct str text, bool exact)
{
    struct tok_ids a = {0}, b = {0};
    struct tok_about about;
    struct buf out = BUF_INIT(SIZE_MAX - 1);
    tok_about(t, &about);
    for (unsigned flags = 0; flags <= TOK_SPECIALS; flags++) {
        a.n = b.n = 0;
        size_t n = tok_encode(c, text, flags, &a);
        if (n != a.n || tok_encode(c, text, flags, NULL) != n || tok_encode_to(c, text, flags, take, &b) != n ||
            b.n != n || (n && memcmp(a.v, b.v, n * sizeof *a.v) != 0))
            abort();
        for (size_t i = 0; i < n; i++)
            if (a.v[i] >= about.vocab || !tok_token(t, a.v[i]).p)
                abort();
    }
    uint64_t replaced = tok_replaced(c);
    tok_encode(c, text, 0, NULL);
    if (exact)
        a.n = 0, tok_encode(c, text, 0, &a);
    tok_decode(c, a.v, a.n, false, &out);
    if (exact && tok_replaced(c) == replaced && !str_eq(buf_str(&out), text))
        abort();
    buf_free(&out);
    tok_ids_free(&a);
    tok_ids_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { KINDS = 6 };
    if (!n)
        return 0;
    struct tok *t = kind(data[0] % KINDS);
    struct tok_coder *c = tok_coder_new(t);
    char *text = xmemdup0((const char *)data + 1, n - 1); /* a copy, so that reading too far is seen */
    check(c, t, (struct str){text, n - 1}, data[0] % KINDS >= 4);
    free(text);
    tok_coder_free(&c);
    tok_free(&t);
    return 0;
}
