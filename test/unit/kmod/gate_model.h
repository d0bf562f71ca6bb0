/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of everything a guest can make a gate page do.
 */
#ifndef ELISA_TEST_GATE_MODEL_H
#define ELISA_TEST_GATE_MODEL_H

#include "x86.h"

/* Offsets of the entry half's parts. */
#define GATE_EPTP     0x0f /* the EPTP, 4 bytes */
#define GATE_EPTP_END 0x13

/* Behind the entry half of the full variant. */
#define GATE_FULL_END (GATE_EPTP_END + 5)

/**
 * struct gate_finding - what is wrong with a page
 * @offset: where
 * @what: why
 * @text: the instruction there
 */
struct gate_finding {
	unsigned int offset;
	const char *what;
	char text[X86_TEXT];
};

bool gate_model_check(const u8 page[4096], u32 eptp,
		      struct gate_finding *finding);
bool gate_model_check_full(const u8 page[4096], unsigned int size, u32 eptp,
			   struct gate_finding *finding);

#endif /* ELISA_TEST_GATE_MODEL_H */
