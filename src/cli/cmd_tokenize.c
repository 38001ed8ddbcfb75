/* cmd_tokenize.c - `weir tokenize`: tokens of files, how fast they were made, and whether they are the right ones. */
#include "cli/cmd_tokenize.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/cmd.h"
#include "load/tokenizer.h"

#define PIPE_MAX ((size_t)64 << 30)
#define FLUSH ((size_t)1 << 18)

void tokenizing_flush(struct tokenizing *k, size_t at_least)
{
    if (k->out.n < at_least)
        return;
    k->broken |= k->out.failed;
    if (k->out.n > 0 && fwrite(k->out.p, 1, k->out.n, stdout) != k->out.n)
        k->broken = true;
    buf_clear(&k->out);
}

/* --- what is printed of one text -------------------------------------------------------------------------------------
 */
struct taking {
    struct tokenizing *k;
    struct jout *json; /* NULL: plain */
    uint64_t n;
    bool skip_specials;
};

static void add_number(struct buf *b, uint32_t v)
{
    char digits[20];
    buf_add(b, digits, (size_t)(fmt_u64(digits, v) - digits));
}

static void take_ids(void *arg, const uint32_t *ids, size_t n)
{
    struct taking *t = arg;
    for (size_t i = 0; i < n; i++) {
        if (t->n++)
            buf_addc(&t->k->out, t->json ? ',' : ' ');
        add_number(&t->k->out, ids[i]);
    }
    tokenizing_flush(t->k, FLUSH);
}

static void take_pieces(void *arg, const uint32_t *ids, size_t n)
{
    struct taking *t = arg;
    struct buf *out = &t->k->out;
    for (size_t i = 0; i < n; i++) {
        if (t->json && t->n)
            buf_addc(out, ',');
        t->n++;
        buf_addc(out, '"');
        json_escape(out, tok_token(t->k->t, ids[i]));
        buf_addz(out, t->json ? "\"" : "\"\n");
    }
    tokenizing_flush(t->k, FLUSH);
}

static void print_count(struct tokenizing *k, const char *name, size_t n)
{
    if (isatty(STDOUT_FILENO) && !k->c.lines)
        buf_addf(&k->out, "%12zu tokens  %s\n", n, name);
    else
        buf_addf(&k->out, "%zu\n", n);
}

/* {"file":…,"line":…,"bytes":…,"ids":[…],"tokens":…}: the number last, since the ids are printed as they come. */
static size_t print_json(struct tokenizing *k, const char *name, uint64_t line, struct str text, unsigned flags)
{
    struct jout j;
    jo_init(&j, &k->out, 0);
    jo_obj(&j);
    jo_kstrz(&j, "file", name);
    if (k->c.lines)
        jo_ku64(&j, "line", line);
    jo_ku64(&j, "bytes", text.n);
    size_t n;
    if (k->c.ids || k->c.pieces) {
        struct taking t = {.k = k, .json = &j};
        jo_key(&j, k->c.ids ? "ids" : "pieces");
        buf_addc(&k->out, '[');
        n = tok_encode_to(k->coder, text, flags, k->c.ids ? take_ids : take_pieces, &t);
        jo_raw(&j, STR("]"));
    } else {
        n = tok_encode(k->coder, text, flags, NULL);
    }
    jo_ku64(&j, "tokens", n);
    jo_end_obj(&j);
    buf_addc(&k->out, '\n');
    return n;
}

static void one_text(struct tokenizing *k, const char *name, uint64_t line, struct str text)
{
    unsigned flags = k->c.specials ? TOK_SPECIALS : 0;
    struct taking t = {.k = k};
    size_t n;
    if (k->c.json) {
        n = print_json(k, name, line, text, flags);
    } else if (k->c.ids) {
        n = tok_encode_to(k->coder, text, flags, take_ids, &t);
        buf_addc(&k->out, '\n');
    } else if (k->c.pieces) {
        n = tok_encode_to(k->coder, text, flags, take_pieces, &t);
        if (k->c.lines)
            buf_addc(&k->out, '\n');
    } else {
        n = tok_encode(k->coder, text, flags, NULL);
        print_count(k, name, n);
    }
    k->texts++;
    k->bytes += text.n;
    k->tokens += n;
    tokenizing_flush(k, FLUSH);
}

/* --- ids to text -----------------------------------------------------------------------------------------------------
 */
static int read_ids(struct tok_ids *ids, struct str text, const char *name, uint64_t line, struct err *e)
{
    static const char between[] = " \t\r\n,[]";
    for (size_t i = 0; i < text.n;) {
        if (memchr(between, text.p[i], sizeof between - 1)) {
            i++;
            continue;
        }
        size_t from = i;
        uint64_t id;
        while (i < text.n && !memchr(between, text.p[i], sizeof between - 1))
            i++;
        struct str word = str_sub(text, from, i - from);
        if (parse_u64(word, &id) != 0 || id > UINT32_MAX) {
            for (size_t p = 0; p < from; p++)
                line += text.p[p] == '\n';
            return err_set(e, ERR_DATA, "%s:%llu: \"" STR_FMT "\" is no token id", name, (unsigned long long)line,
                           STR_ARG(str_sub(word, 0, 40)));
        }
        tok_ids_push(ids, (uint32_t)id);
    }
    return 0;
}

static int one_decode(struct tokenizing *k, const char *name, uint64_t line, struct str text, struct err *e)
{
    struct tok_ids ids = {0};
    int rc = read_ids(&ids, text, name, line, e);
    size_t before = k->out.n;
    if (rc == 0) {
        tok_decode(k->coder, ids.v, ids.n, !k->c.specials, &k->out);
        k->texts++;
        k->tokens += ids.n;
        k->bytes += k->out.n - before;
        if (k->c.lines)
            buf_addc(&k->out, '\n');
        tokenizing_flush(k, FLUSH);
    }
    tok_ids_free(&ids);
    return rc;
}

/* --- files -----------------------------------------------------------------------------------------------------------
 */
static int one(struct tokenizing *k, const char *name, uint64_t line, struct str text, struct err *e)
{
    if (k->c.decode)
        return one_decode(k, name, line, text, e);
    one_text(k, name, line, text);
    return 0;
}

static int lines_of(struct tokenizing *k, const char *name, struct str text, struct err *e)
{
    uint64_t line = 0;
    while (text.n && !k->broken) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        if (one(k, name, ++line, str_sub(text, 0, n), e) != 0)
            return -1;
        text = str_sub(text, n + (end != NULL), text.n);
    }
    return 0;
}

static int one_file(struct tokenizing *k, const char *path, struct err *e)
{
    struct file_map map;
    if (file_open_map(&map, path, PIPE_MAX, e) != 0)
        return -1;
    int64_t begin = clock_mono();
    int rc = k->c.lines ? lines_of(k, path, map.text, e) : one(k, path, 1, map.text, e);
    tokenizing_flush(k, 0);
    k->took += clock_mono() - begin;
    file_close_map(&map);
    return rc;
}

static void say_throughput(const struct tokenizing *k, int64_t loading)
{
    struct tok_about about;
    char load[32], took[32], bytes[32], tokens[32], rate[32];
    double s = MAX((double)k->took, 1.0) / (double)NS_PER_S;
    uint64_t bad = tok_replaced(k->coder);
    tok_about(k->t, &about);
    if (bad)
        log_warn("%llu sequence%s of bytes that are not UTF-8 counted as U+FFFD", (unsigned long long)bad,
                 bad == 1 ? "" : "s");
    log_info("%s, %s%s%s: loaded in %s; %sB and %s tokens in %s: %.3g MB/s, %s tokens/s", about.format, about.model,
             *about.scanner ? ", " : "", about.scanner, fmt_duration(load, loading), fmt_count(bytes, (double)k->bytes),
             fmt_count(tokens, (double)k->tokens), fmt_duration(took, k->took), (double)k->bytes / 1e6 / s,
             fmt_count(rate, (double)k->tokens / s));
}

static int check(struct tokenizing *k, const struct opt_seen *seen, struct err *e)
{
    if (!k->c.tokenizer)
        return err_set(e, ERR_USAGE,
                       "which tokenizer? Name its file, its folder or its model with --tokenizer or in TOKENIZER");
    if (k->c.compare && seen->n_pos)
        return err_set(e, ERR_USAGE, "--compare-ids names the file to read; leave out '%.200s'", seen->pos[0]);
    if (k->c.json && (k->c.decode || k->c.compare))
        return err_set(e, ERR_USAGE, "--json goes with --count, --ids or --pieces");
    return 0;
}

static int work(struct tokenizing *k, const struct opt_seen *seen, struct err *e)
{
    static const char *const standard_input[] = {"-", NULL};
    if (check(k, seen, e) != 0)
        return -1;
    if (k->c.quiet)
        log_set_level(LOG_ERROR);
    char *path = tokenizer_find(k->c.tokenizer, !k->c.quiet, e);
    int64_t begin = clock_mono();
    int rc = path ? tok_load(&k->t, path, e) : -1;
    free(path);
    if (rc != 0)
        return -1;
    k->coder = tok_coder_new(k->t);
    int64_t loading = clock_mono() - begin;
    const char *const *files = seen->n_pos ? seen->pos : standard_input;
    for (size_t i = 0; !k->c.compare && files[i]; i++)
        if (one_file(k, files[i], e) != 0)
            return -1;
    if (k->c.compare && tokenize_compare(k, k->c.compare, e) != 0)
        return -1;
    tokenizing_flush(k, 0);
    if (fflush(stdout) != 0 || k->broken)
        return err_set(e, ERR_IO, "standard output cannot be written");
    say_throughput(k, loading);
    return 0;
}

static int run(int argc, const char *const *argv)
{
    struct tokenizing *k = xcalloc(1, sizeof *k);
    struct opt_seen seen = {0};
    struct err e = {0};
    int rc = 0;
    buf_init(&k->out, SIZE_MAX - 1);
    if (opt_parse(&opt_tokenize, argc, argv, getenv, &k->c, &seen, &e) != 0 || work(k, &seen, &e) != 0) {
        tokenizing_flush(k, 0);
        rc = cli_fail("tokenize", &e);
    } else if (k->differ) {
        rc = 3;
    }
    tok_coder_free(&k->coder);
    tok_free(&k->t);
    opt_free(&opt_tokenize, &k->c, &seen);
    buf_free(&k->out);
    free(k);
    return rc;
}

const struct cmd cmd_tokenize = {
    .name = "tokenize",
    .args = "[FILE...] [options]",
    .summary = "count tokens as the model does, or show them",
    .prose = "Counts the tokens of each file, or of standard input (-), with the model's own tokenizer: the ids are "
             "those that "
             "Hugging Face's tokenizers library gives. How fast that went stands on standard error. Bytes that are not "
             "UTF-8 "
             "count as U+FFFD.\n"
             "\n"
             "A tokenizer of which a part is not understood is refused, with the place in its file, since it would "
             "miscount.\n"
             "\n"
             "A chat request's prompt has more tokens than its messages: the model's chat template is not rendered "
             "here; what "
             "the server reports as usage counts it.\n"
             "\n"
             "Exit codes: 0, 3 when --compare-ids finds a difference, 2 when a file is not understood.",
    .examples = "weir tokenize --tokenizer tokenizer.json prompt.txt\n"
                "weir tokenize --tokenizer ~/models/llama --ids --specials prompt.txt\n"
                "cat corpus.txt | weir tokenize --tokenizer o200k_base.tiktoken --lines\n"
                "weir tokenize --tokenizer tokenizer.json --compare-ids ids.jsonl",
    .options = &opt_tokenize,
    .run = run,
};
