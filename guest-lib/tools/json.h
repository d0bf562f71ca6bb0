/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* JSON on standard output, as it comes: no library, nothing kept. */
#ifndef ELISA_JSON_H
#define ELISA_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* In lists KEY is NULL. */
void json_open(const char *key, char bracket);		/* '{' or '[' */
void json_close(char bracket);				/* '}' or ']' */
void json_text(const char *key, const char *ascii);
void json_number(const char *key, uint64_t value);
void json_bool(const char *key, bool value);

#endif /* ELISA_JSON_H */
