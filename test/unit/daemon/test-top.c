// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <jansson.h>

#include "print.h"
#include "snapshot.h"
#include "top.h"

static struct enl_vm old_vms[] = {
	{ .id = 1, .name = "idle", .state = ELISA_VM_ACTIVE, .has_stats = true },
	{ .id = 2, .name = "busy", .state = ELISA_VM_ACTIVE, .has_stats = true },
	{ .id = 3, .name = "gone", .state = ELISA_VM_ACTIVE, .has_stats = true },
};

static struct enl_vm new_vms[] = {
	{ .id = 1, .name = "idle", .state = ELISA_VM_ACTIVE, .has_stats = true },
	{ .id = 2, .name = "busy", .state = ELISA_VM_ACTIVE, .has_stats = true },
	{ .id = 4,
	  .name = "a\nb\x1b[1m, much too long for it",
	  .state = ELISA_VM_LEAVING,
	  .has_stats = true },
	{ .id = 5, .name = "mute", .state = ELISA_VM_ACTIVE },
};

static const struct snapshot before = { .vms = old_vms, .n_vms = 3 };
static const struct snapshot now = { .vms = new_vms, .n_vms = 4 };

static int setup(void **state)
{
	(void)state;
	old_vms[1].stat[ELISA_STAT_A_AEX] = 1000;
	new_vms[1].stat[ELISA_STAT_A_AEX] = 3500;
	new_vms[1].stat[ELISA_STAT_A_DENIED] = 1;
	new_vms[1].stat[ELISA_STAT_A_PINNED_PAGES] = 384;
	new_vms[1].stat[ELISA_STAT_A_INSTANCES] = 7;
	/* It went down: the module was loaded anew. */
	old_vms[0].stat[ELISA_STAT_A_FAULTS] = 5;
	return 0;
}

static char *text(const struct snapshot *s, const struct top_row *rows,
		  unsigned int width, unsigned int height, const char *eol)
{
	static char buf[4096];
	FILE *to = fmemopen(buf, sizeof(buf), "w");

	assert_non_null(to);
	top_text(to, s, rows, width, height, eol);
	fclose(to);
	return buf;
}

static void rates(void **state)
{
	struct top_row *rows = top_rows(&before, &now, 2);

	(void)state;
	assert_non_null(rows);
	assert_int_equal(rows[0].vm->id, 2);
	assert_true(rows[0].rate[ELISA_STAT_A_AEX] == 1250);
	assert_true(rows[0].rate[ELISA_STAT_A_DENIED] == 0.5);
	assert_int_equal(rows[1].vm->id, 1);
	assert_true(rows[1].has_rates);
	assert_true(rows[1].rate[ELISA_STAT_A_FAULTS] == 0);
	/* New ones, and those that tell nothing, have none. */
	assert_int_equal(rows[2].vm->id, 4);
	assert_false(rows[2].has_rates);
	assert_false(rows[3].has_rates);
	free(rows);

	rows = top_rows(NULL, &now, 2);
	assert_int_equal(rows[0].vm->id, 1);
	assert_false(rows[0].has_rates);
	free(rows);
	rows = top_rows(&before, &now, 0);
	assert_false(rows[0].has_rates);
	free(rows);
	assert_null(top_rows(&before, &(struct snapshot){ 0 }, 2));
}

#define HEAD \
	"   VM NAME             STATE      ATT    EXP   INST   SUSP  PIN/M  AEX/s  RES/s  FLT/s BUSY/s DENY/s"
#define BUSY \
	"    2 busy             active       0      0      7      0    1.5   1250    0.0    0.0    0.0    0.5"
#define IDLE \
	"    1 idle             active       0      0      0      0    0.0    0.0    0.0    0.0    0.0    0.0"
#define HOSTILE \
	"    4 a?b?[1m, much to leaving      0      0      0      0    0.0      -      -      -      -      -"
#define MUTE \
	"    5 mute             active       -      -      -      -      -      -      -      -      -      -"

static void as_text(void **state)
{
	struct top_row *rows = top_rows(&before, &now, 2);

	(void)state;
	assert_string_equal(text(&now, rows, 0, 0, ""), HEAD
			    "\n" BUSY "\n" IDLE "\n" HOSTILE "\n" MUTE "\n");
	assert_string_equal(text(&now, rows, 12, 5, "$"),
			    "   VM NAME$\n    2 busy$\n    1 idle$\n"
			    "    4 a?b?[1$\n    5 mute$\n");
	assert_string_equal(text(&now, rows, 0, 4, ""), HEAD
			    "\n" BUSY "\n" IDLE "\n      ... and 2 more\n");
	free(rows);
	assert_string_equal(text(&(struct snapshot){ 0 }, NULL, 0, 0, ""),
			    HEAD "\n");
}

static void as_json(void **state)
{
	struct top_row *rows = top_rows(&before, &now, 2);
	const json_t *row;
	struct print print;

	(void)state;
	print_begin(&print, true);
	top_json(&print, &now, rows);
	assert_false(print.failed);
	assert_int_equal(json_array_size(print.rows), 4);
	row = json_array_get(print.rows, 0);
	assert_int_equal(json_integer_value(json_object_get(row, "id")), 2);
	assert_true(json_real_value(json_object_get(row, "aex_per_second")) ==
		    1250);
	assert_int_equal(json_integer_value(
				 json_object_get(row, "pinned_bytes")),
			 1572864);
	row = json_array_get(print.rows, 2);
	assert_string_equal(json_string_value(json_object_get(row, "name")),
			    "a?b?[1m, much too long for it");
	assert_true(json_is_null(json_object_get(row, "aex_per_second")));
	print_drop(&print);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests_name("top", tests, setup, NULL);
}
