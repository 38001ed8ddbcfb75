#include "tok/tok_joints.h"

#include "base/xalloc.h"
#include "tok/tok_private.h"
#include "tok/tok_utf8.h"

struct joints *joints_new(size_t merges)
{
    struct joints *j = xcalloc(1, sizeof *j);
    unsigned bits = 12;
    while (bits < 22 && ((size_t)1 << bits) < merges * 4)
        bits++;
    j->shift = 64 - bits;
    j->bits = xcalloc(((size_t)1 << bits) / 64, sizeof(uint64_t));
    return j;
}

void joints_free(struct joints **j)
{
    if (*j)
        free((*j)->bits);
    free(*j);
    *j = NULL;
}

void joints_add(struct joints *j, uint32_t left, uint32_t right)
{
    if (left < 128 && right < 128)
        j->ascii[left][right >> 6] |= 1ULL << (right & 63);
    uint64_t h = joint_hash(left, right) >> j->shift;
    j->bits[h >> 6] |= 1ULL << (h & 63);
}

/* The bytes of the first characters of a token of bytes, at most `max`; less where one is not of the alphabet. */
static unsigned first_bytes(struct str t, unsigned char *out, unsigned max)
{
    unsigned k = 0, n;
    for (size_t at = 0; at < t.n && k < max; at += n) {
        int byte = bytelevel_byte(utf8_get(t.p + at, &n));
        if (byte < 0)
            break;
        out[k++] = (unsigned char)byte;
    }
    return k;
}

/* Those of the last character: from its first byte on, or all of the token where it begins inside of a character. */
static unsigned last_bytes(struct str t, unsigned char out[4])
{
    size_t at = t.n;
    unsigned n = 0, k = 0;
    while (at > 0 && k < 4) {
        do
            at--;
        while (at > 0 && ((unsigned char)t.p[at] & 0xC0) == 0x80);
        k++;
        int byte = bytelevel_byte(utf8_get(t.p + at, &n));
        if (byte < 0 || (byte & 0xC0) != 0x80)
            break;
    }
    return first_bytes(str_sub(t, at, t.n), out, 4);
}

/* What a UTF-8 character with this first byte has; 0: it is none. */
static unsigned char_bytes(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
}

/* Only where the left side ends with a character and the right one begins with one is there a boundary to cross. */
void joints_add_bytes(struct joints *j, struct str left, struct str right)
{
    unsigned char l[4], r[4], wide[8] = {0};
    unsigned nl = last_bytes(left, l), nr = first_bytes(right, r, 4), n;
    unsigned need_l = nl ? char_bytes(l[0]) : 0, need_r = nr ? char_bytes(r[0]) : 0;
    bool end_of_one = nl > 0 && need_l == 0 && (l[0] & 0xC0) == 0x80;
    if (need_r == 0 || (!end_of_one && need_l != nl))
        return;
    if (end_of_one) {
        j->parts[l[nl - 1]][r[0] >> 6] |= 1ULL << (r[0] & 63);
        return;
    }
    memcpy(wide, l, nl);
    uint32_t c1 = utf8_get((char *)wide, &n);
    if (nr >= need_r) {
        memcpy(wide, r, need_r);
        joints_add(j, c1, utf8_get((char *)wide, &n));
        return;
    }
    uint32_t part = 0;
    for (unsigned i = 0; i < nr; i++)
        part = part << 8 | r[i];
    joints_add(j, c1, JOINT_PART | part);
}
