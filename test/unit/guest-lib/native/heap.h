/* SPDX-License-Identifier: MIT */
/* What native/heap.c and test_heap.c share. */
#ifndef NATIVE_HEAP_H
#define NATIVE_HEAP_H

#define HEAP_SLOTS 64

/* The start of the shared data: offsets of blocks; then the heap's header. */
struct heap_slots {
	uint64_t slot[HEAP_SLOTS];
};

#endif /* NATIVE_HEAP_H */
