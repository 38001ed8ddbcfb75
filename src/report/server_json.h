/* server_json.h - the server's own figures (--metrics-url) in summary.json. Private to report_json.c. */
#ifndef WEIR_REPORT_SERVER_JSON_H
#define WEIR_REPORT_SERVER_JSON_H

#include "analysis/summary.h"
#include "base/jout.h"

void server_json_sources(struct jout *j, const struct summary *s); /* "server_metrics": of the run */
void server_json_level(struct jout *j, const struct sum_level *l); /* "server" */

#endif
