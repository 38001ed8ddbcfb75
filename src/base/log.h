/* log.h - messages for people, on stderr. The level and the live line (guarded by a mutex) are the only
 * mutable globals of the program.
 * Never give it a secret: it prints what it is given (control
 * characters but newline and tab as '?', at most 4 KiB). Thread-safe (one write per message). */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_ERROR = 0, LOG_WARN = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

void log_set_level(enum log_level l); /* default LOG_INFO; --quiet gives LOG_ERROR */
enum log_level log_level(void);
/* Prefixes "weir: error: ", "weir: warning: ", "weir: " and "weir: debug: "; a newline is added. When a live line
 * stands on the terminal (log_live_line), it is erased first. */
void log_error(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_warn(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_info(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_debug(const char *fmt, ...) ATTR_PRINTF(1, 2);

/* One line that stays at the bottom of the terminal: replaces the one before; messages go above it. NULL erases it.
 * Only for a stderr that is a terminal, and only as wide as it (at most 1023 bytes). Colours may be in it. */
void log_live_line(const char *text);

#endif
