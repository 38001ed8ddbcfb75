/* cmd_dataset.c - `weir dataset`: its verbs, and how they read and write. */
#include "cli/cmd_dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/cmd.h"
#include "load/dsx_write.h"

static const struct verb {
    const char *name;
    enum dataset_verb bit;
    bool reads;
    int (*run)(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e);
} verbs[] = {
    {"inspect", VERB_INSPECT, true, dataset_inspect},
    {"convert", VERB_CONVERT, true, dataset_convert},
    {"sample", VERB_SAMPLE, true, dataset_sample},
    {"generate", VERB_GENERATE, false, dataset_generate},
};

/* ---- reading and writing */

struct dataset *dataset_read(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e)
{
    struct dataset_opts o = {
        .format = c->from,
        .fields = c->fields,
        .key = c->key,
        .lengths = c->lengths,
        .answer_length = c->answer_length,
        .skip_bad = c->skip_bad,
        .tok = t ? t->tok : NULL,
        .seed = c->seed,
        .progress = !c->quiet,
    };
    struct dataset *ds = dataset_load_with(path, &o, e);
    const struct dataset_stats *st = ds ? dataset_get_stats(ds) : NULL;
    if (st && st->bad > 0)
        log_warn("%zu bad entr%s left out; the first: %s", st->bad, st->bad == 1 ? "y was" : "ies were", st->first_bad);
    return ds;
}

int out_open(struct out_file *o, const char *path, struct err *e)
{
    *o = (struct out_file){.fd = STDOUT_FILENO};
    if (!path || strcmp(path, "-") == 0)
        return 0;
    o->path = xstrdup(path);
    o->temporary = xasprintf("%s.tmp", path);
    o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (o->fd >= 0)
        return 0;
    err_sys(e, ERR_IO, errno, "--output: cannot create %s", o->temporary);
    free(o->path);
    free(o->temporary);
    return -1;
}

int out_put(struct out_file *o, struct buf *b, struct err *e)
{
    int rc = b->failed ? -ENOMEM : fd_write_all(o->fd, b->p, b->n);
    buf_clear(b);
    return rc == 0 ? 0 : err_sys(e, ERR_IO, -rc, "cannot write %s", o->path ? o->path : "to standard output");
}

int out_close(struct out_file *o, bool good, struct err *e)
{
    int rc = 0;
    if (!o->path)
        return 0;
    if (good && (fsync(o->fd) != 0 && errno != EINVAL))
        rc = err_sys(e, ERR_IO, errno, "cannot write %s", o->path);
    close(o->fd);
    if (good && rc == 0 && rename(o->temporary, o->path) != 0)
        rc = err_sys(e, ERR_IO, errno, "cannot rename %s to %s", o->temporary, o->path);
    if (!good || rc < 0)
        unlink(o->temporary);
    free(o->path);
    free(o->temporary);
    return rc;
}

static void say_lines(const struct buf *b)
{
    struct str_split it = {.rest = buf_str(b), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line))
        if (line.n > 0)
            log_info(STR_FMT, STR_ARG(line));
}

static void say_anonymized(const struct anon *a)
{
    struct buf b = BUF_INIT(4096);
    uint64_t all = 0;
    for (int k = 0; k < ANON_KINDS; k++) {
        if (a->count[k] > 0)
            buf_addf(&b, "%s%llu %s", all ? ", " : "", (unsigned long long)a->count[k],
                     anon_kind_name((enum anon_kind)k, a->count[k] != 1));
        all += a->count[k];
    }
    log_info("replaced %s; shapes are recognized, not meanings: read a part of it before you give it away",
             all ? buf_str(&b).p : "nothing");
    buf_free(&b);
}

int dataset_write(const struct dataset_config *c, const struct dataset *ds, const size_t *at, size_t n,
                  const char *otherwise, struct err *e)
{
    const char *name = c->to ? c->to : otherwise;
    enum dsx_format format;
    struct out_file out;
    struct dsx_writer w;
    struct buf b = BUF_INIT(SIZE_MAX / 4);
    struct anon anon = {.seed = c->seed};
    if (!dsx_format_of(str_of(name), &format))
        return err_set(
            e, ERR_USAGE,
            "--format %s is not written here (generate alone makes mooncake and ipex); give conversations, messages, "
            "text or csv",
            name);
    if (out_open(&out, c->output, e) < 0)
        return -1;
    int rc = 0;
    dsx_writer_init(&w, format, &b, c->anonymize ? &anon : NULL);
    for (size_t i = 0; i < n && rc == 0; i++) {
        dsx_write(&w, dataset_at(ds, at ? at[i] : i));
        if (b.n >= (1u << 20))
            rc = out_put(&out, &b, e);
    }
    dsx_writer_end(&w);
    if (rc == 0)
        rc = out_put(&out, &b, e);
    if (out_close(&out, rc == 0, e) < 0)
        rc = -1;
    if (rc == 0) {
        log_info("wrote %llu of %zu entries as %s", (unsigned long long)w.written, dataset_n(ds), name);
        dsx_lost_text(&w, &b);
        say_lines(&b);
        if (c->anonymize)
            say_anonymized(&anon);
    }
    dsx_writer_free(&w);
    buf_free(&b);
    return rc;
}

/* ---- the command */

static const struct verb *find_verb(const char *word, struct err *e)
{
    const char *names[ARRAY_LEN(verbs) + 1] = {0};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        names[i] = verbs[i].name;
        if (word && strcmp(verbs[i].name, word) == 0)
            return &verbs[i];
    }
    const char *near = word ? opt_nearest(str_of(word), names) : NULL;
    if (!word)
        err_set(e, ERR_USAGE, "say what to do: inspect, convert, sample or generate (see weir dataset --help)");
    else if (near)
        err_set(e, ERR_USAGE, "'%.100s' is none of inspect, convert, sample and generate; did you mean %s?", word,
                near);
    else
        err_set(e, ERR_USAGE, "'%.100s' is none of inspect, convert, sample and generate", word);
    return NULL;
}

/* Options of another verb would do nothing, which looks like having done something. */
static int check_options(const struct opt_seen *seen, const struct verb *v, struct err *e)
{
    for (size_t i = 0; i < opt_dataset.n; i++) {
        if (seen->source[i] == OPT_FROM_FLAG && !(dataset_verbs_of(&opt_dataset.opts[i]) & v->bit))
            return err_set(e, ERR_USAGE, "--%s is no option of weir dataset %s (see weir dataset --help)",
                           opt_dataset.opts[i].name, v->name);
    }
    return 0;
}

/* Likewise those of another format that is made: a file of IPEX is all lengths of all families, and no others are. */
static int check_made(const struct dataset_config *c, const struct opt_seen *seen, struct err *e)
{
    static const char *const of_ipex[] = {"families", "lengths", NULL};
    static const char *const of_others[] = {"num-samples",   "isl",  "osl", "prefix-tokens",
                                            "prefix-groups", "rate", NULL};
    bool ipex = c->to && strcmp(c->to, "ipex") == 0;
    for (const char *const *name = ipex ? of_others : of_ipex; *name; name++) {
        if (opt_source_of(&opt_dataset, seen, *name) != OPT_FROM_FLAG)
            continue;
        return err_set(e, ERR_USAGE,
                       ipex ? "--%s does nothing with --format ipex, which has a prompt of each of --lengths for each "
                              "of --families; leave it out"
                            : "--%s is of --format ipex; give that too, or leave it out",
                       *name);
    }
    return 0;
}

/* A tokenizer that the environment names for others is no mistake where no length is asked for. */
static bool measures(const struct dataset_config *c, const struct opt_seen *seen, enum dataset_verb verb)
{
    if (!c->tokenizer)
        return false;
    if (opt_source_of(&opt_dataset, seen, "tokenizer") == OPT_FROM_FLAG)
        return true;
    if (verb == VERB_GENERATE)
        return c->isl || (c->to && strcmp(c->to, "conversations") != 0 && strcmp(c->to, "messages") != 0);
    return verb == VERB_INSPECT || c->answer_length || (c->lengths && strcmp(c->lengths, "none") != 0);
}

static int go(const struct dataset_config *c, const struct opt_seen *seen, struct err *e)
{
    const struct verb *v = find_verb(seen->n_pos > 0 ? seen->pos[0] : NULL, e);
    const char *path = seen->n_pos > 1 ? seen->pos[1] : NULL;
    if (!v || check_options(seen, v, e) < 0 || (v->bit == VERB_GENERATE && check_made(c, seen, e) < 0))
        return -1;
    if (v->reads && !path)
        return err_set(e, ERR_USAGE, "which dataset? write weir dataset %s FILE (- is standard input)", v->name);
    if (!v->reads && path)
        return err_set(e, ERR_USAGE, "'%.200s' would not be read: weir dataset %s makes a new dataset (see --output)",
                       path, v->name);
    if (c->quiet)
        log_set_level(LOG_ERROR);
    struct tokenizer *t = NULL;
    int rc =
        measures(c, seen, v->bit) && !(t = tokenizer_open(c->tokenizer, !c->quiet, e)) ? -1 : v->run(c, t, path, e);
    tokenizer_free(&t);
    if (rc < 0 && e->code == ERR_IO && path && strstr(e->text, path)) /* a file that the command line names */
        e->code = ERR_USAGE;
    return rc;
}

static int run(int argc, const char *const *argv)
{
    struct dataset_config c = {0};
    struct opt_seen seen = {0};
    struct err e = {0};
    int rc = opt_parse(&opt_dataset, argc, argv, getenv, &c, &seen, &e);
    if (rc == 0)
        rc = go(&c, &seen, &e);
    if (rc < 0)
        rc = cli_fail("dataset", &e);
    opt_free(&opt_dataset, &c, &seen);
    return rc;
}

const struct cmd cmd_dataset = {
    .name = "dataset",
    .args = "VERB [FILE] [options]",
    .summary = "inspect, convert, sample, anonymize and generate datasets",
    .prose = "inspect FILE says what is in a dataset: entries, lengths, duplicates, request classes and models, the "
             "rate of a "
             "trace, and how much of it a prefix cache could serve again.\n"
             "convert FILE writes it in another format, and says what that format cannot hold.\n"
             "sample FILE writes a seeded part of it, by number, share and length; --anonymize replaces what looks "
             "personal or "
             "secret in it.\n"
             "generate makes one: conversations as production has them, prompts of given lengths, or a trace.\n"
             "\n"
             "FILE is whatever weir run --dataset takes. Results go to standard output or --output, what is to be said "
             "of them "
             "to standard error. Lengths are words; with --tokenizer its tokens.",
    .examples =
        "weir dataset inspect conversations.json\n"
        "weir dataset convert sharegpt.json --format messages -o messages.jsonl\n"
        "weir dataset sample production.jsonl -n 500 --max-words 2000 --anonymize -o sample.jsonl\n"
        "weir dataset generate --format conversations -n 200 -o conversations.json\n"
        "weir dataset generate --format mooncake --rate 5 --isl lognormal:2000,1 --osl 200 -n 1000 -o trace.jsonl",
    .options = &opt_dataset,
    .run = run,
};
