/* header_metric.h - numbers that a server puts into the headers of its responses, such as X-TTFT-MS: 12.5. A run names
 * up to HEADER_METRICS_MAX of them; they are whatever the server means by them, without a unit. Values are whole
 * millionths, 0 to 10^9, so that sums do not depend on order. In a record one is kept so that zeroed memory has none.
 * Pure. */
#ifndef WEIR_RECORD_HEADER_METRIC_H
#define WEIR_RECORD_HEADER_METRIC_H

#include "base/err.h"
#include "base/str.h"

enum { HEADER_METRICS_MAX = 8, HEADER_METRIC_NAME = 64, HEADER_METRIC_UNIT = 1000000 };

#define HEADER_METRIC_NONE INT64_C(0) /* the response had no such header */
#define HEADER_METRIC_BAD INT64_C(-1) /* it had, but not with a number of 0 to 10^9 */

int64_t header_metric_parse(struct str value); /* as a record keeps it */
int64_t header_metric_of(double value);        /* likewise */
static inline bool header_metric_is(int64_t kept)
{
    return kept > 0;
}
static inline int64_t header_metric_value(int64_t kept) /* millionths; of one that is */
{
    return kept - 1;
}

/* A name of a header (RFC 9110, 5.1) that is short enough. -1 + e. */
int header_metric_check_name(const char *name, struct err *e);

#endif
