/* calibration_file.c - where the last calibration lies, and what it says of this machine. */
#include <math.h>
#include <unistd.h>

#include "base/jdoc.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/calibrate.h"
#include "campaign/campaign_private.h"

#define FILE_MAX ((size_t)1 << 20)

char *calibration_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/') /* a relative one is to be ignored (XDG base directories) */
        return xasprintf("%s/weir/calibration.json", state);
    return home && home[0] == '/' ? xasprintf("%s/.local/state/weir/calibration.json", home) : NULL;
}

static double ceiling_of(jnode *root)
{
    char cpu[128];
    machine_cpu_model(cpu);
    if (!str_eqz(jn_str(jn_get(root, "schema"), ""), "weir.calibration/1") ||
        !str_eqz(jn_str(jn_get(root, "weir"), ""), WEIR_VERSION) || !cpu[0] ||
        !str_eqz(jn_str(jn_get(root, "machine.cpu"), ""), cpu) ||
        jn_i64(jn_get(root, "machine.cores"), 0) != sysconf(_SC_NPROCESSORS_ONLN))
        return NAN;
    double ceiling = jn_f64(jn_get(root, "ceiling_events_per_s"), NAN);
    return ceiling > 0 ? ceiling : NAN;
}

double calibration_stored(void)
{
    struct err e = {0};
    char *path = calibration_path();
    struct jdoc *d = path && access(path, R_OK) == 0 ? jdoc_load(path, FILE_MAX, &e) : NULL;
    double ceiling = d ? ceiling_of(jdoc_root(d)) : NAN;
    if (e.code)
        log_debug("%s", e.text);
    jdoc_free(&d);
    free(path);
    return ceiling;
}
