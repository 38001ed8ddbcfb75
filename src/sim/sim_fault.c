#include "sim/sim_fault.h"

#include "base/rng.h"

static const struct {
    const char *name;
    enum fault_kind kind;
    bool duration;
} kinds[] = {
    {"reset", FAULT_RESET, false},         {"truncate", FAULT_TRUNCATE, false},
    {"stall", FAULT_STALL, true},          {"garbage", FAULT_GARBAGE, false},
    {"bad_json", FAULT_BAD_JSON, false},   {"error_event", FAULT_ERROR_EVENT, false},
    {"split", FAULT_SPLIT, false},         {"slow_headers", FAULT_SLOW_HEADERS, true},
    {"refuse", FAULT_REFUSE, false},       {"trailers", FAULT_TRAILERS, false},
    {"exception", FAULT_EXCEPTION, false}, {"error_frame", FAULT_ERROR_FRAME, false},
    {"bad_crc", FAULT_BAD_CRC, false},     {"slices", FAULT_SLICES, false},
};

static int parse_kind(struct fault *f, struct str name, bool *duration, struct err *e)
{
    *duration = false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eqz(name, kinds[i].name)) {
            f->kind = kinds[i].kind;
            *duration = kinds[i].duration;
            return 0;
        }
    }
    int64_t status;
    if (str_starts(name, STR("http")) && parse_i64(str_sub(name, 4, name.n), &status) == 0) {
        if (status < 400 || status > 599)
            return err_set(e, ERR_USAGE, "--fault: \"" STR_FMT "\": the status must be 400 to 599", STR_ARG(name));
        f->kind = FAULT_HTTP;
        f->status = (int)status;
        return 0;
    }
    return err_set(
        e, ERR_USAGE,
        "--fault: \"" STR_FMT "\" is unknown; there are reset, truncate, stall, garbage, bad_json, "
        "error_event, slow_headers, split, httpNNN, refuse, trailers, exception, error_frame, bad_crc and slices",
        STR_ARG(name));
}

static int parse_one(struct fault *f, struct str item, struct err *e)
{
    struct str_split it = {.rest = item, .sep = ':'};
    struct str name = {0}, prob = {0}, dur = {0}, more = {0};
    bool wants_duration;
    *f = (struct fault){0};
    str_next(&it, &name);
    bool has_prob = str_next(&it, &prob), has_dur = str_next(&it, &dur);
    if (parse_kind(f, name, &wants_duration, e) < 0)
        return -1;
    if (!has_prob || parse_f64(prob, &f->probability) < 0 || f->probability < 0 || f->probability > 1)
        return err_set(e, ERR_USAGE, "--fault: \"" STR_FMT "\" needs a probability from 0 to 1, as in " STR_FMT ":0.01",
                       STR_ARG(item), STR_ARG(name));
    if (str_next(&it, &more) || (has_dur && !wants_duration))
        return err_set(e, ERR_USAGE, "--fault: \"" STR_FMT "\" has too many parts", STR_ARG(item));
    if (wants_duration && (!has_dur || parse_duration(dur, &f->ns) < 0))
        return err_set(e, ERR_USAGE, "--fault: \"" STR_FMT "\" needs a duration, as in " STR_FMT ":0.01:2s",
                       STR_ARG(item), STR_ARG(name));
    return 0;
}

int fault_parse(struct fault_plan *p, struct str text, uint64_t seed, struct err *e)
{
    struct fault_plan got = {.seed = seed};
    struct str_split it = {.rest = text, .sep = ','};
    struct str item;
    double sum = 0;
    while (str_next(&it, &item)) {
        if (got.n == FAULTS_MAX)
            return err_set(e, ERR_USAGE, "--fault: at most %d faults", FAULTS_MAX);
        if (parse_one(&got.v[got.n], str_trim(item), e) < 0)
            return -1;
        sum += got.v[got.n++].probability;
    }
    if (sum > 1 + 1e-9)
        return err_set(e, ERR_USAGE,
                       "--fault: the probabilities add up to %g; a request gets at most one fault, so at "
                       "most 1",
                       sum);
    *p = got;
    return 0;
}

int pause_parse(struct pause *p, struct str text, struct err *e)
{
    ptrdiff_t at = str_chr(text, '@');
    struct pause got;
    if (at < 0 || parse_duration(str_sub(text, 0, (size_t)at), &got.ns) < 0 ||
        parse_duration(str_sub(text, (size_t)at + 1, text.n), &got.at) < 0)
        return err_set(e, ERR_USAGE, "--pause: \"" STR_FMT "\" is not LENGTH@START, as in 2s@5s", STR_ARG(text));
    *p = got;
    return 0;
}

struct fault fault_of(const struct fault_plan *p, uint64_t request)
{
    double u = p->n == 0 ? 1 : rng_unit(p->seed, RNG_SIM_FAULT, 2 * request);
    for (size_t i = 0; i < p->n; i++) {
        if (u < p->v[i].probability)
            return p->v[i];
        u -= p->v[i].probability;
    }
    return (struct fault){0};
}

uint64_t fault_position(const struct fault_plan *p, uint64_t request, uint64_t n_tokens)
{
    return n_tokens < 2 ? 0 : rng_below(p->seed, RNG_SIM_FAULT, 2 * request + 1, n_tokens);
}

const char *faults_of_http2(const struct fault_plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].kind == FAULT_REFUSE || p->v[i].kind == FAULT_TRAILERS)
            return p->v[i].kind == FAULT_REFUSE ? "refuse" : "trailers";
    return NULL;
}

char *fault_name(const struct fault *f, char out[16])
{
    out[0] = 0;
    if (f->kind == FAULT_HTTP)
        snprintf(out, 16, "http%d", f->status);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].kind == f->kind)
            snprintf(out, 16, "%s", kinds[i].name);
    return out;
}
