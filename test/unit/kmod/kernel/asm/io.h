/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEST_IO_H
#define TEST_IO_H

/* Physical addresses are those of this process. */
#define phys_to_virt(pa) ((void *)(uintptr_t)(pa))

#endif /* TEST_IO_H */
