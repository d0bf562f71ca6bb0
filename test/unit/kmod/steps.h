/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts the basic blocks that an object compiled with
 * -fsanitize-coverage=trace-pc executes.
 */
#ifndef ELISA_TEST_STEPS_H
#define ELISA_TEST_STEPS_H

extern unsigned long steps;

/* Called by instrumented code. */
void __sanitizer_cov_trace_pc(void);

#endif /* ELISA_TEST_STEPS_H */
