/* machine.c - what this machine is. */
#include "base/file.h"
#include "campaign/campaign_private.h"

void machine_cpu_model(char out[128])
{
    struct buf b = BUF_INIT(1u << 20);
    struct err ignore;
    out[0] = 0;
    if (file_read(&b, "/proc/cpuinfo", &ignore) == 0 || b.n) {
        struct str text = buf_str(&b);
        ptrdiff_t at = str_find(text, STR("model name"));
        if (at >= 0) {
            struct str line = str_sub(text, (size_t)at, text.n);
            ptrdiff_t nl = str_chr(line, '\n'), colon = str_chr(line, ':');
            if (nl > 0 && colon > 0 && colon < nl)
                snprintf(out, 128, "%.*s",
                         STR_ARG(str_trim(str_sub(line, (size_t)colon + 1, (size_t)(nl - colon - 1)))));
        }
    }
    buf_free(&b);
}
