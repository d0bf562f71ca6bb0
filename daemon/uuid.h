/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISACTL_UUID_H
#define ELISACTL_UUID_H

#include <stdbool.h>
#include <linux/types.h>

#define UUID_SIZE      16
#define UUID_TEXT_SIZE 37 /* with the terminating zero */

/* Parse 8-4-4-4-12 hexadecimal digits, in either case, and nothing else. */
bool uuid_parse(const char *text, __u8 uuid[UUID_SIZE]);
void uuid_format(const __u8 uuid[UUID_SIZE], char text[UUID_TEXT_SIZE]);

#endif /* ELISACTL_UUID_H */
