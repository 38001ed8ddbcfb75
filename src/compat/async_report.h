/* async_report.h - the block that `weir as async_benchmarking` prints, from the requests' rows. Cold. */
#ifndef WEIR_COMPAT_ASYNC_REPORT_H
#define WEIR_COMPAT_ASYNC_REPORT_H

#include "base/buf.h"
#include "compat/compat_rows.h"

/* The figures are of all requests that were sent, failures included, as the original defines them; one line more tells
 * those of the successful ones. original: without that line, and what has no status counts as 500, as the original has
 * it. Requests that an interrupted run cancelled are in no figure. */
void async_report(const struct compat_rows *rows, bool original, struct buf *out);

#endif
