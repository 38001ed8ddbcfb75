#include "base/xalloc.h"
#include "tok/tok_private.h"

void tok_ids_grow(struct tok_ids *ids)
{
    ids->cap = ids->cap ? ids->cap * 2 : 256;
    ids->v = xreallocarray(ids->v, ids->cap, sizeof *ids->v);
}

void tok_ids_push(struct tok_ids *ids, uint32_t id)
{
    tok_ids_add(ids, id);
}

void tok_ids_free(struct tok_ids *ids)
{
    free(ids->v);
    *ids = (struct tok_ids){0};
}
