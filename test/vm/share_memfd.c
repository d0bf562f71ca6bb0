// SPDX-License-Identifier: GPL-2.0-only
/*
 * share_memfd: a process whose memory is shared.
 *
 *	share_memfd KIB [huge]
 *
 * Makes a memfd of so many KiB, of huge pages or not, says "FD INODE", and then
 * does what it reads, line by line:
 *
 *	find TEXT		"yes" or "no": is it in the memory?
 *	replace TEXT NEW	overwrite it by what is as long; "done" or "no"
 *	shrink			ftruncate() to 0; "done", or its error
 *	punch			give all pages back; "done", or its error
 *
 * Ends with its input.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[256], word[64], text[64], new[64], *memory, *at;
	unsigned int flags = MFD_ALLOW_SEALING;
	struct stat st;
	size_t size;
	int fd, n;

	if (argc < 2)
		return 2;
	size = strtoul(argv[1], NULL, 10) * 1024;
	if (argc > 2)
		flags |= MFD_HUGETLB;
	fd = memfd_create("shared", flags);
	if (fd < 0 || ftruncate(fd, size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) || fstat(fd, &st))
		err(1, "memfd");
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	setlinebuf(stdout);
	printf("%d %llu\n", fd, (unsigned long long)st.st_ino);

	while (fgets(line, sizeof(line), stdin)) {
		n = sscanf(line, "%63s %63s %63s", word, text, new);
		at = n > 1 ? memmem(memory, size, text, strlen(text)) : NULL;
		if (n == 2 && !strcmp(word, "find")) {
			puts(at ? "yes" : "no");
		} else if (n == 3 && !strcmp(word, "replace") &&
			   strlen(text) == strlen(new)) {
			if (at)
				memcpy(at, new, strlen(new));
			puts(at ? "done" : "no");
		} else if (n == 1 && !strcmp(word, "shrink")) {
			puts(ftruncate(fd, 0) ? strerror(errno) : "done");
		} else if (n == 1 && !strcmp(word, "punch")) {
			n = fallocate(fd,
				      FALLOC_FL_PUNCH_HOLE |
					      FALLOC_FL_KEEP_SIZE,
				      0, size);
			puts(n ? strerror(errno) : "done");
		} else {
			errx(2, "what is '%s'?", line);
		}
	}
	return 0;
}
