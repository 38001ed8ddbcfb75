/* test_turns.c - which messages of a conversation are whose turn. The samples are written as one letter a message: s
 * system, d developer, u user, a assistant, t tool; turns are expected with a space between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/turns.h"

static const char letters[] = {
    [ROLE_SYSTEM] = 's', [ROLE_USER] = 'u', [ROLE_ASSISTANT] = 'a', [ROLE_TOOL] = 't', [ROLE_DEVELOPER] = 'd'};

static enum plan_role role_of(char c)
{
    return (enum plan_role)((const char *)memchr(letters, c, sizeof letters) - letters);
}

static void each_turn_has_its_messages(void **state)
{
    static const struct {
        const char *sample, *real, *canned;
    } t[] = {
        {"u", "u", "u"},
        {"su", "su", "su"},
        {"suau", "su u", "su au"},
        {"suauaua", "su u u", "su au au"},
        {"uua", "uu", "uu"},           /* said in two messages */
        {"uausu", "u usu", "u ausu"},  /* a system message within a turn */
        {"uaus", "u u", "u au"},       /* ... and one behind the last */
        {"auau", "au u", "au au"},     /* a greeting is no answer */
        {"suatau", "su u", "su atau"}, /* tools answer calls that the real answers did not make */
        {"sdua", "sdu", "sdu"},
        {"s", "s", "s"}, /* nobody speaks: as it is */
        {"saa", "saa", "saa"},
        {"uaaa", "u", "u"},
        {"uaut", "u u", "u au"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        for (int canned = 0; canned < 2; canned++) {
            struct plan_msg msgs[16], out[16];
            size_t n = strlen(t[i].sample);
            for (size_t k = 0; k < n; k++)
                msgs[k] = (struct plan_msg){.role = role_of(t[i].sample[k]), .content = {t[i].sample + k, 1}};
            struct plan_sample s = {.msgs = msgs, .n_msgs = (uint32_t)n};
            char got[40] = "";
            size_t n_got = 0;
            uint32_t at = 0, turns = 0, m;
            const char *last = t[i].sample;
            while ((m = turns_next(&s, canned, &at, out)) > 0) {
                if (turns++)
                    got[n_got++] = ' ';
                for (uint32_t k = 0; k < m; k++) {
                    got[n_got++] = *out[k].content.p;
                    assert_true(out[k].content.p >= last); /* in their order */
                    last = out[k].content.p;
                }
            }
            assert_string_equal(got, canned ? t[i].canned : t[i].real);
            assert_int_equal(turns_count(&s), turns);
            assert_int_equal(turns_next(&s, canned, &at, out), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn_has_its_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
