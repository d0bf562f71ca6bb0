/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of functions that are not exported. */
#ifndef ELISA_SYMBOLS_H
#define ELISA_SYMBOLS_H

unsigned long elisa_symbol(const char *name);
int elisa_symbol_check(const char *name);
void elisa_symbol_refused(const char *name, int err);

#endif /* ELISA_SYMBOLS_H */
