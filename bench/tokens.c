/* tokens - the speed of weir's tokenizer, as bench/token_client.py measures those of others.
 *
 * usage: bench_tokens TOKENIZER DOCUMENTS PASSES
 *
 * DOCUMENTS: texts, each ended by a 0 byte. Prints JSON: CPU ms of loading, CPU seconds of each pass over all texts
 * with one coder (the first one meets every piece for the first time), tokens and bytes of a pass, SHA-256 of all ids.
 */
#include "base/file.h"
#include "base/xalloc.h"
#include "tok/tok.h"

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct err e;
    struct tok *t = NULL;
    struct file_map f;
    if (argc != 4) {
        fprintf(stderr, "usage: bench_tokens TOKENIZER DOCUMENTS PASSES\n");
        return 2;
    }
    double began = cpu_now();
    if (tok_load(&t, argv[1], &e) != 0 || file_open_map(&f, argv[2], 0, &e) != 0) {
        fprintf(stderr, "bench_tokens: %s\n", e.text);
        return 1;
    }
    printf("{\"load_ms\": %.1f, \"cpu_s\": [", (cpu_now() - began) * 1e3);
    struct tok_coder *c = tok_coder_new(t);
    struct tok_ids ids = {0};
    for (long i = 0, n = strtol(argv[3], NULL, 10); i < n; i++) {
        began = cpu_now();
        ids.n = 0;
        struct str_split it = {.rest = f.text, .sep = '\0', .done = false};
        for (struct str text; str_next(&it, &text);)
            tok_encode(c, text, 0, &ids);
        printf("%s%.6f", i ? ", " : "", cpu_now() - began);
    }
    char digest[65];
    sha256_hex((struct str){(char *)ids.v, ids.n * sizeof *ids.v}, digest);
    printf("], \"tokens\": %zu, \"bytes\": %zu, \"ids\": \"%s\"}\n", ids.n, f.text.n, digest);
    tok_ids_free(&ids);
    tok_coder_free(&c);
    tok_free(&t);
    file_close_map(&f);
    return 0;
}
