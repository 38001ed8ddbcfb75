/* tiktoken merges two parts where their bytes together are a token, in the order of the tokens' ranks. As parts are
 * always tokens, that is merging by a list of pairs: every split of every token into two tokens, at the token's rank.
 */
#include "tok/tok_bpe.h"

static void add_splits(struct bpe *b, struct str spelled, uint32_t rank, uint32_t id)
{
    for (size_t i = 1; i < spelled.n; i++) {
        uint32_t left, right;
        if (((unsigned char)spelled.p[i] & 0xC0) != 0x80 && vocab_id(b->vocab, str_sub(spelled, 0, i), &left) &&
            vocab_id(b->vocab, str_sub(spelled, i, spelled.n), &right)) {
            pairs_set(&b->pairs, left, right, rank, id);
            joints_add_bytes(b->joints, str_sub(spelled, 0, i), str_sub(spelled, i, spelled.n));
        }
    }
}

static int add_tokens(struct bpe *b, const struct str *tokens, uint32_t n, uint32_t id_of_rank0, struct err *e)
{
    struct buf spelled = BUF_INIT(SIZE_MAX - 1);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        uint32_t id;
        if (!tokens[i].p)
            continue;
        buf_clear(&spelled);
        bytelevel_text(tokens[i], &spelled);
        if (tokens[i].n == 0)
            rc = err_set(e, ERR_DATA, "the token of rank %u is empty", i);
        else if (vocab_id(b->vocab, buf_str(&spelled), &id))
            rc = err_set(e, ERR_DATA, "the tokens of the ranks %u and %u are the same", id - id_of_rank0, i);
        else if (!vocab_add(b->vocab, buf_str(&spelled), i + id_of_rank0))
            rc = err_set(e, ERR_DATA, "the id of rank %u is above %u", i, VOCAB_IDS - 1);
    }
    buf_free(&spelled);
    return rc;
}

int bpe_from_ranks(struct model **m, const struct str *tokens, uint32_t n, uint32_t id_of_rank0, struct err *e)
{
    struct bpe *b = bpe_new();
    b->bytes = true;
    b->ignore_merges = true;
    b->vocab = vocab_new(n);
    if (id_of_rank0 >= VOCAB_IDS || n > VOCAB_IDS - id_of_rank0) {
        err_set(e, ERR_DATA, "ids go beyond %u", VOCAB_IDS - 1);
        goto failed;
    }
    if (add_tokens(b, tokens, n, id_of_rank0, e) != 0)
        goto failed;
    pairs_init(&b->pairs, (size_t)n * 2);
    b->joints = joints_new((size_t)n * 2);
    for (uint32_t i = 0; i < n; i++)
        if (tokens[i].p)
            add_splits(b, vocab_token(b->vocab, i + id_of_rank0), i, i + id_of_rank0);
    bpe_finish(b);
    for (unsigned i = 0; i < 256; i++)
        if (b->byte_symbol[i] == NO_SYMBOL) {
            err_set(e, ERR_DATA, "no token stands for the byte 0x%02X alone; all 256 must have one", i);
            goto failed;
        }
    *m = &b->base;
    return 0;
failed:
    bpe_free(&b->base);
    return -1;
}
