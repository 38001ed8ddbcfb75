/* hserver_request.h - receives one request for hserver: parser, head and body, pooled. Private to hserver*.c. */
#ifndef WEIR_HTTP_HSERVER_REQUEST_H
#define WEIR_HTTP_HSERVER_REQUEST_H

#include "http/hserver.h"

struct hs_pool;
struct hs_reader;

enum hs_read_rc { HS_READ_MORE, HS_READ_DONE, HS_READ_REFUSE };

struct hs_pool *hs_pool_new(size_t max_body);
void hs_pool_free(struct hs_pool **p);
struct hs_reader *hs_pool_get(struct hs_pool *p, const struct rx *rx); /* rx: of the request's first byte */
void hs_pool_put(struct hs_pool *p, struct hs_reader **r);             /* *r may be NULL */

/* *used bytes were consumed. HS_READ_REFUSE: *status and *why say how to answer; the connection is past use. */
enum hs_read_rc hs_reader_feed(struct hs_reader *r, const char *p, size_t n, size_t *used, int *status,
                               const char **why);
bool hs_reader_wants_continue(struct hs_reader *r);                /* once, when "100 Continue" is to be sent */
void hs_reader_request(struct hs_reader *r, struct hs_request *q); /* views into r */

/* The same for what has been parsed already (HTTP/2): fields, ":method" and the like first, and pieces of the body.
 * hs_reader_field and hs_reader_body say 0, or the status to refuse the request with. */
int hs_reader_field(struct hs_reader *r, struct str name, struct str value, const char **why);
int hs_reader_body(struct hs_reader *r, struct str piece, const char **why);
bool hs_reader_expects(const struct hs_reader *r); /* the client waits for "100 Continue" */
size_t hs_reader_body_n(const struct hs_reader *r);

#endif
