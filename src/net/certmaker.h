/* certmaker.h - makes a self-signed certificate for a server of this machine: P-256, for localhost, 127.0.0.1 and ::1,
 * valid from yesterday for 30 days. Cold. For tests and the simulator, not for the open network. */
#ifndef WEIR_NET_CERTMAKER_H
#define WEIR_NET_CERTMAKER_H

#include <openssl/types.h>

#include "base/err.h"

/* 0 and two objects that the caller frees, or -1. */
int cert_make(EVP_PKEY **key, X509 **cert, struct err *e);
int cert_write_pem(const X509 *cert, const char *path, struct err *e);

#endif
