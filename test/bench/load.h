/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several guests at work at the same time: each prints a line "load KEY=VALUE...".
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "build.h"
#include "work.h"

/**
 * struct load - a measurement
 * @op: its name, for the line
 * @guests: how many take part
 * @round: 0..1023; another one for each measurement, the same in all guests
 * @ticks: of the time stamp counter that it lasts
 */
struct load {
	const char *op;
	unsigned int guests, round;
	uint64_t ticks;
};

/**
 * load_run() - wait for the others, work until one of them says that it is over
 *
 * Return: 0, or -errno after a message.
 */
int load_run(struct work *w, const struct load *l);

#endif /* BENCH_LOAD_H */
