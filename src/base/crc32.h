/* crc32.h - the CRC-32 of ISO 3309, gzip and AWS's event stream (by zlib). Pure; about 1 GB/s. */
#ifndef WEIR_BASE_CRC32_H
#define WEIR_BASE_CRC32_H

#include "base/attr.h"

uint32_t crc32_of(const void *p, size_t n);

#endif
