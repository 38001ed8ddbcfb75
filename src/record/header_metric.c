#include "record/header_metric.h"

#include <math.h>

#define LARGEST 1e9

int64_t header_metric_of(double value)
{
    if (!(value >= 0 && value <= LARGEST))
        return HEADER_METRIC_BAD;
    return llround(value * HEADER_METRIC_UNIT) + 1;
}

int64_t header_metric_parse(struct str value)
{
    double v;
    return parse_f64(str_trim(value), &v) == 0 ? header_metric_of(v) : HEADER_METRIC_BAD;
}

int header_metric_check_name(const char *name, struct err *e)
{
    static const char token[] = "!#$%&'*+-.^_`|~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = strspn(name, token);
    if (n == 0 || name[n])
        return err_set(e, ERR_USAGE, "is not the name of a header; write X-TTFT-MS, without a colon");
    if (n >= HEADER_METRIC_NAME)
        return err_set(e, ERR_USAGE, "is longer than %d characters", HEADER_METRIC_NAME - 1);
    return 0;
}
