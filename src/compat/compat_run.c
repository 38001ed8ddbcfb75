#include "compat/compat_run.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "cli/run_view.h"
#include "report/report.h"

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static int choose_dir(struct compat_run *r, const char *dir, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    int n = dir ? snprintf(r->dir, sizeof r->dir, "%s/weir", dir)
                : snprintf(r->dir, sizeof r->dir, "%s/weir-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof r->dir)
        return err_set(e, ERR_USAGE, "the folder's path is too long: %.100s...", dir ? dir : tmp);
    if (dir)
        return 0;
    if (!mkdtemp(r->dir))
        return err_sys(e, ERR_IO, errno, "cannot make the temporary folder %s", r->dir);
    r->temporary = true;
    return 0;
}

static int measure(struct compat_run *r, const struct compat_run_opts *o, struct err *e)
{
    struct run_view seen;
    const struct campaign_view view = run_view_open(&seen, !o->banner, true);
    seen.level_begin = o->level_begin;
    seen.level_end = o->level_end;
    seen.arg = o->arg;
    int rc = campaign_run(&r->set.c, &view, &r->result, e);
    run_view_close(&seen);
    r->summary = r->result.summary && r->result.summary->n_levels ? r->result.summary : NULL;
    r->interrupted = r->result.interrupted;
    return rc;
}

int compat_run(struct compat_run *r, const struct compat_words *words, const struct compat_run_opts *o, struct err *e)
{
    memset(r, 0, sizeof *r);
    if (choose_dir(r, o->dir, e) < 0)
        return -1;
    compat_word(&r->words, "run");
    for (size_t i = 0; i < words->n; i++)
        compat_word(&r->words, words->v[i]);
    compat_opt(&r->words, "--output-dir", "%s", r->dir);
    if (o->what & COMPAT_TEXTS)
        compat_word(&r->words, "--save-text");
    if (run_settings_read(&r->set, (int)r->words.n, (const char *const *)r->words.v, NULL, e) < 0)
        return -1;
    struct err second = {0};
    int rc = measure(r, o, e);
    if (!r->summary)
        return rc < 0 ? -1 : err_set(e, ERR_IO, "the run ended before its first level began");
    char *path = xasprintf("%s/requests.jsonl", r->dir);
    if (report_write_files(r->dir, r->summary, &second) < 0 || compat_rows_read(&r->rows, path, o->what, &second) < 0) {
        if (rc == 0)
            *e = second;
        rc = -1;
    }
    free(path);
    return rc;
}

void compat_run_free(struct compat_run *r)
{
    compat_rows_free(&r->rows);
    campaign_result_free(&r->result);
    run_settings_free(&r->set);
    compat_words_free(&r->words);
    if (r->temporary)
        nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    memset(r, 0, sizeof *r);
}

int compat_run_exit(const struct compat_run *r)
{
    if (r->interrupted)
        return 130;
    return r->summary && r->summary->successful > 0 ? 0 : 1;
}

void compat_run_say_verdict(const struct compat_run *r, const char *program)
{
    fflush(stdout);
    for (size_t i = 0; r->summary && i < r->summary->n_levels; i++) {
        const struct sum_level *l = &r->summary->levels[i];
        char which[64] = "";
        if (r->summary->n_levels > 1)
            snprintf(which, sizeof which, "level %zu of %zu: ", i + 1, r->summary->n_levels);
        for (size_t k = 0; l->verdict != VERDICT_VALID && k < l->reasons.n; k++)
            fprintf(stderr, "weir as %s: %s%s: %s\n", program, which, verdict_name(l->verdict), l->reasons.v[k]);
    }
}
