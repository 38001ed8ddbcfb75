#include "sim/sim_evs.h"

#include "base/base64.h"
#include "base/rng.h"

uint32_t sim_evs_crc(struct str s)
{
    static const uint32_t nibbles[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = ~0U;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (unsigned char)s.p[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

static void add_u16(struct buf *b, size_t v)
{
    buf_addc(b, (char)(v >> 8));
    buf_addc(b, (char)v);
}

static void add_u32(struct buf *b, size_t v)
{
    add_u16(b, v >> 16);
    add_u16(b, v & 0xFFFF);
}

void sim_evs_frame(struct buf *out, const struct sim_evs_head *heads, size_t n, struct str payload)
{
    size_t at = out->n, heads_n = 0;
    for (size_t i = 0; i < n; i++)
        heads_n += 1 + strlen(heads[i].name) + 1 + 2 + heads[i].value.n;
    add_u32(out, 12 + heads_n + payload.n + 4);
    add_u32(out, heads_n);
    add_u32(out, sim_evs_crc(str_sub(buf_str(out), at, out->n)));
    for (size_t i = 0; i < n; i++) {
        buf_addc(out, (char)strlen(heads[i].name));
        buf_addz(out, heads[i].name);
        buf_addc(out, 7);
        add_u16(out, heads[i].value.n);
        buf_adds(out, heads[i].value);
    }
    buf_adds(out, payload);
    add_u32(out, sim_evs_crc(str_sub(buf_str(out), at, out->n)));
}

static void add_event(struct buf *out, struct str type, struct str content_type, struct str payload)
{
    const struct sim_evs_head heads[] = {
        {":event-type", type}, {":content-type", content_type}, {":message-type", STR("event")}};
    sim_evs_frame(out, heads, ARRAY_LEN(heads), payload);
}

static void add_part(struct buf *out, struct str bytes)
{
    if (bytes.n > 0)
        add_event(out, STR("PayloadPart"), STR("application/octet-stream"), bytes);
}

static void add_parts(struct buf *out, struct str piece, unsigned slices, uint64_t salt)
{
    for (size_t left = MIN((size_t)slices, piece.n); left > 1; left--) { /* each one a byte at least */
        size_t n = 1 + (size_t)(rng_mix(salt + left) % (piece.n - left + 1));
        add_part(out, str_sub(piece, 0, n));
        piece = str_sub(piece, n, piece.n);
    }
    add_part(out, piece);
}

/* The padding "p" that Bedrock puts beside the bytes, so that lengths tell nothing of the text. */
static void add_chunk(struct buf *out, struct str data)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    struct buf b = BUF_INIT(1U << 30);
    buf_addz(&b, "{\"bytes\":\"");
    base64_add(&b, data.p, data.n);
    buf_addz(&b, "\",\"p\":\"");
    buf_add(&b, letters, rng_mix(data.n) % (sizeof(letters) - 1));
    buf_addz(&b, "\"}");
    add_event(out, STR("chunk"), STR("application/json"), buf_str(&b));
    buf_free(&b);
}

/* "event: NAME", "data: TEXT" and an empty line, one line of data each; comments are nothing. */
static void add_events(struct buf *out, enum sim_evs how, struct str piece)
{
    struct str_split it = {.rest = piece, .sep = '\n'};
    struct str line, type = STR("");
    while (str_next(&it, &line)) {
        if (str_starts(line, STR("event: ")))
            type = str_sub(line, 7, line.n);
        if (!str_starts(line, STR("data: ")))
            continue;
        struct str data = str_sub(line, 6, line.n);
        if (how == SIM_EVS_CHUNKS)
            add_chunk(out, data);
        else
            add_event(out, type, STR("application/json"), data);
    }
}

void sim_evs_wrap(struct buf *out, enum sim_evs how, struct str piece, unsigned slices, uint64_t salt)
{
    if (how == SIM_EVS_PARTS)
        add_parts(out, piece, slices, salt);
    else
        add_events(out, how, piece);
}

#define WHY "The simulated engine failed."

void sim_evs_fail(struct buf *out, enum sim_evs how, bool error)
{
    if (error) {
        const struct sim_evs_head heads[] = {
            {":error-code", STR("InternalError")}, {":error-message", STR(WHY)}, {":message-type", STR("error")}};
        sim_evs_frame(out, heads, ARRAY_LEN(heads), STR(""));
        return;
    }
    bool sagemaker = how == SIM_EVS_PARTS;
    const struct sim_evs_head heads[] = {
        {":exception-type", sagemaker ? STR("ModelStreamError") : STR("modelStreamErrorException")},
        {":content-type", STR("application/json")},
        {":message-type", STR("exception")},
    };
    sim_evs_frame(out, heads, ARRAY_LEN(heads),
                  sagemaker
                      ? STR("{\"Message\":\"" WHY "\",\"ErrorCode\":\"StreamBroken\"}")
                      : STR("{\"message\":\"" WHY "\",\"originalStatusCode\":500,\"originalMessage\":\"" WHY "\"}"));
}

void sim_evs_spoil(struct buf *out)
{
    if (out->n > 0)
        out->p[out->n - 1] = (char)(out->p[out->n - 1] ^ 1);
}

const char *sim_evs_error_type(int status)
{
    switch (status) {
    case 400:
    case 413:
        return "ValidationException";
    case 401:
    case 403:
        return "AccessDeniedException";
    case 404:
        return "ResourceNotFoundException";
    case 408:
    case 504:
        return "ModelTimeoutException";
    case 424:
        return "ModelErrorException";
    case 429:
        return "ThrottlingException";
    case 503:
        return "ServiceUnavailableException";
    default:
        return status >= 500 ? "InternalServerException" : "ValidationException";
    }
}
