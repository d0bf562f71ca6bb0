/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's own headers would give us. */
#ifndef ELISACTL_COMPILER_H
#define ELISACTL_COMPILER_H

#define __attr(attr) __attribute__((attr))

#ifndef __printf
#define __printf(fmt, args) __attr(format(printf, fmt, args))
#endif

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif /* ELISACTL_COMPILER_H */
