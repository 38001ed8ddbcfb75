/* server_id.h - which program answers, from what it says of itself. Sans-I/O: the answers of a few well-known paths and
 * response headers go in, a name comes out, with what gave it away. Evidence that names a program wins over evidence
 * that many share; the first that names one stays.
 * Sources: the servers' own documentation and answers: vLLM, SGLang, TGI, TEI, Ollama, llama.cpp, TensorRT-LLM, Triton
 * (KServe v2), LMDeploy, LiteLLM, OpenAI, Anthropic. */
#ifndef WEIR_ENGINE_SERVER_ID_H
#define WEIR_ENGINE_SERVER_ID_H

#include "base/str.h"

enum server_kind {
    SERVER_UNKNOWN = 0,
    SERVER_VLLM,
    SERVER_SGLANG,
    SERVER_TGI,
    SERVER_TEI,
    SERVER_OLLAMA,
    SERVER_LLAMACPP,
    SERVER_TRTLLM,
    SERVER_TRITON,
    SERVER_LMDEPLOY,
    SERVER_LITELLM,
    SERVER_OPENAI,
    SERVER_ANTHROPIC,
    SERVER_WEIR_SIM,
    SERVER_KINDS
};
const char *server_kind_name(enum server_kind k); /* "vLLM"; "" for unknown */

enum server_ask {                 /* the paths that tell, below the API's root */
                  ASK_MODELS,     /* /v1/models */
                  ASK_VERSION,    /* /version */
                  ASK_MODEL_INFO, /* /get_model_info */
                  ASK_INFO,       /* /info */
                  ASK_TAGS,       /* /api/tags */
                  ASK_PROPS,      /* /props */
                  ASK_V2,         /* /v2 */
                  ASK_HEALTH,     /* /health */
                  SERVER_ASKS
};
const char *server_ask_path(enum server_ask a);

struct server_id { /* begin with zeros */
    enum server_kind kind;
    bool openai;      /* /v1/models answered as OpenAI's does, or asked for a key */
    bool anthropic;   /* /v1/models answered as Anthropic's does */
    bool asked;       /* something was answered at all */
    char version[64]; /* "" not said */
    char why[100];    /* what gave it away, for people; "" nothing did */
};

/* The answer to one of the paths; of statuses other than 200 little is learnt. */
void server_id_answer(struct server_id *id, enum server_ask a, int status, struct str body);
/* "Name: value" lines of any response. */
void server_id_headers(struct server_id *id, struct str lines);

/* "vLLM 0.6.3 (owner in /v1/models)", "an OpenAI-compatible server", or "not recognized". Returns out. */
char *server_id_text(const struct server_id *id, char out[256]);

/* Dialects that this server speaks, the best first, as names for api_find; NULL-ended, maybe empty. `path` is that of
 * the URL ("" none): where several servers have the same path, it chooses. */
const char *const *server_id_dialects(const struct server_id *id, struct str path);

#endif
