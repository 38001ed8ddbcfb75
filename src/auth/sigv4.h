/* sigv4.h - AWS Signature Version 4 (AWS4-HMAC-SHA256): what makes a request somebody's. No I/O, no clock.
 *
 * The request is written in one canonical way, hashed, and the hash is signed with a key that is derived from the
 * secret for one day, region and service. What is signed are the method, the path, the query, Host and all other
 * headers but those that something on the way may rewrite (sigv4_signs), and the body's hash.
 * - Path: as it travels, without "." and ".." and repeated slashes, and encoded once more ("%3A" is signed as "%253A").
 *   The names of S3 are taken as they are and signed encoded once.
 * - Query: each name and value decoded, encoded the strict way and sorted; "+" is a space.
 * - Headers: names in lower case, values trimmed, runs of blanks as one; several of a name joined by commas.
 *
 * Cost: about 6 us per signature with a common head, plus the body's hash (about 1 us per KiB); the key is derived once
 * a day. No allocation after warm-up. A struct sigv4 belongs to one thread. Source: "AWS Signature Version 4 for API
 * requests" in the IAM User Guide; the canonical forms agree with botocore's, which tests/interop holds them against.
 */
#ifndef WEIR_AUTH_SIGV4_H
#define WEIR_AUTH_SIGV4_H

#include "base/buf.h"
#include "base/file.h"

struct sigv4;

enum { SIGV4_MAX_HEADERS = 128, SIGV4_NAME_MAX = 64 };

struct sigv4_header {
    struct str name, value;
};

struct sigv4_request { /* borrows */
    struct str method;
    struct str target;                  /* path and query as they travel; "" is "/" */
    const struct sigv4_header *headers; /* with Host; those that sigv4_signs refuses are passed over */
    size_t n_headers;                   /* at most SIGV4_MAX_HEADERS */
    const char *payload;                /* the body's SHA-256 in hexadecimal, or "UNSIGNED-PAYLOAD" */
};

struct sigv4_key { /* borrows */
    struct str access_key, secret;
    struct str token; /* of temporary credentials; empty: none */
};

/* Names of a region or service: letters, digits, '-', '_' and '.'; at most SIGV4_NAME_MAX. */
bool sigv4_name_valid(struct str name);

/* content_sha256: also send and sign X-Amz-Content-Sha256, as S3 and some other services want it. */
struct sigv4 *sigv4_new(struct str region, struct str service, bool content_sha256);
void sigv4_free(struct sigv4 **s);

/* Append the lines X-Amz-Date, X-Amz-Security-Token (with a token), X-Amz-Content-Sha256 (when asked for) and
 * Authorization, each with CRLF. -1: too many headers, or more than 1,024 parameters; nothing is appended. */
int sigv4_sign(struct sigv4 *s, const struct sigv4_request *q, const struct sigv4_key *k, int64_t unix_s,
               struct buf *out);

/* Append the target of a request that is signed in its query instead, for `expires` seconds; no header but those of q
 * are to be sent. -1 as above. */
int sigv4_presign(struct sigv4 *s, const struct sigv4_request *q, const struct sigv4_key *k, int64_t unix_s,
                  uint32_t expires, struct buf *out);

/* What was signed last, for messages and tests. They hold the session token. */
struct str sigv4_canonical(const struct sigv4 *s);
struct str sigv4_to_sign(const struct sigv4 *s);

/* The SHA-256 of a body in pieces, in the memory of s. */
struct iovec;
void sigv4_payload(struct sigv4 *s, const struct iovec *v, int n, char out[65]);

/* "METHOD TARGET HTTP/1.1" and header lines, as they go to a server or to a proxy ("http://host/path"), into q, whose
 * headers are in `room`. -1: not of this form, or more than SIGV4_MAX_HEADERS lines. */
int sigv4_read_head(struct sigv4_request *q, struct sigv4_header room[SIGV4_MAX_HEADERS], struct str head);

/* Whether a header of this name is signed. */
bool sigv4_signs(struct str name);

/* Headers that the signature itself sets: authorization, x-amz-date, x-amz-security-token, x-amz-content-sha256. */
bool sigv4_own_header(struct str name);

#endif
