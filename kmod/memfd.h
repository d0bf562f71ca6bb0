/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a process of the host shares, by a memfd. */
#ifndef ELISA_MEMFD_H
#define ELISA_MEMFD_H

#include <linux/types.h>

struct elisa_pins;
struct file;

int elisa_memfd_pin(struct elisa_pins *pins, struct file *file, u32 n_pages,
		    const char **why);

#endif /* ELISA_MEMFD_H */
