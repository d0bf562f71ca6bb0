/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the CPU uses as page tables, EPT tables or code.
 */
#ifndef ELISA_TABLE_H
#define ELISA_TABLE_H

#include "ept.h"

int elisa_table_alloc(struct elisa_table *table);
int elisa_table_alloc_root(struct elisa_table *table, bool is_full);
void elisa_table_free(struct elisa_table *table);

int elisa_ept_alloc(struct elisa_ept *ept);
int elisa_ept_alloc_sub(struct elisa_ept *ept, bool is_full);
void elisa_ept_free(struct elisa_ept *ept);
int elisa_alias_alloc(struct elisa_ept_alias *alias);
void elisa_alias_free(struct elisa_ept_alias *alias);

#endif /* ELISA_TABLE_H */
