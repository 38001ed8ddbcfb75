#include "plan/plan.h"

static const char *const NAMES[] = {
    [ROLE_SYSTEM] = "system", [ROLE_USER] = "user",           [ROLE_ASSISTANT] = "assistant",
    [ROLE_TOOL] = "tool",     [ROLE_DEVELOPER] = "developer",
};

const char *plan_role_name(enum plan_role r)
{
    return (size_t)r < ARRAY_LEN(NAMES) ? NAMES[r] : "?";
}

int plan_role_of(struct str name, enum plan_role *out)
{
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (str_eqz(name, NAMES[i])) {
            *out = (enum plan_role)i;
            return 0;
        }
    }
    return -1;
}
