/* fuzz_bench.c - any bytes as a benchmark's file: no crash, what is refused says where, and what is accepted is shown
 * as YAML that is accepted again. First byte: odd gives every variable a value. */
#include <stdlib.h>

#include "cli/opts.h"
#include "cli/run_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *none(const char *name)
{
    (void)name;
    return NULL;
}

static char *some(const char *name)
{
    static char value[] = "7";
    (void)name;
    return value;
}

static void check_error(const struct err *e)
{
    if ((e->code != ERR_USAGE && e->code != ERR_DATA) || strncmp(e->text, "f.yaml:", 7) != 0)
        abort();
}

/* 0: read and applied as `weir run -f` does, the checks of options that meet aside. */
static int read(struct run_settings *s, struct str text, opt_env_fn *env)
{
    static const char *const argv[] = {"run", NULL};
    struct err e = {0};
    memset(s, 0, sizeof *s);
    if (opt_parse(&opt_run, 1, argv, NULL, &s->c, &s->seen, &e) < 0)
        abort();
    s->bench = bench_new(&opt_run);
    if (bench_add_text(s->bench, "f.yaml", text, env, &e) < 0 ||
        bench_apply(s->bench, SIZE_MAX, &s->c, &s->seen, &e) < 0) {
        check_error(&e);
        return -1;
    }
    if (opt_settle(&opt_run, &s->c, &s->seen, &e) < 0)
        abort();
    for (size_t i = 0; i < bench_levels(s->bench); i++) {
        struct run_config c;
        struct opt_seen seen;
        if (opt_parse(&opt_run, 1, argv, NULL, &c, &seen, &e) < 0)
            abort();
        if (bench_apply(s->bench, i, &c, &seen, &e) < 0)
            check_error(&e);
        opt_free(&opt_run, &c, &seen);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct run_settings s;
    if (n < 1)
        return 0;
    int rc = read(&s, (struct str){(const char *)data + 1, n - 1}, data[0] & 1 ? some : none);
    if (rc == 0) {
        struct buf shown = BUF_INIT(64u << 20);
        struct run_settings again;
        run_settings_show(&s, &shown);
        if (read(&again, buf_str(&shown), some) < 0 && strstr(shown.p, "levels:") == NULL && !strstr(shown.p, "\xef"))
            abort();
        run_settings_free(&again);
        buf_free(&shown);
    }
    run_settings_free(&s);
    return 0;
}
