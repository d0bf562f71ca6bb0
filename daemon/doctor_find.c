// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor_find.h"

void finder_found(struct finder *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->row.found, sizeof(f->row.found), fmt, ap);
	va_end(ap);
}

void finder_row(struct finder *f, const char *what, enum doctor_state state,
		const char *fmt, ...)
{
	va_list ap;

	f->row.what = what;
	f->row.state = state;
	va_start(ap, fmt);
	vsnprintf(f->row.todo, sizeof(f->row.todo), fmt, ap);
	va_end(ap);
	f->fn(&f->row, f->arg);
	memset(&f->row, 0, sizeof(f->row));
}

static bool full_path(const struct doctor_host *host, const char *path,
		      char full[PATH_MAX])
{
	return snprintf(full, PATH_MAX, "%s%s", host->root, path) < PATH_MAX;
}

int find_open(const struct doctor_host *host, const char *path)
{
	char full[PATH_MAX];

	if (!full_path(host, path, full))
		return -1;
	return open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool find_file(const struct doctor_host *host, const char *path)
{
	char full[PATH_MAX];

	return full_path(host, path, full) && !access(full, F_OK);
}

static FILE *open_stream(const struct doctor_host *host, const char *path)
{
	char full[PATH_MAX];

	return full_path(host, path, full) ? fopen(full, "re") : NULL;
}

bool find_line(const struct doctor_host *host, const char *path, char *line,
	       size_t size)
{
	FILE *file = open_stream(host, path);
	bool ok;

	if (!file)
		return false;
	ok = fgets(line, size, file);
	fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static bool has_word(const char *text, const char *word)
{
	const size_t len = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word))) {
		if ((at == text || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' ' || at[len] == '\n'))
			return true;
		at += len;
	}
	return false;
}

static bool line_has(const char *line, const char *key, const char *word)
{
	const char *colon = strchr(line, ':');
	const size_t len = strlen(key);

	/* Tabs stand between a key and its colon. */
	if (!colon || strncmp(line, key, len) ||
	    strspn(line + len, " \t") != (size_t)(colon - line) - len)
		return false;
	return !word || has_word(colon + 1, word);
}

bool find_word(const struct doctor_host *host, const char *path,
	       const char *key, const char *word)
{
	FILE *file = open_stream(host, path);
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return false;
	while (!found && getline(&line, &size, file) >= 0)
		found = line_has(line, key, word);
	free(line);
	fclose(file);
	return found;
}

unsigned int find_lines(const struct doctor_host *host, const char *path,
			const char *const *word, unsigned int n)
{
	const unsigned int all = (1u << n) - 1;
	FILE *file = open_stream(host, path);
	unsigned int i, found = 0;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return 0;
	while (found != all && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n ")] = '\0';
		for (i = 0; i < n; i++)
			found |= !strcmp(line, word[i]) ? 1u << i : 0;
	}
	free(line);
	fclose(file);
	return found;
}
