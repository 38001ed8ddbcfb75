/* check.h - one request told in words, for `weir run --check`: what is sent, over which connection, what comes back and
 * what it means. What it says of times follows docs/METRICS.md, from the same instants. Nothing secret is shown. Cold.
 */
#ifndef WEIR_ENGINE_CHECK_H
#define WEIR_ENGINE_CHECK_H

#include "engine/probe.h"

struct check { /* borrowed */
    const struct target *target;
    const struct api_ops *ops;
    const struct api_opts *opts;
    const struct plan_sample *sample;
    int64_t timeout; /* ns */
    bool insecure;
    void (*say)(void *arg, const char *line); /* line by line, as it becomes known */
    /* Tokens of a text that is JSON-escaped, by a tokenizer; NULL: there is none. */
    uint64_t (*count)(void *arg, struct str escaped);
    void *arg;
};

/* A request line by line, head and body, behind "> "; `id` is one more line of its head, or NULL. */
void check_show_request(const struct check *k, const struct call *c, const char *id);

/* 0: weir can measure this endpoint. -1 + why. Fills p as probe_judge does. */
int check_ask(const struct check *k, struct probe *p, struct err *why);

#endif
