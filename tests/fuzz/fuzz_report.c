/* fuzz_report.c - any bytes as requests.jsonl, all the way to every report: whatever a file claims, the figures come
 * out without overflow, and the JSON is JSON. */
#include <stdint.h>

#include "analysis/acc.h"
#include "base/jscan.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct slo_set slo = {
        .n = 2,
        .t = {{.metric = METRIC_TTFT, .quantile = 0.95, .upper = true, .limit = 1e9},
              {.metric = METRIC_ERROR_RATE, .quantile = -2, .upper = true, .limit = 0.01}},
    };
    static const struct slo_set goodput = {.n = 1, .t = {{.metric = METRIC_ITL, .upper = true, .limit = 1e9}}};
    struct acc_opts o = {.slo = &slo, .goodput = &goodput};
    struct acc *a = acc_new(&o);
    struct rec_read_stats st;
    if (rec_read_text((struct str){(const char *)data, n}, "fuzz", &acc_sink, a, &st, NULL) == 0) {
        struct buf b = BUF_INIT((size_t)256 << 20);
        const struct summary *s = acc_finish(a);
        report_json(&b, s);
        struct js js;
        js_init(&js, buf_str(&b));
        if (b.failed || js_skip(&js, NULL) != 0 || !js_done(&js))
            abort();
        report_table(&b, s, &(struct table_opts){.colour = true, .width = (int)(n % 200)});
        report_timeline_csv(&b, s);
        buf_free(&b);
    }
    acc_free(&a);
    return 0;
}
