// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elisa/manager.h>

#include "image.h"
#ifdef ELISA_VERIFY
#include "verify.h"
#endif

/* An image has at most 2 MiB; debug information may make the file larger. */
#define FILE_MAX (16L << 20)

_Static_assert(ELISA_IMAGE_ERR_SIZE == SUBIMAGE_ERR_SIZE, "message sizes");

/*
 * The module's verifier, where the build links it in (make VERIFY=): bad code
 * is then reported here, with its place.  Without it the module alone refuses.
 */
static const char *forbidden(const uint8_t *code, size_t len, size_t *offset)
{
#ifdef ELISA_VERIFY
	enum elisa_verdict verdict = elisa_verify_code(code, len, offset);

	if (verdict != ELISA_CODE_OK)
		return elisa_verdict_text(verdict);
#else
	(void)code;
	(void)len;
	(void)offset;
#endif
	return NULL;
}

int elisa_image_load_memory(struct elisa_image **image, const void *elf,
			    size_t size, char *err, size_t err_size)
{
	char text[SUBIMAGE_ERR_SIZE];
	struct elisa_image *img;
	int rc;

	text[0] = '\0';
	img = calloc(1, sizeof(*img));
	if (!img) {
		rc = -ENOMEM;
		goto out;
	}
	rc = subimage_parse(&img->sub, elf, size, text, sizeof(text));
	if (!rc)
		rc = subimage_verify(&img->sub, forbidden, text, sizeof(text));
	if (rc)
		elisa_image_free(img);
	else
		*image = img;
out:
	if (rc && !text[0])
		snprintf(text, sizeof(text), "%s", strerror(-rc));
	if (err && err_size)
		snprintf(err, err_size, "%s", text);
	return rc;
}

static int read_fd(int fd, char **bytes, size_t *size)
{
	struct stat st;
	size_t done = 0;
	char *buf;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > FILE_MAX)
		return -EFBIG;
	buf = malloc((size_t)st.st_size + 1);
	if (!buf)
		return -ENOMEM;
	/* A file that shrinks meanwhile gives a shorter, refused image. */
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, buf + done, (size_t)st.st_size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int rc = -errno;

			free(buf);
			return rc;
		}
		if (!n)
			break;
		done += (size_t)n;
	}
	*bytes = buf;
	*size = done;
	return 0;
}

int elisa_image_load(struct elisa_image **image, const char *path, char *err,
		     size_t err_size)
{
	char *bytes = NULL;
	size_t size = 0;
	int fd, rc, cancel;

	/* These are cancellation points, and would leak. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	/* A FIFO is to be refused, not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		rc = -errno;
	} else {
		rc = read_fd(fd, &bytes, &size);
		close(fd);
	}
	pthread_setcancelstate(cancel, NULL);
	if (rc) {
		if (err && err_size)
			snprintf(err, err_size, "%s", strerror(-rc));
		return rc;
	}
	rc = elisa_image_load_memory(image, bytes, size, err, err_size);
	free(bytes);
	return rc;
}

void elisa_image_free(struct elisa_image *image)
{
	if (!image)
		return;
	subimage_release(&image->sub);
	free(image);
}

unsigned int elisa_image_entries(const struct elisa_image *image)
{
	return image->sub.n_entries;
}

const char *elisa_image_entry_name(const struct elisa_image *image,
				   unsigned int n)
{
	if (n >= image->sub.n_entries)
		return NULL;
	return image->sub.entries[n].name;
}
