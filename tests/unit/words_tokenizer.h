/* words_tokenizer.h - writes a byte-level BPE tokenizer of 20 words, each one token with and without a space in front
 * of it, of one ("zq") that is a token behind a space alone, and of one ("wu") that no merge makes behind a space. */
#ifndef WEIR_TESTS_UNIT_WORDS_TOKENIZER_H
#define WEIR_TESTS_UNIT_WORDS_TOKENIZER_H

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define SPACE "\xC4\xA0"

/* Of two letters, so that a word is one merge, whatever the other words are. */
static const char *const TEST_WORDS[] = {"an", "as", "at", "be", "by", "do", "go", "he", "if", "in",
                                         "is", "it", "me", "my", "no", "of", "on", "or", "so", "to"};
enum { N_TEST_WORDS = sizeof TEST_WORDS / sizeof TEST_WORDS[0] };

static inline void words_tokenizer(struct buf *b)
{
    struct buf merges = BUF_INIT(1 << 20);
    unsigned id = 0;
    buf_addz(b,
             "{\"version\":\"1.0\",\"added_tokens\":[],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\","
             "\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},\"post_processor\":null,"
             "\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (char c = 'a'; c <= 'z'; c++)
        buf_addf(b, "\"%c\":%u,", c, id++);
    buf_addf(b, "\"" SPACE "\":%u", id++);
    for (size_t w = 0; w < N_TEST_WORDS; w++) {
        const char *word = TEST_WORDS[w];
        for (size_t n = 2; n <= strlen(word); n++) {
            buf_addf(b, ",\"%.*s\":%u", (int)n, word, id++);
            buf_addf(&merges, "%s\"%.*s %c\"", merges.n ? "," : "", (int)n - 1, word, word[n - 1]);
        }
    }
    for (size_t w = 0; w < N_TEST_WORDS; w++) {
        buf_addf(b, ",\"" SPACE "%s\":%u", TEST_WORDS[w], id++);
        buf_addf(&merges, ",\"" SPACE " %s\"", TEST_WORDS[w]);
    }
    buf_addf(b, ",\"" SPACE "z\":%u,\"" SPACE "zq\":%u,\"wu\":%u,\"" SPACE "wu\":%u", id, id + 1, id + 2, id + 3);
    buf_addz(&merges, ",\"" SPACE " z\",\"" SPACE "z q\",\"w u\"");
    buf_addf(b, "},\"merges\":[%s]}}", merges.p);
    buf_free(&merges);
}

#endif
