/* fuzz_truth_read.c - any bytes as a truth file: read, or refused with a sentence; what is found can be asked for. */
#include <stdint.h>

#include "campaign/truth_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct truth_file *t = truth_file_parse((struct str){(const char *)data, n}, "fuzz", &e);
    if (!t) {
        if (e.text[0] == 0 || e.line == 0)
            abort();
        return 0;
    }
    static const char *const ids[] = {"a", "bb", "sim-f141d6021d9ea1d1", ""};
    volatile int64_t sum = 0;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        size_t many;
        const int64_t *at = truth_file_tokens(t, str_of(ids[i]), &many);
        if (many > n)
            abort();
        for (size_t k = 0; at && k < many; k++)
            sum ^= at[k];
    }
    truth_file_free(&t);
    return 0;
}
