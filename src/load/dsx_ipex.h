/* dsx_ipex.h - a file of prompts by family of models and by length, as IPEX and the LLM-on-Ray benchmark read it
 * (load/ds_ipex.c): {"llama": {"32": "...", "64": "..."}}. A prompt is the beginning of every longer one of its family.
 * Cold. */
#ifndef WEIR_LOAD_DSX_IPEX_H
#define WEIR_LOAD_DSX_IPEX_H

#include "load/tokenizer.h"

#define DSX_IPEX_FAMILIES                                                                                              \
    "gpt-j,llama,gpt-neox,opt,falcon-rw-1b,falcon,bloom,chatglm,codegen,gptbigcode,baichuan,baichuan2,t5,mistral,"     \
    "mpt,qwen,mixtral,stablelm"                                            /* those that the benchmark's help names */
#define DSX_IPEX_LENGTHS "32,64,128,256,512,1024,2016,2017,2048,4096,8192" /* those of IPEX's own scripts */

struct dsx_ipex {
    struct str families; /* names with commas between them */
    struct str lengths;  /* whole numbers likewise, each 1 to 4,194,304 */
    uint64_t seed;
    const struct tokenizer *tokenizer; /* lengths are exactly its tokens; NULL: words */
};
/* JSON, indented by 2. *prompts: how many. 0, or -1 + e. */
int dsx_generate_ipex(const struct dsx_ipex *x, struct buf *out, size_t *prompts, struct err *e);

#endif
