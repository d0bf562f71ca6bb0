/* SPDX-License-Identifier: GPL-2.0-only */
/* A loop of RDI rounds that touches nothing else, for attack_costs.c. */
#include "blob.h"

BLOB_BEGIN count
1:	dec	%rdi
	jnz	1b
	xor	%eax, %eax
	ret
BLOB_END count

	.section .note.GNU-stack, "", @progbits
