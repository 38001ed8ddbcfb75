/* file.h - whole files, folders and their digests. Cold. Thread-safe. */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* A file's bytes, mapped where it is a regular file, read where it is a pipe ("-" is stdin). Ceiling for pipes: max. */
struct file_map {
    struct str text;
    bool mapped;
};
int file_open_map(struct file_map *m, const char *path, size_t max, struct err *e);
void file_close_map(struct file_map *m);

int file_read(struct buf *b, const char *path, struct err *e);    /* appends; the buf's ceiling holds */
int file_write(const char *path, struct str text, struct err *e); /* to PATH.tmp, fsync, rename: all or nothing */
int dir_make(const char *path, struct err *e);                    /* with parents; an existing folder is fine */
bool dir_is_empty(const char *path);                              /* also when it does not exist */
int fd_write_all(int fd, const void *p, size_t n);                /* 0 or -errno; restarts after EINTR */
/* Raises this process's soft limit of open files to the hard one, as far as it goes. The limit then; 0: not known. */
uint64_t files_raise_limit(void);

/* SHA-1 (FIPS 180-4) as 40 lower-case digits, for what others name by it; it proves nothing. */
void sha1_hex(struct str data, char out[41]);
/* SHA-256 (FIPS 180-4, by OpenSSL) as 64 lower-case hexadecimal digits. */
void sha256_hex(struct str data, char out[65]);
/* The same of pieces. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, struct str piece);
void sha256_end(struct sha256 **h, char out[65]);         /* frees; out may be NULL */
void sha256_raw(struct sha256 *h, unsigned char out[32]); /* of what was added; then h is empty and can be used again */
void digest_hex(const unsigned char digest[32], char out[65]);

/* HMAC-SHA-256 (RFC 2104). h: empty, for its memory, so that nothing is allocated; it is empty again. */
void hmac_sha256(struct sha256 *h, struct str key, struct str text, unsigned char out[32]);

#endif
