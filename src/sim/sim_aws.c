/* sim_aws.c - the paths of AWS's fronts: SageMaker's endpoints, behind which an LMI container stands, and Bedrock's
 * models. SageMaker's /invocations gives no answer before it is whole, whatever the body says of "stream"; Bedrock's
 * path alone says whether an answer is streamed. Source: API references of SageMaker runtime and Bedrock runtime. */
#include "base/jout.h"
#include "base/jscan.h"
#include "sim/sim_worker.h"

static bool has_member(const struct sim_request *r, const char *name)
{
    struct str raw;
    return js_path(r->q->body, name, &raw) == 0;
}

static bool wants_sse(const struct sim_request *r)
{
    return str_istarts(hs_header(r->q, "x-amzn-sagemaker-accept"), STR("text/event-stream"));
}

void sim_sagemaker(struct sim_request *r)
{
    struct buf model = BUF_INIT(8 * ASK_MAX_MODEL);
    if (str_ends(r->q->path, STR("-response-stream")))
        r->evs = SIM_EVS_PARTS;
    else
        r->streams = STREAM_NEVER;
    r->dialect = has_member(r, "messages") ? &sim_openai_chat : wants_sse(r) ? &sim_lmi_sse : &sim_lmi;
    json_escape(&model, str_of(r->w->sim->model_name));
    r->model = buf_str(&model);
    sim_generate(r);
    buf_free(&model);
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "anthropic.claude-3-haiku-20240307-v1%3A0" */
static void decode(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
            buf_addc(out, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
            i += 2;
        } else {
            buf_addc(out, s.p[i]);
        }
    }
}

static bool named(struct str id, const char *family)
{
    struct str f = str_of(family);
    for (size_t i = 0; i + f.n <= id.n; i++)
        if (str_eq(str_sub(id, i, f.n), f))
            return true;
    return false;
}

/* By the model's name, where that tells, else by what the body has. */
static const struct sim_dialect *family(const struct sim_request *r, struct str id)
{
    if (named(id, "meta.") || (!named(id, "anthropic.") && has_member(r, "prompt")))
        return &sim_bedrock_llama;
    if (named(id, "amazon.titan") || has_member(r, "inputText"))
        return &sim_bedrock_titan;
    return &sim_bedrock_anthropic;
}

static void answer(struct sim_request *r, struct str id, struct str action)
{
    const char *served = r->w->sim->rules.model;
    struct buf model = BUF_INIT(8 * ASK_MAX_MODEL);
    if (id.n > ASK_MAX_MODEL || (served != NULL && !str_eqz(id, served))) {
        sim_answer_error(r, 404, "There is no such model.", NULL, NULL, NULL);
        return;
    }
    bool converse = str_starts(action, STR("converse"));
    r->evs = converse ? SIM_EVS_EVENTS : SIM_EVS_CHUNKS;
    r->streams = str_ends(action, STR("stream")) ? STREAM_ALWAYS : STREAM_NEVER;
    r->dialect = converse ? &sim_converse : family(r, id);
    json_escape(&model, id);
    r->model = buf_str(&model);
    sim_generate(r);
    buf_free(&model);
}

void sim_bedrock(struct sim_request *r)
{
    static const size_t before = sizeof("/model/") - 1;
    struct str rest = str_sub(r->q->path, before, r->q->path.n);
    struct buf id = BUF_INIT(1U << 20);
    ptrdiff_t slash = str_chr(rest, '/'); /* the route has it */
    decode(str_sub(rest, 0, (size_t)slash), &id);
    answer(r, buf_str(&id), str_sub(rest, (size_t)slash + 1, rest.n));
    buf_free(&id);
}
