/* saturation_json.h - the member "saturation" of summary.json. Private to report_json.c. */
#ifndef WEIR_REPORT_SATURATION_JSON_H
#define WEIR_REPORT_SATURATION_JSON_H

#include "analysis/summary.h"
#include "base/jout.h"

void saturation_json(struct jout *j, const struct summary *s);

#endif
