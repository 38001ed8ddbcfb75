/* cost.c - what a level's requests and tokens cost. The window is what is paid for: so an idle server is dear. */
#include <math.h>

#include "analysis/acc_level.h"

static double over(double cost, double n)
{
    return n > 0 ? cost / n : NAN;
}

void cost_finish(struct sum_level *l, double per_hour)
{
    struct sum_cost *c = &l->cost;
    double w = l->window_s;
    *c = (struct sum_cost){.per_hour = per_hour};
    if (!(per_hour > 0))
        return;
    double in = l->input_tok_s * w, out = l->output_tok_s * w;
    c->window = per_hour * w / 3600;
    c->per_request = over(c->window, l->successful_rps * w);
    c->per_input_token = over(c->window, in);
    c->per_output_token = over(c->window, out);
    c->per_token = over(c->window, in + out);
}
