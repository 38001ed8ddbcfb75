#include "engine/server_id.h"

#include "base/jdoc.h"

const char *server_kind_name(enum server_kind k)
{
    static const char *const names[SERVER_KINDS] = {
        [SERVER_UNKNOWN] = "",
        [SERVER_VLLM] = "vLLM",
        [SERVER_SGLANG] = "SGLang",
        [SERVER_TGI] = "Text Generation Inference",
        [SERVER_TEI] = "Text Embeddings Inference",
        [SERVER_OLLAMA] = "Ollama",
        [SERVER_LLAMACPP] = "llama.cpp",
        [SERVER_TRTLLM] = "TensorRT-LLM",
        [SERVER_TRITON] = "Triton",
        [SERVER_LMDEPLOY] = "LMDeploy",
        [SERVER_LITELLM] = "LiteLLM",
        [SERVER_OPENAI] = "OpenAI",
        [SERVER_ANTHROPIC] = "Anthropic",
        [SERVER_WEIR_SIM] = "weir sim",
    };
    return names[(unsigned)k < SERVER_KINDS ? k : SERVER_UNKNOWN];
}

const char *server_ask_path(enum server_ask a)
{
    static const char *const paths[SERVER_ASKS] = {
        [ASK_MODELS] = "/v1/models",
        [ASK_VERSION] = "/version",
        [ASK_MODEL_INFO] = "/get_model_info",
        [ASK_INFO] = "/info",
        [ASK_TAGS] = "/api/tags",
        [ASK_PROPS] = "/props",
        [ASK_V2] = "/v2",
        [ASK_HEALTH] = "/health",
    };
    return paths[a];
}

static void found(struct server_id *id, enum server_kind k, const char *why)
{
    if (id->kind != SERVER_UNKNOWN)
        return;
    id->kind = k;
    snprintf(id->why, sizeof id->why, "%s", why);
}

/* What a server says is shown: only what may be the text of a version. */
static void take_version(struct server_id *id, struct str v)
{
    if (id->version[0] || v.n == 0 || v.n >= sizeof id->version)
        return;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] <= ' ' || v.p[i] > '~')
            return;
    }
    snprintf(id->version, sizeof id->version, STR_FMT, STR_ARG(v));
}

static void models(struct server_id *id, jnode *root)
{
    static const struct {
        const char *owner;
        enum server_kind kind;
    } owners[] = {
        {"vllm", SERVER_VLLM},      {"sglang", SERVER_SGLANG},     {"llamacpp", SERVER_LLAMACPP},
        {"library", SERVER_OLLAMA}, {"lmdeploy", SERVER_LMDEPLOY}, {"tensorrt_llm", SERVER_TRTLLM},
        {"weir", SERVER_WEIR_SIM},
    };
    jnode *list = jn_get(root, "data"), *first = jn_at(list, 0);
    if (!jn_is_arr(list))
        return;
    if (jn_str(jn_get(first, "display_name"), NULL).p && str_eqz(jn_str(jn_get(first, "type"), ""), "model"))
        id->anthropic = true;
    else
        id->openai = true;
    struct str owner = jn_str(jn_get(first, "owned_by"), "");
    for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
        if (str_eqz(owner, owners[i].owner))
            found(id, owners[i].kind, "owned_by in /v1/models");
    }
}

static void info(struct server_id *id, jnode *root)
{
    struct str router = jn_str(jn_get(root, "router"), "");
    if (!jn_str(jn_get(root, "model_id"), NULL).p)
        return;
    if (str_eqz(router, "text-generation-router") || jn_get(root, "max_best_of") || jn_get(root, "docker_label")) {
        /* the embeddings server has a docker_label too, but says what type of model it serves as an object */
        found(id, jn_is_obj(jn_get(root, "model_type")) ? SERVER_TEI : SERVER_TGI, "/info");
        take_version(id, jn_str(jn_get(root, "version"), ""));
    }
}

static void known_answer(struct server_id *id, enum server_ask a, jnode *root)
{
    switch (a) {
    case ASK_MODELS:
        models(id, root);
        break;
    case ASK_VERSION:
        if (str_eqz(jn_str(jn_get(root, "server"), ""), "weir-sim"))
            found(id, SERVER_WEIR_SIM, "/version");
        take_version(id, jn_str(jn_get(root, "version"), ""));
        break;
    case ASK_MODEL_INFO:
        if (jn_str(jn_get(root, "model_path"), NULL).p)
            found(id, SERVER_SGLANG, "/get_model_info");
        break;
    case ASK_INFO:
        info(id, root);
        break;
    case ASK_TAGS:
        if (jn_is_arr(jn_get(root, "models")))
            found(id, SERVER_OLLAMA, "/api/tags");
        break;
    case ASK_PROPS:
        if (jn_is_obj(jn_get(root, "default_generation_settings")))
            found(id, SERVER_LLAMACPP, "/props");
        take_version(id, jn_str(jn_get(root, "build_info"), ""));
        break;
    case ASK_V2:
        if (str_eqz(jn_str(jn_get(root, "name"), ""), "triton"))
            found(id, SERVER_TRITON, "/v2");
        if (jn_is_arr(jn_get(root, "extensions")))
            take_version(id, jn_str(jn_get(root, "version"), ""));
        break;
    case ASK_HEALTH:
    case SERVER_ASKS:
        break;
    }
}

void server_id_answer(struct server_id *id, enum server_ask a, int status, struct str body)
{
    if (status == 0)
        return;
    id->asked = true;
    if (a == ASK_MODELS && (status == 401 || status == 403))
        id->openai = true;
    if (status != 200)
        return;
    struct err ignore;
    struct jdoc *d = jdoc_parse(body, "reply", &ignore);
    if (d && jn_is_obj(jdoc_root(d)))
        known_answer(id, a, jdoc_root(d));
    jdoc_free(&d);
}

void server_id_headers(struct server_id *id, struct str lines)
{
    static const struct {
        const char *name; /* its beginning */
        enum server_kind kind;
    } marks[] = {
        {"x-litellm-", SERVER_LITELLM},
        {"anthropic-", SERVER_ANTHROPIC},
        {"openai-version:", SERVER_OPENAI},
        {"openai-processing-ms:", SERVER_OPENAI},
    };
    struct str_split it = {.rest = lines, .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
            if (str_istarts(line, str_of(marks[i].name)))
                found(id, marks[i].kind, "response headers");
        }
        if (str_istarts(line, STR("x-litellm-version:")))
            take_version(id, str_trim(str_sub(line, 18, line.n)));
        if (str_istarts(line, STR("server: llama.cpp")))
            found(id, SERVER_LLAMACPP, "response headers");
        if (str_istarts(line, STR("server: ollama")))
            found(id, SERVER_OLLAMA, "response headers");
    }
}

char *server_id_text(const struct server_id *id, char out[256])
{
    if (id->kind != SERVER_UNKNOWN)
        snprintf(out, 256, "%s%s%s (%s)", server_kind_name(id->kind), id->version[0] ? " " : "", id->version, id->why);
    else if (id->openai || id->anthropic)
        snprintf(out, 256, "%s%s%s (/v1/models)",
                 id->openai ? "an OpenAI-compatible server" : "an Anthropic-compatible server",
                 id->version[0] ? ", version " : "", id->version);
    else
        snprintf(out, 256, "not recognized%s%s", id->version[0] ? ", version " : "", id->version);
    return out;
}

const char *const *server_id_dialects(const struct server_id *id, struct str path)
{
    static const char *const
        none[] = {NULL},
        *const openai[] = {"openai-chat", NULL}, *const ollama[] = {"ollama-chat", "ollama", NULL},
        *const tgi[] = {"tgi-generate-stream", "tgi-stream", "tgi", "tgi-generate", NULL},
        *const tgi_whole[] = {"tgi-generate", "tgi", NULL}, *const sglang[] = {"sglang-generate", "sglang", NULL},
        *const triton[] = {"trtllm-generate-stream", "trtllm-generate", "trtllm", "tensorrt-llm", NULL},
        *const anthropic[] = {"anthropic-messages", "anthropic", NULL},
        *const embeddings[] = {"openai-embeddings", "embeddings", NULL};
    bool generate = str_ends(path, STR("/generate")), stream = str_ends(path, STR("/generate_stream"));
    if (generate || stream) {
        if (id->kind == SERVER_SGLANG && generate)
            return sglang;
        if (id->kind == SERVER_TGI)
            return generate ? tgi_whole : tgi;
        return id->kind == SERVER_TRITON || id->kind == SERVER_TRTLLM ? triton : none;
    }
    if (id->openai && id->kind != SERVER_TEI)
        return openai;
    switch (id->kind) {
    case SERVER_OLLAMA:
        return ollama;
    case SERVER_TGI:
        return tgi;
    case SERVER_TEI:
        return embeddings;
    case SERVER_SGLANG:
        return sglang;
    case SERVER_ANTHROPIC:
        return anthropic;
    default:
        return id->anthropic ? anthropic : none;
    }
}
