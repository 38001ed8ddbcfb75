#include "tok/tok_proto.h"

void proto_init(struct proto *m, struct str bytes)
{
    m->p = bytes.p;
    m->end = bytes.p + bytes.n;
    m->bad = false;
}

static bool fail(struct proto *m)
{
    m->bad = true;
    return false;
}

static bool varint(struct proto *m, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (m->p == m->end)
            return fail(m);
        unsigned char b = (unsigned char)*m->p++;
        if (shift == 63 && b > 1)
            return fail(m);
        *v |= (uint64_t)(b & 0x7F) << shift;
        if (b < 0x80)
            return true;
    }
    return fail(m);
}

static bool fixed(struct proto *m, unsigned n, uint64_t *v)
{
    if ((size_t)(m->end - m->p) < n)
        return fail(m);
    *v = 0;
    for (unsigned i = 0; i < n; i++)
        *v |= (uint64_t)(unsigned char)m->p[i] << (8 * i);
    m->p += n;
    return true;
}

bool proto_next(struct proto *m, struct proto_field *f)
{
    uint64_t key;
    if (m->bad || m->p == m->end || !varint(m, &key))
        return false;
    if (key >> 3 == 0 || key >> 3 > 536870911)
        return fail(m);
    *f = (struct proto_field){.number = (uint32_t)(key >> 3), .wire = (enum proto_wire)(key & 7)};
    switch (key & 7) {
    case PROTO_VARINT:
        return varint(m, &f->value);
    case PROTO_64:
        return fixed(m, 8, &f->value);
    case PROTO_32:
        return fixed(m, 4, &f->value);
    case PROTO_BYTES:
        if (!varint(m, &f->value))
            return false;
        if (f->value > (uint64_t)(m->end - m->p))
            return fail(m);
        f->bytes = (struct str){m->p, (size_t)f->value};
        m->p += f->value;
        return true;
    default:
        return fail(m);
    }
}

float proto_float(const struct proto_field *f)
{
    uint32_t bits = (uint32_t)f->value;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
