// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "tar.h"

#define BLOCK 512

struct header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char user[32], group[32];
	char major[8], minor[8];
	char prefix[155];
	char pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* Octal digits that fill a field up to its closing zero. */
static void octal(char *field, size_t size, unsigned long long value)
{
	field[--size] = '\0';
	while (size) {
		field[--size] = '0' + (value & 7);
		value >>= 3;
	}
}

int tar_file(FILE *to, const char *name, const void *data, size_t size,
	     time_t mtime)
{
	static const char zeros[BLOCK];
	size_t rest = -size % BLOCK, i;
	unsigned int sum = 0;
	struct header h = {
		.type = '0',
		.magic = "ustar",
		.version = { '0', '0' },
		.user = "root",
		.group = "root",
	};

	/* 8 GiB and more do not fit into the field. */
	if (strlen(name) >= sizeof(h.name) || size >> 33)
		return -EINVAL;
	strcpy(h.name, name);
	octal(h.mode, sizeof(h.mode), 0644);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), size);
	octal(h.mtime, sizeof(h.mtime), mtime);
	/* As if its own field were blank */
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (i = 0; i < sizeof(h); i++)
		sum += ((unsigned char *)&h)[i];
	octal(h.checksum, sizeof(h.checksum) - 1, sum);

	if (fwrite(&h, sizeof(h), 1, to) != 1 ||
	    fwrite(data, 1, size, to) != size ||
	    fwrite(zeros, 1, rest, to) != rest)
		return -EIO;
	return 0;
}

int tar_end(FILE *to)
{
	static const char zeros[2 * BLOCK];

	return fwrite(zeros, sizeof(zeros), 1, to) == 1 && !fflush(to) ? 0 :
									 -EIO;
}
