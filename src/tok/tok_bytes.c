/* GPT-2's bytes_to_unicode: printable bytes of Latin-1 stand for themselves, the 68 others for U+0100 … U+0143 in their
 * order. */
#include "tok/tok_private.h"

static bool is_plain(unsigned b)
{
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
}

unsigned bytelevel_char(unsigned char b)
{
    if (is_plain(b))
        return b;
    if (b <= ' ')
        return 0x100U + b;
    if (b == 0xAD)
        return 0x143;
    return 0x100U + b - 0x7F + 33; /* 7F … A0 behind the 33 of 00 … 20 */
}

int bytelevel_byte(unsigned c)
{
    if (c < 0x100)
        return is_plain(c) ? (int)c : -1;
    if (c <= 0x120)
        return (int)(c - 0x100);
    if (c <= 0x142)
        return (int)(c - 0x121 + 0x7F);
    return c == 0x143 ? 0xAD : -1;
}

void bytelevel_text(struct str raw, struct buf *out)
{
    char *at = buf_room(out, raw.n * 2);
    if (!at)
        return;
    char *p = at;
    for (size_t i = 0; i < raw.n; i++) {
        unsigned c = bytelevel_char((unsigned char)raw.p[i]);
        if (c < 0x80) {
            *p++ = (char)c;
        } else {
            *p++ = (char)(0xC0 | (c >> 6));
            *p++ = (char)(0x80 | (c & 0x3F));
        }
    }
    buf_wrote(out, (size_t)(p - at));
}

bool bytelevel_raw(struct str text, struct buf *out)
{
    char *at = buf_room(out, text.n);
    bool known = at != NULL;
    size_t n = 0;
    for (size_t i = 0; known && i < text.n;) {
        unsigned c = (unsigned char)text.p[i++];
        if (c >= 0x80) { /* the alphabet ends at U+0143: two bytes */
            if (i == text.n || c < 0xC2 || c > 0xC5)
                c = UINT32_MAX;
            else
                c = ((c & 0x1F) << 6) | ((unsigned char)text.p[i++] & 0x3F);
        }
        int b = bytelevel_byte(c);
        known = b >= 0;
        at[n++] = (char)b;
    }
    buf_wrote(out, known ? n : 0);
    return known;
}
