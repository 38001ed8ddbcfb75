/* tiktoken's files: a line for each token, base64 and rank. They hold neither the pattern nor the special tokens, so
 * only known families can be read; which one it is, the number of ranks tells. Sources: openai/tiktoken (tiktoken_ext),
 * meta-llama/llama-models (llama3, llama4), QwenLM/Qwen (tokenization_qwen.py). */
#include "tok/tok_ranks.h"

#include "base/base64.h"
#include "base/xalloc.h"

#define RANKS_MAX 1000000U /* far more than any vocabulary has */

/* The patterns as tokenizer.json has them. tiktoken now writes those of OpenAI with possessive repeats and a final
 * \s++$: the same pieces but for blanks behind the last line break of a text, where no token of these vocabularies
 * joins what the pattern no longer splits. */
#define SHORTENED "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define TAIL "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CL100K(digits) SHORTENED "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" TAIL
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
static const char GPT2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
static const char LLAMA3[] = CL100K("\\p{N}{1,3}");
static const char QWEN[] = CL100K("\\p{N}");
static const char O200K[] = "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" SHORTENED "?|[^\\r\\n\\p{L}\\p{N}]?" UPPER
                            "+" LOWER "*" SHORTENED "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL;

/* --- special tokens: names that stand in a list, and numbered ones --- */

void rank_special(struct rank_file *f, uint32_t id, const char *fmt, ...)
{
    va_list ap;
    if ((f->n_special & (f->n_special - 1)) == 0)
        f->special = xreallocarray(f->special, f->n_special ? f->n_special * 2 : 1, sizeof *f->special);
    size_t at = f->block.n;
    va_start(ap, fmt);
    buf_vaddf(&f->block, fmt, ap);
    va_end(ap);
    f->special[f->n_special++] = (struct rank_token){{NULL, f->block.n - at}, id};
}

void rank_specials_done(struct rank_file *f, size_t first_at)
{
    for (size_t i = 0; i < f->n_special; i++) {
        f->special[i].text.p = f->block.p + first_at;
        first_at += f->special[i].text.n;
    }
}

static uint32_t listed(struct rank_file *f, uint32_t id, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rank_special(f, id++, "%s", names[i]);
    return id;
}

static uint32_t numbered(struct rank_file *f, uint32_t id, const char *before, unsigned from, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        rank_special(f, id++, "<|%s%u|>", before, from + i);
    return id;
}
#define LISTED(f, id, ...)                                                                                             \
    listed(f, id, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void special_r50k(struct rank_file *f)
{
    rank_special(f, 50256, "<|endoftext|>");
}

static void special_p50k_edit(struct rank_file *f)
{
    special_r50k(f);
    LISTED(f, 50281, "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>");
}

static void special_cl100k(struct rank_file *f)
{
    LISTED(f, 100257, "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>");
    rank_special(f, 100276, "<|endofprompt|>");
}

static void special_o200k(struct rank_file *f)
{
    rank_special(f, 199999, "<|endoftext|>");
    rank_special(f, 200018, "<|endofprompt|>");
}

static void special_harmony(struct rank_file *f)
{
    LISTED(f, 199998, "<|startoftext|>", "<|endoftext|>", "<|reserved_200000|>", "<|reserved_200001|>", "<|return|>",
           "<|constrain|>", "<|reserved_200004|>", "<|channel|>", "<|start|>", "<|end|>", "<|message|>",
           "<|reserved_200009|>", "<|reserved_200010|>", "<|reserved_200011|>", "<|call|>");
    numbered(f, 200013, "reserved_", 200013, 5);
    rank_special(f, 200018, "<|endofprompt|>");
    numbered(f, 200019, "reserved_", 200019, 201088 - 200019);
}

static void special_llama3(struct rank_file *f)
{
    uint32_t id =
        LISTED(f, 128000, "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
               "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>",
               "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>", "<|image|>");
    numbered(f, id, "reserved_special_token_", 2, 256 - 12);
    f->has_bos = true;
    f->bos = 128000;
}

static void special_llama4(struct rank_file *f)
{
    const uint32_t first = 200000, all = 2048;
    uint32_t id = LISTED(f, first, "<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>", "<|fim_middle|>",
                         "<|fim_suffix|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>", "<|step|>");
    id = numbered(f, id, "text_post_train_reserved_special_token_", 0, 6);
    id = LISTED(f, id, "<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>");
    id = numbered(f, id, "text_post_train_reserved_special_token_", 8, 61);
    id = LISTED(f, id, "<|image_start|>", "<|image_end|>", "<|vision_reserved_special_token_0|>",
                "<|vision_reserved_special_token_1|>", "<|tile_x_separator|>", "<|tile_y_separator|>");
    id = numbered(f, id, "vision_reserved_special_token_", 2, 4);
    id = LISTED(f, id, "<|image|>", "<|vision_reserved_special_token_6|>", "<|patch|>");
    id = numbered(f, id, "vision_reserved_special_token_", 7, 1041);
    id = numbered(f, id, "reasoning_reserved_special_token_", 0, 8);
    id = LISTED(f, id, "<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>");
    numbered(f, id, "reserved_special_token_", 0, first + all - id);
    f->has_bos = true;
    f->bos = first;
}

static void special_qwen(struct rank_file *f)
{
    uint32_t id = LISTED(f, 151643, "<|endoftext|>", "<|im_start|>", "<|im_end|>");
    numbered(f, id, "extra_", 0, 205);
    f->nfc = true;
}

/* In the order of trust: of two with the same number of ranks the first is meant unless the file's name has the
 * other's. */
static const struct family {
    const char *name;
    uint32_t ranks; /* tokens */
    uint32_t end;   /* largest rank + 1 */
    const char *pattern;
    void (*special)(struct rank_file *f);
} families[] = {
    {"r50k_base", 50256, 50256, GPT2, special_r50k},      {"p50k_base", 50280, 50281, GPT2, special_r50k},
    {"p50k_edit", 50280, 50281, GPT2, special_p50k_edit}, {"cl100k_base", 100256, 100256, LLAMA3, special_cl100k},
    {"o200k_base", 199998, 199998, O200K, special_o200k}, {"o200k_harmony", 199998, 199998, O200K, special_harmony},
    {"llama3", 128000, 128000, LLAMA3, special_llama3},   {"llama4", 200000, 200000, O200K, special_llama4},
    {"qwen", 151643, 151643, QWEN, special_qwen},
};

/* --- the file --- */

/* "base64 rank"; the token is written to `out`. */
static int parse_line(struct str line, char *out, struct str *token, uint64_t *rank)
{
    ptrdiff_t space = str_chr(line, ' ');
    int n = space > 0 ? base64_decode(str_sub(line, 0, (size_t)space), out) : -1;
    if (n <= 0 || parse_u64(str_trim(str_sub(line, (size_t)space + 1, line.n)), rank) != 0)
        return -1;
    *token = (struct str){out, (size_t)n};
    return 0;
}

bool ranks_looks(struct str text)
{
    char out[256];
    struct str line, token;
    uint64_t rank;
    struct str_split it = {.rest = str_sub(text, 0, 300), .sep = '\n', .done = false};
    return str_next(&it, &line) && line.n < 300 && parse_line(str_trim(line), out, &token, &rank) == 0;
}

struct rank_list {
    struct str *v; /* by rank */
    uint32_t n, cap, tokens;
};

static int read_lines(struct rank_list *l, char *bytes, struct str text, struct err *e)
{
    struct str_split it = {.rest = text, .sep = '\n', .done = false};
    struct str line;
    for (size_t no = 1; str_next(&it, &line); no++) {
        struct str token;
        uint64_t rank;
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if (parse_line(line, bytes, &token, &rank) != 0 || rank >= RANKS_MAX)
            return err_set(e, ERR_DATA, "line %zu: must be a token in base64, a space and its rank", no);
        bytes += token.n;
        if (rank >= l->cap) {
            uint32_t cap = MAX((uint32_t)rank + 1, l->cap ? l->cap * 2 : 65536);
            l->v = xreallocarray(l->v, cap, sizeof *l->v);
            memset(l->v + l->cap, 0, (cap - l->cap) * sizeof *l->v);
            l->cap = cap;
        }
        if (l->v[rank].p)
            return err_set(e, ERR_DATA, "line %zu: another token has the rank %u already", no, (unsigned)rank);
        l->v[rank] = token;
        l->n = MAX(l->n, (uint32_t)rank + 1);
        l->tokens++;
    }
    return 0;
}

static const struct family *family_of(const struct rank_list *l, struct str path)
{
    const struct family *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        const struct family *f = &families[i];
        if (f->ranks == l->tokens && f->end == l->n && (!found || str_find(path, str_of(f->name)) >= 0))
            found = f;
    }
    return found;
}

int ranks_read(struct rank_file *f, struct str text, const char *path, struct err *e)
{
    struct rank_list l = {0};
    *f = (struct rank_file){.block = BUF_INIT(1 << 24)};
    char *bytes = xmalloc(text.n); /* base64 is longer than what it stands for */
    int rc = read_lines(&l, bytes, text, e);
    struct str name = str_of(path);
    for (ptrdiff_t at; (at = str_chr(name, '/')) >= 0;)
        name = str_sub(name, (size_t)at + 1, name.n);
    const struct family *family = rc == 0 ? family_of(&l, name) : NULL;
    if (rc == 0 && !family)
        rc = err_set(
            e, ERR_DATA,
            "%u ranks are none of the known families (gpt2/r50k, p50k, cl100k, o200k, Llama 3 and 4, Qwen), and "
            "the file itself does not say how a text is split; give the model's tokenizer.json instead (the "
            "model's page on the hub has one, or transformers writes it: AutoTokenizer.from_pretrained(DIR)"
            ".save_pretrained(OUT))",
            l.tokens);
    if (rc == 0)
        rc = bpe_from_ranks(&f->model, l.v, l.n, 0, e);
    if (rc == 0) {
        f->name = family->name;
        f->pattern = str_of(family->pattern);
        f->special_in_text = true;
        family->special(f);
        rank_specials_done(f, 0);
    }
    free(l.v);
    free(bytes);
    if (rc != 0)
        rank_file_free(f);
    return rc;
}

void rank_file_free(struct rank_file *f)
{
    if (f->model)
        f->model->ops->free(f->model);
    free(f->special);
    buf_free(&f->block);
    *f = (struct rank_file){0};
}
