/* notes_tokens.c - where token counts come from, and how far two counts of the same tokens agree. */
#include <math.h>

#include "analysis/acc_level.h"

static char *counts_text(char out[200], const struct sum_counted *c, const char *what)
{
    snprintf(out, 200, "of %s tokens the tokenizer counts %lld where the server says %lld (%+.1f %%)", what,
             (long long)c->own, (long long)c->server, c->deviation * 100);
    return out;
}

static void note_output(const struct sum_counted *c, struct sum_level *out)
{
    char counts[200];
    counts_text(counts, c, "output");
    if (c->how == COUNTED_CONSTANT)
        texts_add(
            &out->notes,
            "%s, by about %.2g an answer, however long it is: the server counts special tokens that the text does "
            "not show (the end of the turn, marks round reasoning), or leaves out some of it; the tokenizer fits",
            counts, fabs(c->per_request));
    else if (c->how == COUNTED_PROPORTIONAL)
        texts_add(&out->notes,
                  "%s, in proportion to the length: this is probably not the model's tokenizer; give that one by "
                  "--tokenizer",
                  counts);
    else if (c->how == COUNTED_UNCLEAR)
        texts_add(&out->notes,
                  "%s: special tokens that the text does not show, or not the model's tokenizer; more answers, of "
                  "several lengths, would tell which",
                  counts);
}

/* Of a chat the server counts the template too, and nothing is wrong as long as it counts more. */
static void note_input(const struct sum_tokenizer *t, struct sum_level *out)
{
    const struct sum_counted *c = &t->in;
    char counts[200];
    counts_text(counts, c, t->in_texts ? "the messages'" : "prompt");
    if (t->in_texts && c->how != COUNTED_AGREE && c->deviation > 0)
        texts_add(
            &out->notes,
            "%s, and no chat template takes tokens away: this is probably not the model's tokenizer, or the server "
            "cuts prompts",
            counts);
    if (t->in_texts || c->how == COUNTED_AGREE)
        return;
    if (c->how == COUNTED_CONSTANT)
        texts_add(
            &out->notes,
            "%s, by about %.2g a prompt, however long it is: the server puts a chat template round the prompt, or "
            "has other special tokens in front of it",
            counts, fabs(c->per_request));
    else if (c->how == COUNTED_PROPORTIONAL)
        texts_add(&out->notes,
                  "%s, in proportion to the length: this is probably not the model's tokenizer; give that one by "
                  "--tokenizer",
                  counts);
    else
        texts_add(&out->notes,
                  "%s: a chat template or special tokens, or not the model's tokenizer; prompts of several lengths "
                  "would tell which",
                  counts);
}

static void note_tokenizer(struct sum_level *out)
{
    const struct sum_tokenizer *t = &out->tokenizer;
    note_output(&t->out, out);
    note_input(t, out);
    if (t->in_counted && t->in_texts)
        texts_add(
            &out->notes,
            "the server does not say how many tokens %llu prompts had: the tokenizer counted the messages' texts, "
            "without the chat template that the server puts round them",
            (unsigned long long)t->in_counted);
    if (t->uncounted)
        texts_add(&out->notes,
                  "%llu answers or prompts were not kept for the tokenizer, because --text-limit was used up: what the "
                  "server does not count of them is unknown",
                  (unsigned long long)t->uncounted);
}

void write_token_notes(const struct acc_level *l, struct sum_level *out)
{
    if (out->token_source_mixed) {
        char text[160] = "";
        size_t at = 0;
        for (int k = 0; k < TOKEN_SOURCES; k++)
            if (l->sources[k])
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %llu", at ? ", " : "",
                                       token_source_name((enum token_source)k), (unsigned long long)l->sources[k]);
        texts_add(&out->notes, "output tokens were counted in different ways: %s requests", text);
    } else if (out->successful && out->token_source == TOKENS_WORDS) {
        texts_add(&out->notes, l->no_text == out->successful
                                   ? "the server gave no token counts: words of what was sent were counted instead"
                                   : "the server gave no token counts: words were counted instead of tokens");
    }
    note_tokenizer(out);
    if (l->unknown_tokens)
        texts_add(&out->notes, "%llu answers have an unknown number of tokens and are in no figure per token",
                  (unsigned long long)l->unknown_tokens);
    if (l->hidden_reasoning)
        texts_add(&out->notes,
                  "%llu answers had reasoning that was counted but not streamed: TTFT includes the time for it, TPOT "
                  "leaves its tokens out",
                  (unsigned long long)l->hidden_reasoning);
    if (out->plain)
        texts_add(&out->notes,
                  "plain HTTP: the answers are counted by status, time and bytes; there are no tokens, and no TTFT");
    else if (out->successful && l->no_text == out->successful)
        texts_add(&out->notes, "the answers are no text (embeddings, a ranking): there are no output tokens, and so no "
                               "TTFT, ITL, TPOT or tokens/s; E2E lasts to the end of the answer");
    else if (out->successful && l->not_streamed == out->successful)
        texts_add(&out->notes, "the answers were not streamed: there is no TTFT, ITL or TPOT");
}
