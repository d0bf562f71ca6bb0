// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The functions that are inline in C and C++, for languages that call the
 * library by the symbols it has.
 */
#define _ELISA_INLINE

/* Their definitions are their prototypes. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#include <elisa/batch.h>
#include <elisa/guest.h>
