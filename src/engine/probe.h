/* probe.h - what one unmeasured request settles before a run: whether the server can be reached and believes the key,
 * which model it serves, whether it takes stream_options, and whether it reports usage. Cold: each exchange has its own
 * connection. */
#ifndef WEIR_ENGINE_PROBE_H
#define WEIR_ENGINE_PROBE_H

#include "api/api_custom.h"
#include "api/api_media.h"
#include "engine/call.h"
#include "engine/server_id.h"
#include "engine/target.h"

/* The limit of a probe, where a run's requests ask for `asked` (-1: for none). */
static inline int64_t probe_tokens(const struct api_ops *ops, int64_t asked)
{
    int64_t few = MAX((int64_t)8, ops->limit_least);
    return asked >= 0 ? MIN(asked, few) : few;
}

struct probe {
    int64_t timeout;              /* in: of each exchange, ns */
    char model[256];              /* of the list of models; "" not asked or not said */
    bool stream_options_rejected; /* the server refused them and answered without */
    bool usage;                   /* token counts came */
    bool usage_input;             /* that of the input among them */
    bool running_usage;           /* with each piece of the text, but for at most one */
    bool streamed;                /* the answer was a stream */
    int http;                     /* version that was spoken: 1 or 2; 0: not known */
    bool refused;                 /* 429 or 503 each time: the run goes on without having been probed */
    int status;
    char server_version[128]; /* of /version; "" none */
    struct server_id id;      /* what all these answers say of the program */
    char headers[4096];       /* of the probe's response: "Name: value" lines; secrets replaced */
};

/* The model that the dialect's list (GET .../models) has as `prefer` (NULL: any), else the first that it names, into
 * p->model; "" where the dialect's requests name none and there is no list. */
int probe_model(const struct target *t, const struct api_ops *ops, const char *prefer, struct probe *p, struct err *e);

/* GET /version, where there is one. Never fails. */
void probe_version(const struct target *t, struct probe *p);

/* Send the sample once with a small max_tokens. Fills p and sets o->include_usage and o->running_usage to what the
 * server takes. -1 + e: it cannot be measured, and why (401, 404, unknown model, not HTTP, ...). Network faults are
 * retried twice. */
int probe_request(const struct target *t, const struct api_ops *ops, struct api_opts *o,
                  const struct plan_sample *sample, struct probe *p, struct err *e);

/* Its steps, for others who ask once: the body that the sample makes; that body sent and waited for (0: an answer of
 * any status came; call_free in both cases); and what the answer settles, or what is wrong with it. */
int probe_render(const struct api_ops *ops, const struct api_opts *o, const struct plan_sample *sample, struct buf *out,
                 struct err *e);
int probe_send(const struct target *t, const struct api_ops *ops, const struct api_opts *o,
               const struct plan_sample *sample, struct call *c, struct err *e);
int probe_judge(const struct target *t, const struct api_ops *ops, const struct api_opts *o, const struct call *c,
                struct probe *p, struct err *e);

/* Where the dialect's list of models stands beside this target's path: `/proxy/v1/chat/completions` has it at
 * `/proxy/v1/models`. To be freed. */
char *probe_models_path(const struct target *t, const struct api_ops *ops);

#endif
