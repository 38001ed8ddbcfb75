/* hub.h - files of a model by its id on the Hugging Face hub ("org/name", "org/name@revision"): from the hub's cache on
 * this machine, which Hugging Face's own programs fill, else downloaded into weir's. Cold; blocks.
 *
 * The environment is read as huggingface_hub reads it: HF_HUB_CACHE (HUGGINGFACE_HUB_CACHE), HF_HOME, XDG_CACHE_HOME;
 * HF_ENDPOINT; HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE; HF_TOKEN, HUGGING_FACE_HUB_TOKEN, and the file HF_TOKEN_PATH or
 * HF_HOME/token, unless HF_HUB_DISABLE_IMPLICIT_TOKEN. A token goes to the endpoint alone. What is in the hub's cache
 * is taken as it is, without a question to the hub; what weir has downloaded is asked for again (ETag), unless the
 * revision is a commit.
 * Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache, and its constants.py. */
#ifndef WEIR_FETCH_HUB_H
#define WEIR_FETCH_HUB_H

#include "base/err.h"

bool hub_is_id(const char *text); /* has the form of an id, with or without a revision */

struct hub_want {
    const char *const *any;  /* file names, NULL-ended: the first of them that the model has */
    const char *const *also; /* taken besides, where the model has them; NULL-ended, or NULL */
    uint64_t max_bytes;      /* of each; more is an error */
    bool progress;           /* a bar on a terminal */
};
/* The folder that holds them, to be freed; NULL + e, which names the model: ERR_USAGE where it or its files are not to
 * be had, ERR_IO where the network or the disk failed, ERR_LIMIT. */
char *hub_folder(const char *id, const struct hub_want *w, struct err *e);

#endif
