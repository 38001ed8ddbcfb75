#include "load/words.h"

#include "base/rng.h"

/* Each word ends in zeros, so that eight bytes are copied whatever its length. Their order is part of what a seed
 * means. */
static const char WORDS[256][8] = {
    "the",    "of",      "and",     "to",    "in",      "a",      "is",      "that",    "for",     "it",
    "as",     "was",     "with",    "be",    "by",      "on",     "not",     "he",      "his",     "but",
    "at",     "are",     "this",    "have",  "from",    "or",     "had",     "an",      "they",    "which",
    "you",    "were",    "all",     "her",   "she",     "there",  "would",   "their",   "we",      "him",
    "been",   "has",     "when",    "who",   "will",    "more",   "no",      "if",      "out",     "so",
    "said",   "what",    "up",      "its",   "about",   "into",   "than",    "them",    "can",     "only",
    "other",  "new",     "some",    "could", "time",    "these",  "two",     "may",     "then",    "do",
    "first",  "any",     "my",      "now",   "such",    "like",   "our",     "over",    "man",     "me",
    "even",   "most",    "made",    "after", "also",    "did",    "many",    "before",  "must",    "through",
    "years",  "where",   "much",    "your",  "way",     "well",   "down",    "should",  "because", "each",
    "just",   "those",   "people",  "how",   "too",     "little", "state",   "good",    "very",    "make",
    "world",  "still",   "own",     "see",   "men",     "work",   "long",    "get",     "here",    "between",
    "both",   "life",    "being",   "under", "never",   "day",    "same",    "another", "know",    "while",
    "last",   "might",   "us",      "great", "old",     "year",   "off",     "come",    "since",   "against",
    "go",     "came",    "right",   "used",  "take",    "three",  "states",  "himself", "few",     "house",
    "use",    "during",  "without", "again", "place",   "around", "however", "small",   "found",   "school",
    "part",   "once",    "general", "high",  "upon",    "every",  "does",    "got",     "united",  "left",
    "number", "course",  "war",     "until", "always",  "away",   "water",   "public",  "put",     "think",
    "almost", "hand",    "enough",  "far",   "took",    "head",   "yet",     "system",  "better",  "set",
    "told",   "nothing", "night",   "end",   "why",     "called", "find",    "going",   "look",    "asked",
    "later",  "knew",    "point",   "next",  "program", "city",   "give",    "group",   "toward",  "young",
    "days",   "let",     "room",    "side",  "social",  "given",  "present", "several", "order",   "rate",
    "face",   "word",    "within",  "early", "second",  "open",   "hold",    "case",    "able",    "best",
    "among",  "form",    "power",   "often", "done",    "light",  "name",    "kind",    "mind",    "door",
    "free",   "large",   "whole",   "body",  "line",    "least",  "turn",    "want",    "above",   "voice",
    "red",    "air",     "real",    "half",  "white",   "land",
};

static char *put_word(char *p, unsigned which)
{
    uint64_t w;
    memcpy(&w, WORDS[which], 8);
    memcpy(p, &w, 8);
    w = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(w) : w;
    return p + 8 - (unsigned)__builtin_clzll(w) / 8;
}

void words_fill(struct buf *b, uint64_t seed, uint64_t key, uint64_t n)
{
    uint64_t stream = rng_u64(seed, RNG_WORDS, key), eight = 0;
    if (n == 0)
        return;
    size_t most = n < SIZE_MAX / WORDS_MAX_BYTES ? (size_t)n * WORDS_MAX_BYTES : SIZE_MAX;
    char *begin = buf_room(b, most), *p = begin;
    if (!begin)
        return;
    for (uint64_t i = 0; i < n; i++, eight >>= 8) {
        if (i % 8 == 0)
            eight = rng_u64(stream, RNG_WORDS, i / 8);
        if (i > 0 || b->n > 0)
            *p++ = ' ';
        p = put_word(p, eight & 255);
    }
    buf_wrote(b, (size_t)(p - begin));
}
