#include "base/promtext.h"

void prom_put_head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void prom_put_label(struct buf *b, const char *name, const char *value)
{
    buf_addf(b, "%s=\"", name);
    for (const char *p = value; *p; p++) {
        if (*p == '\\' || *p == '"')
            buf_addc(b, '\\');
        if (*p == '\n')
            buf_addz(b, "\\n");
        else
            buf_addc(b, *p);
    }
    buf_addc(b, '"');
}
