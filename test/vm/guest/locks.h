/* SPDX-License-Identifier: GPL-2.0-only */
/* What locks_sub.c and its callers have agreed upon. */
#ifndef LOCKS_H
#define LOCKS_H

/* How locks_hold ends. */
#define LOCKS_SPIN  0 /* when LOCKS_GO is set: unlocks */
#define LOCKS_FAULT 1 /* UD2 */
#define LOCKS_KEEP  2 /* returns, and keeps the lock */

/* Fields, for locks_get and locks_set. */
#define LOCKS_WORD    0
#define LOCKS_GO      2
#define LOCKS_HOLDERS 3
#define LOCKS_A	      4
#define LOCKS_B	      5
#define LOCKS_WRONG   6
#define LOCKS_DIED    7

#endif /* LOCKS_H */
