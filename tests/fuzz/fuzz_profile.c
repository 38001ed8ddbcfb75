/* fuzz_profile.c - any text: no crash, and of what was taken as a profile instants never fall, reach every area that
 * comes in the first two times through it, and users change where they say. */
#include <math.h>
#include <stdlib.h>

#include "load/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { STEPS = 64 };
    struct profile p;
    struct err e = {0};
    unsigned hint = 0;
    int64_t before = 0, t = 0;
    if (profile_parse(&p, (struct str){(const char *)data, n}, 1e6, &e) != 0) {
        if (e.code != ERR_USAGE || !e.text[0])
            abort();
        return 0;
    }
    for (int i = 0; i < STEPS; i++) {
        double area = 2 * p.area * i / STEPS;
        int64_t at = profile_when(&p, area, &hint);
        if (at < before - 1 || at > 2 * p.length)
            abort();
        /* Double precision of the area, and the nanosecond that instants are rounded to. */
        if (fabs(profile_area(&p, at) - area) > p.most * 2e-9 + 1e-9 * p.area)
            abort();
        before = at;
    }
    for (int i = 0; i < STEPS; i++) {
        int64_t next = profile_users_change(&p, t);
        if (next == INT64_MAX)
            break;
        if (next <= t || profile_users(&p, next) == profile_users(&p, t))
            abort();
        t = next;
    }
    return 0;
}
