/* SPDX-License-Identifier: GPL-2.0-only */
/* Do hooks work on this kernel?  Tried on a function of the module's own. */
#ifndef ELISA_HOOK_TEST_H
#define ELISA_HOOK_TEST_H

int elisa_hook_test(void);

#endif /* ELISA_HOOK_TEST_H */
