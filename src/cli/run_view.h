/* run_view.h - what a run shows on stderr while it goes on: the banner, the waiting, a live line on a terminal. One
 * thread. */
#ifndef WEIR_CLI_RUN_VIEW_H
#define WEIR_CLI_RUN_VIEW_H

#include "campaign/campaign.h"

struct run_view {
    bool quiet, live, colour;
    int64_t say_at; /* when to tell of the connecting, where no live line does */
    /* To be set after run_view_open by whoever wants to know; or NULL. */
    void (*level_begin)(void *arg, uint32_t level);
    void (*level_end)(void *arg, const struct campaign_ended *l);
    void *arg;
};

/* quiet: errors alone, from here on. live: a live line too, where stderr is a terminal. The view borrows `s`. */
struct campaign_view run_view_open(struct run_view *s, bool quiet, bool live);
void run_view_close(struct run_view *s); /* takes the live line away */

#endif
