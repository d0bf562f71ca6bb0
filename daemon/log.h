/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to standard error, for a person or for the journal. */
#ifndef ELISACTL_LOG_H
#define ELISACTL_LOG_H

#include "compiler.h"

/* syslog's levels */
enum log_level {
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Prefix levels when standard error is the journal; drop less than MAX. */
void log_init(enum log_level max);

void log_msg(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_err(...)	log_msg(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...)	log_msg(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_msg(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	log_msg(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	log_msg(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Replace what is not printable ASCII, so that nobody forges a line. */
void log_sanitize(char *text);

/* "elisactl: ..." and a newline on standard error, for one-shot commands. */
void complain(const char *fmt, ...) __printf(1, 2);

/* The same without "elisactl: ". */
void complain_plain(const char *text);

#endif /* ELISACTL_LOG_H */
