#include "gateway/gw_keys.h"

#include "base/xalloc.h"

#define FILE_MAX (1 << 20)

static int read_line(struct gw_keys *k, struct sha256 *h, struct str line, size_t number, const char *path,
                     struct err *e)
{
    struct str key = str_trim(line);
    if (key.n == 0 || key.p[0] == '#')
        return 0;
    for (size_t i = 0; i < key.n; i++) {
        if ((unsigned char)key.p[i] <= ' ' || key.p[i] == 0x7f)
            return err_set(e, ERR_DATA, "--api-key-file %s:%zu: a key has no blanks or control characters", path,
                           number);
    }
    if (k->n == GW_KEYS_MAX)
        return err_set(e, ERR_DATA, "--api-key-file %s: more than %d keys", path, GW_KEYS_MAX);
    sha256_add(h, key);
    sha256_raw(h, k->digest[k->n++]);
    return 0;
}

int gw_keys_load(struct gw_keys *k, const char *path, struct err *e)
{
    struct buf text = BUF_INIT(FILE_MAX);
    struct str line;
    size_t number = 0;
    int rc = file_read(&text, path, e);
    if (rc < 0)
        return err_prefix(e, "--api-key-file: ");
    struct sha256 *h = sha256_new();
    struct str_split it = {.rest = buf_str(&text), .sep = '\n'};
    k->digest = xcalloc(GW_KEYS_MAX, sizeof *k->digest);
    k->n = 0;
    while (rc == 0 && str_next(&it, &line))
        rc = read_line(k, h, line, ++number, path, e);
    if (rc == 0 && k->n == 0)
        rc = err_set(e, ERR_DATA, "--api-key-file %s: there is no key in it", path);
    if (text.p)
        explicit_bzero(text.p, text.n);
    buf_free(&text);
    sha256_end(&h, NULL);
    if (rc < 0)
        gw_keys_free(k);
    return rc;
}

void gw_keys_free(struct gw_keys *k)
{
    free(k->digest);
    *k = (struct gw_keys){0};
}

static bool known(const struct gw_keys *k, struct sha256 *h, struct str key)
{
    unsigned char digest[32], any = 0;
    sha256_add(h, key);
    sha256_raw(h, digest);
    for (size_t i = 0; i < k->n; i++) {
        unsigned char differs = 0;
        for (size_t b = 0; b < sizeof digest; b++)
            differs |= (unsigned char)(digest[b] ^ k->digest[i][b]);
        any |= (unsigned char)(((unsigned)differs - 1u) >> 8 & 1u);
    }
    return any != 0;
}

bool gw_keys_allow(const struct gw_keys *k, struct sha256 *h, struct str authorization, struct str api_key)
{
    if (k->n == 0)
        return true;
    struct str bearer = {0};
    if (str_istarts(authorization, STR("Bearer ")))
        bearer = str_trim(str_sub(authorization, 7, authorization.n));
    bool a = bearer.n > 0 && known(k, h, bearer), b = api_key.n > 0 && known(k, h, str_trim(api_key));
    return a || b;
}
