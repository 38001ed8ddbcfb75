/* turns.h - a sample of messages as a conversation of several turns.
 *
 * A turn is what a user says before it is the assistant's turn: the messages up to and with the last user message
 * before an assistant message, or before the end. So system, user, assistant, user gives two turns: (system, user) and
 * (user). What the dataset has the assistant say behind the first turn, and the results of tools with it, is replaced
 * by the real answers: it belongs to no turn, unless `canned`, when it is sent as it stands, at the beginning of the
 * turn that follows it. An assistant message ahead of the first user message is part of the first turn. What follows
 * the last user message belongs to no turn. A sample without a user message is one turn, with all it has. Pure
 * functions; thread-safe. */
#ifndef WEIR_LOAD_TURNS_H
#define WEIR_LOAD_TURNS_H

#include "plan/plan.h"

uint32_t turns_count(const struct plan_sample *s); /* at least 1 */
/* The messages that the next turn adds, in order, into out, which has room for s->n_msgs - *at of them; begin with *at
 * = 0. Returns how many; 0: there is no further turn. */
uint32_t turns_next(const struct plan_sample *s, bool canned, uint32_t *at, struct plan_msg *out);

#endif
