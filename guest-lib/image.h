/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* A sub image as the library itself sees it. */
#ifndef ELISA_IMAGE_H
#define ELISA_IMAGE_H

#include "subimage.h"

struct elisa_image {
	struct subimage sub;
};

#endif /* ELISA_IMAGE_H */
