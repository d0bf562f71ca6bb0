/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things lie in the guest's physical memory.
 */
#ifndef TESTVMM_LAYOUT_H
#define TESTVMM_LAYOUT_H

#define LAYOUT_START_INFO   0x1000
#define LAYOUT_CMDLINE	    0x2000
#define LAYOUT_CMDLINE_SIZE 0x1000
#define LAYOUT_LOW_END	    0x9fc00 /* conventional memory */
#define LAYOUT_ACPI	    0xe0000 /* reserved, like firmware */
#define LAYOUT_ACPI_SIZE    0x10000
#define LAYOUT_HIGH	    0x100000
#define LAYOUT_SHARED	    0x100000000 /* shared.c */

#endif /* TESTVMM_LAYOUT_H */
