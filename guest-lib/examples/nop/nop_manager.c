// SPDX-License-Identifier: MIT
/* The shortest manager: exports an image without shared data. */
#include <stdio.h>
#include <string.h>

#include <elisa/manager.h>

int main(int argc, char **argv)
{
	char why[ELISA_IMAGE_ERR_SIZE];
	struct elisa_image *image;
	struct elisa_export *exp;
	int err;

	err = elisa_image_load(&image, argc > 1 ? argv[1] : "nop.sub", why,
			       sizeof(why));
	if (err) {
		fprintf(stderr, "nop_manager: %s\n", why);
		return 1;
	}
	err = elisa_export_create(&exp, "nop", image, NULL, 0);
	elisa_image_free(image);
	if (err) {
		fprintf(stderr, "nop_manager: %s\n", strerror(-err));
		return 1;
	}
	printf("READY nop: press enter to end\n");
	fflush(stdout);
	getchar();
	return elisa_export_destroy(exp) ? 1 : 0;
}
