/* fuzz_experiment_setup.c - any bytes as an experiment.yaml: refused with a reason, or within the bounds of the table.
 */
#include <stdlib.h>

#include "cli/experiment_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct experiment x;
    struct opt_seen seen = {0};
    xp_init(&x);
    if (xp_setup_defaults(&x, &e) < 0)
        abort();
    int rc = xp_setup_read(&x, &seen, "fuzz", (struct str){(const char *)data, n}, &e);
    const struct xp_setup *s = &x.setup;
    if (rc < 0 ? !e.text[0]
               : s->instances < 0 || !(s->target_tokens_per_min > 0) || s->min_instances > s->max_instances ||
                     !(s->hourly_usd > 0 || s->hourly_usd != s->hourly_usd))
        abort();
    opt_free(&xp_setup_table, &x.setup, &seen);
    xp_free(&x);
    return 0;
}
