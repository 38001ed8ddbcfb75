#include "load/dsx_anon.h"

#include "base/jout.h"
#include "base/jscan.h"
#include "load/dsx_shapes.h"

static const char *const KIND[ANON_KINDS][2] = {
    [ANON_EMAIL] = {"e-mail address", "e-mail addresses"},
    [ANON_PHONE] = {"telephone number", "telephone numbers"},
    [ANON_IBAN] = {"IBAN", "IBANs"},
    [ANON_CARD] = {"card number", "card numbers"},
    [ANON_IP] = {"IP address", "IP addresses"},
    [ANON_URL] = {"secret in a URL", "secrets in URLs"},
    [ANON_KEY] = {"key or token", "keys and tokens"},
    [ANON_NAME] = {"name", "names"},
};

const char *anon_kind_name(enum anon_kind k, bool many)
{
    return KIND[k][many];
}

/* How a shape is found and replaced, in the order of trying: what is longer or surer first. */
static const struct {
    enum anon_kind kind;
    size_t (*find)(struct str rest, bool *known);
    void (*replace)(uint64_t seed, struct str found, struct buf *out);
} SHAPES[] = {
    {ANON_KEY, shape_key, put_key},    {ANON_EMAIL, shape_email, put_email}, {ANON_IBAN, shape_iban, put_iban},
    {ANON_CARD, shape_card, put_card}, {ANON_PHONE, shape_phone, put_phone}, {ANON_IP, shape_ipv6, put_ipv6},
    {ANON_IP, shape_ipv4, put_ipv4},
};

static void scan(struct anon *a, struct str text, bool in_url, struct buf *out);

static bool in_word(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

/* The parts of a URL: its secrets go, the rest is looked at like any other text. */
static void put_url(struct anon *a, struct str url, struct buf *out)
{
    struct url_parts p = url_split(url);
    buf_adds(out, p.scheme);
    if (p.user.n > 0) {
        a->count[ANON_URL]++;
        put_scrambled(a->seed, p.user, 0, out);
        buf_addc(out, '@');
    }
    scan(a, p.host_and_path, true, out);
    struct str rest = p.query;
    while (rest.n > 0) {
        struct str name, value;
        bool secret = url_next_value(&rest, &name, &value);
        buf_adds(out, name);
        if (secret && value.n > 0) {
            a->count[ANON_URL]++;
            put_scrambled(a->seed, value, 0, out);
        } else {
            scan(a, value, true, out);
        }
    }
}

/* The separator in front where a digit stands before that: what begins here is the rest of a number that was no shape.
 */
static char within_number(struct str text, size_t i)
{
    bool digits = i > 1 && text.p[i - 2] >= '0' && text.p[i - 2] <= '9' && strchr(" .-/", text.p[i - 1]);
    return digits && text.p[i] != '+' ? text.p[i - 1] : 0;
}

/* What begins at `rest` and is replaced: its length, 0 for nothing. */
static size_t try_shapes(struct anon *a, struct str rest, char within, bool in_url, struct buf *out)
{
    size_t n = in_url ? 0 : shape_url(rest);
    if (n > 0) {
        put_url(a, str_sub(rest, 0, n), out);
        return n;
    }
    for (size_t i = 0; i < ARRAY_LEN(SHAPES); i++) {
        bool known = false; /* reserved for examples: left as it is */
        if (within && (SHAPES[i].kind == ANON_PHONE || SHAPES[i].kind == ANON_CARD ||
                       (SHAPES[i].kind == ANON_IP && within == '.')))
            continue;
        n = SHAPES[i].find(rest, &known);
        if (n == 0)
            continue;
        struct str found = str_sub(rest, 0, n);
        if (known) {
            buf_adds(out, found);
        } else {
            a->count[SHAPES[i].kind]++;
            SHAPES[i].replace(a->seed, found, out);
        }
        return n;
    }
    return 0;
}

/* "Mr. Smith", "my name is Ada Lovelace": the salutation stays. */
static size_t try_name(struct anon *a, struct str rest, struct buf *out)
{
    size_t lead = shape_salutation(rest), at = lead;
    if (lead == 0)
        return 0;
    for (int words = 0; words < 2; words++) {
        size_t n = shape_name(str_sub(rest, at, rest.n), words > 0);
        if (n == 0)
            break;
        if (words == 0) {
            buf_adds(out, str_sub(rest, 0, lead));
            a->count[ANON_NAME]++;
        } else {
            buf_addc(out, ' ');
        }
        put_name(a->seed, str_sub(rest, at + (words > 0), n - (words > 0)), out);
        at += n;
    }
    return at > lead ? at : 0;
}

/* Within a URL no other is looked for: so this does not go deeper than twice. */
static void scan(struct anon *a, struct str text, bool in_url, struct buf *out)
{
    size_t i = 0;
    bool before = false; /* the byte before belongs to a word */
    while (i < text.n) {
        unsigned char c = (unsigned char)text.p[i];
        if (!before && (in_word(c) || c == '+' || c == '(' || c == ':' || c == '-')) {
            struct str rest = str_sub(text, i, text.n);
            size_t n = try_shapes(a, rest, within_number(text, i), in_url, out);
            if (n == 0)
                n = try_name(a, rest, out);
            if (n > 0) {
                i += n;
                before = in_word((unsigned char)text.p[i - 1]);
                continue;
            }
        }
        size_t from = i++;
        /* The rest of a word can begin nothing: taken as a whole. */
        while (in_word(c) && i < text.n && in_word((unsigned char)text.p[i]))
            i++;
        buf_adds(out, str_sub(text, from, i - from));
        before = in_word(c);
    }
}

void anon_text(struct anon *a, struct str text, struct buf *out)
{
    scan(a, text, false, out);
}

void anon_escaped(struct anon *a, struct str raw, struct buf *scratch, struct buf *out)
{
    struct buf plain = BUF_INIT(SIZE_MAX / 4);
    char *room = buf_room(&plain, raw.n + 1);
    size_t n = js_decode(raw, room);
    buf_clear(scratch);
    anon_text(a, (struct str){room, n}, scratch);
    json_escape(out, buf_str(scratch));
    buf_free(&plain);
}

/* The end of the string whose quote stands at `at`: the index of its closing quote. */
static size_t string_end(struct str json, size_t at)
{
    size_t i = at + 1;
    while (i < json.n && json.p[i] != '"')
        i += json.p[i] == '\\' ? 2 : 1;
    return MIN(i, json.n);
}

void anon_json(struct anon *a, struct str json, struct buf *scratch, struct buf *out)
{
    for (size_t i = 0; i < json.n;) {
        if (json.p[i] != '"') {
            size_t from = i;
            while (i < json.n && json.p[i] != '"')
                i++;
            buf_adds(out, str_sub(json, from, i - from));
            continue;
        }
        size_t end = string_end(json, i), next = end + 1;
        struct str raw = str_sub(json, i + 1, end - i - 1);
        while (next < json.n && strchr(" \t\r\n", json.p[next]))
            next++;
        bool name = next < json.n && json.p[next] == ':';
        buf_addc(out, '"');
        if (name || str_starts(raw, STR("data:")))
            buf_adds(out, raw);
        else
            anon_escaped(a, raw, scratch, out);
        buf_addc(out, '"');
        i = end + 1;
    }
}
