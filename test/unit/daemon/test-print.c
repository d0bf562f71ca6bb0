// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <unistd.h>

#include "print.h"

/* Run FN with standard output in a file; returns what it wrote. */
static char *capture(int (*fn)(bool json), bool json)
{
	static char buf[4096];
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t n;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	assert_int_equal(fn(json), 0);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	n = fread(buf, 1, sizeof(buf) - 1, file);
	buf[n] = '\0';
	fclose(file);
	return buf;
}

static void rows(struct print *print)
{
	print_row(print);
	print_uint(print, "id", 1);
	print_text(print, "name", "manager");
	print_hex(print, "window", 0x3e0000004000ULL);
	print_bool(print, "hooks", true);
}

static int table(bool json)
{
	struct print print;

	print_begin(&print, json);
	rows(&print);
	print_row(&print);
	print_uint(&print, "id", 1234);
	/* Of a hostile guest: no line of its own, no escape sequences */
	print_text(&print, "name", "a\nb\x1b[1m\xff");
	print_none(&print, "window");
	print_bool(&print, "hooks", false);
	return print_table(&print);
}

static int empty(bool json)
{
	struct print print;

	print_begin(&print, json);
	rows(&print);
	print_restart(&print);
	return print_table(&print);
}

static int object(bool json)
{
	struct print print;

	print_begin(&print, json);
	rows(&print);
	return print_object(&print);
}

static int line(bool json)
{
	struct print print;

	print_begin(&print, json);
	rows(&print);
	return print_line(&print, "text");
}

static void as_text(void **state)
{
	(void)state;
	assert_string_equal(capture(table, false),
			    "id    name      window          hooks\n"
			    "1     manager   0x3e0000004000  yes\n"
			    "1234  a?b?[1m?  -               no\n");
	assert_string_equal(capture(empty, false), "");
	assert_string_equal(capture(object, false),
			    "id: 1\nname: manager\nwindow: 0x3e0000004000\nhooks: yes\n");
	assert_string_equal(capture(line, false), "text\n");
}

#define ROW_JSON                                           \
	"\"name\": \"a?b?[1m?\",\n    \"window\": null,\n" \
	"    \"hooks\": false"
#define OBJECT_JSON                                   \
	"{\n  \"id\": 1,\n  \"name\": \"manager\",\n" \
	"  \"window\": \"0x3e0000004000\",\n  \"hooks\": true\n}\n"

#define LINE_JSON                         \
	"{\"id\":1,\"name\":\"manager\"," \
	"\"window\":\"0x3e0000004000\",\"hooks\":true}\n"

static int selected(bool json)
{
	struct print print;

	print_begin(&print, json);
	rows(&print);
	print_row(&print);
	print_uint(&print, "id", 2);
	print_row(&print);
	print_uint(&print, "id", 3);
	assert_false(print_select(&print, "id", 4));
	assert_false(print_select(&print, "name", 2));
	assert_true(print_select(&print, "id", 2));
	return print_object(&print);
}

static void one_of_many(void **state)
{
	(void)state;
	assert_string_equal(capture(selected, false), "id: 2\n");
	assert_string_equal(capture(selected, true), "{\"id\":2}\n");
}

static void colours(void **state)
{
	(void)state;
	print_style(false, true);
	assert_string_equal(capture(selected, false), "\033[1mid\033[0m: 2\n");
	assert_non_null(strstr(capture(table, false),
			       "\033[1mid  \033[0m  \033[1mname   "));
	/* Never in JSON */
	assert_string_equal(capture(line, true), LINE_JSON);
	print_style(false, false);
}

static void as_json(void **state)
{
	(void)state;
	print_style(true, false);
	assert_non_null(strstr(capture(table, true), ROW_JSON));
	assert_string_equal(capture(empty, true), "[]\n");
	assert_string_equal(capture(object, true), OBJECT_JSON);
	print_style(false, false);
	assert_string_equal(capture(line, true), LINE_JSON);
	assert_string_equal(capture(object, true), LINE_JSON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_text),
		cmocka_unit_test(one_of_many),
		cmocka_unit_test(colours),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
