/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* An attachment as the library itself sees it. */
#ifndef ELISA_ATTACHMENT_H
#define ELISA_ATTACHMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "window.h"

struct elisa_attachment {
	uint64_t token;
	uint64_t window;
	unsigned int rights;
	enum elisa_window_kind kind;
	pid_t owner;
	void *xbuf; /* the caller's; NULL: none */
	size_t xbuf_size;
	uint64_t interrupted; /* counted by the AEP stub */
};

#endif /* ELISA_ATTACHMENT_H */
