// SPDX-License-Identifier: MIT
/* The kv example's memcached protocol, on a store that is mapped directly. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "direct.h"
#include "kv_proto.h"

#define SIZE (8u << 20)
#define NOW  1700000000

static char path[32] = "/dev/shm/elisa-kv-proto-XXXXXX";
static struct kv_link store;
static struct kv_server server;

/* Output of one conversation. */
static char *said;
static size_t said_len;

static void clear(void)
{
	uint64_t cursor = 0;

	do
		cursor = (uint64_t)kv_call(&store.sweep, cursor, 1, 0, 0, 0);
	while (cursor);
	((struct kv_setup *)direct_data())->clock = 1000;
	memset(&server, 0, sizeof(server));
	server.link = &store;
	server.value_max = 1 << 20;
	kv_server_tick(&server, NOW);
}

/* Takes what the session says, at most @max bytes at a time; all of it. */
static void listen_to(struct kv_session *s, size_t max)
{
	const char *p;
	size_t len;

	for (;;) {
		p = kv_session_output(s, &len);
		if (!len)
			return;
		/* A batch of gets may exceed the mark. */
		assert_in_range(len, 1, KV_OUT_HIGH + 3 * (1 << 20));
		if (len > max)
			len = max;
		said = realloc(said, said_len + len + 1);
		assert_non_null(said);
		memcpy(said + said_len, p, len);
		said_len += len;
		said[said_len] = '\0';
		kv_session_sent(s, len);
	}
}

/* A connection sends @len bytes, at most @piece at a time; true: it ended. */
static bool talk(const void *input, size_t len, size_t piece)
{
	struct kv_session *s = kv_session_new(&server);
	const char *in = input;
	bool ended;

	assert_non_null(s);
	free(said);
	said = strdup("");
	said_len = 0;
	while (len) {
		size_t room, n;
		char *p;

		p = kv_session_room(s, &room);
		if (!room) {
			assert_true(kv_session_ended(s));
			break;
		}
		n = len < room ? len : room;
		if (n > piece)
			n = piece;
		memcpy(p, in, n);
		in += n;
		len -= n;
		kv_session_received(s, n);
		listen_to(s, 1000 * piece);
	}
	ended = kv_session_ended(s);
	kv_session_free(s);
	return ended;
}

static void say(const char *text)
{
	talk(text, strlen(text), 100);
}

#define CRLF "\r\n"

static const struct {
	const char *in;
	const char *out;
} cases[] = {
	{ "", "" },
	{ "get a" CRLF, "END" CRLF },
	{ "set a 5 0 3" CRLF "abc" CRLF "get a" CRLF,
	  "STORED" CRLF "VALUE a 5 3" CRLF "abc" CRLF "END" CRLF },
	/* As memcached, lines may end without a carriage return. */
	{ "set a 0 0 0\n" CRLF "get a\n",
	  "STORED" CRLF "VALUE a 0 0" CRLF CRLF "END" CRLF },
	{ "set a 4294967295 0 1" CRLF "x" CRLF "get  a  b a" CRLF,
	  "STORED" CRLF "VALUE a 4294967295 1" CRLF "x" CRLF
	  "VALUE a 4294967295 1" CRLF "x" CRLF "END" CRLF },
	{ "set a 0 0 2 noreply" CRLF CRLF CRLF "get a" CRLF,
	  "VALUE a 0 2" CRLF CRLF CRLF "END" CRLF },
	{ "add a 0 0 1" CRLF "1" CRLF "add a 0 0 1" CRLF "2" CRLF
	  "replace a 0 0 1" CRLF "3" CRLF "replace b 0 0 1" CRLF "4" CRLF
	  "append a 9 0 1" CRLF "5" CRLF "prepend a 9 0 1" CRLF "6" CRLF
	  "append b 0 0 1" CRLF "7" CRLF "get a b" CRLF,
	  "STORED" CRLF "NOT_STORED" CRLF "STORED" CRLF "NOT_STORED" CRLF
	  "STORED" CRLF "STORED" CRLF "NOT_STORED" CRLF "VALUE a 0 3" CRLF
	  "635" CRLF "END" CRLF },
	{ "cas a 0 0 1 1" CRLF "x" CRLF, "NOT_FOUND" CRLF },
	{ "set a 0 0 1" CRLF "x" CRLF "cas a 0 0 1 18446744073709551615" CRLF
	  "y" CRLF,
	  "STORED" CRLF "EXISTS" CRLF },
	{ "delete a" CRLF "set a 0 0 1" CRLF "x" CRLF "delete a 0" CRLF
	  "delete a" CRLF "delete a noreply" CRLF "delete a 7" CRLF
	  "delete" CRLF,
	  "NOT_FOUND" CRLF "STORED" CRLF "DELETED" CRLF "NOT_FOUND" CRLF
	  "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]" CRLF
	  "CLIENT_ERROR bad command line format" CRLF },
	{ "set n 0 0 2" CRLF "99" CRLF "incr n 1" CRLF "decr n 200" CRLF
	  "incr n x" CRLF "incr n -1" CRLF "incr m 1" CRLF
	  "incr n 18446744073709551615" CRLF "incr n 2" CRLF
	  "incr n 5 noreply" CRLF "get n" CRLF,
	  "STORED" CRLF "100" CRLF "0" CRLF
	  "CLIENT_ERROR invalid numeric delta argument" CRLF
	  "CLIENT_ERROR invalid numeric delta argument" CRLF "NOT_FOUND" CRLF
	  "18446744073709551615" CRLF "1" CRLF "VALUE n 0 1" CRLF "6" CRLF
	  "END" CRLF },
	{ "set a 0 0 1" CRLF "x" CRLF "incr a 1" CRLF,
	  "STORED" CRLF
	  "CLIENT_ERROR cannot increment or decrement non-numeric value" CRLF },
	{ "set a 0 -1 1" CRLF "x" CRLF "get a" CRLF "set a 0 100 1" CRLF
	  "y" CRLF "get a" CRLF "set a 0 1700000100 1" CRLF "z" CRLF
	  "get a" CRLF "set a 0 1600000000 1" CRLF "z" CRLF "get a" CRLF,
	  "STORED" CRLF "END" CRLF "STORED" CRLF "VALUE a 0 1" CRLF "y" CRLF
	  "END" CRLF "STORED" CRLF "VALUE a 0 1" CRLF "z" CRLF "END" CRLF
	  "STORED" CRLF "END" CRLF },
	{ "touch a 0" CRLF "set a 0 5 1" CRLF "x" CRLF "touch a 0" CRLF
	  "touch a -1 noreply" CRLF "touch a 1" CRLF "touch a x" CRLF,
	  "NOT_FOUND" CRLF "STORED" CRLF "TOUCHED" CRLF "NOT_FOUND" CRLF
	  "CLIENT_ERROR invalid exptime argument" CRLF },
	{ "gat 10 a" CRLF "set a 0 5 1" CRLF "x" CRLF "gat 10 a b" CRLF
	  "gat -1 a" CRLF "get a" CRLF "gat x a" CRLF "gat 1" CRLF "gat" CRLF,
	  "END" CRLF "STORED" CRLF "VALUE a 0 1" CRLF "x" CRLF "END" CRLF
	  "END" CRLF "END" CRLF "CLIENT_ERROR invalid exptime argument" CRLF
	  "ERROR" CRLF "CLIENT_ERROR invalid exptime argument" CRLF },
	{ "set a 0 0 1" CRLF "x" CRLF "flush_all" CRLF "get a" CRLF
	  "set a 0 0 1" CRLF "x" CRLF "flush_all 10" CRLF "get a" CRLF
	  "flush_all noreply" CRLF "get a" CRLF "flush_all x" CRLF,
	  "STORED" CRLF "OK" CRLF "END" CRLF "STORED" CRLF "OK" CRLF
	  "VALUE a 0 1" CRLF "x" CRLF "END" CRLF "END" CRLF
	  "CLIENT_ERROR bad command line format" CRLF },
	{ "version" CRLF "verbosity 1" CRLF "verbosity 1 noreply" CRLF
	  "verbosity" CRLF,
	  "VERSION 1.6.0-elisa" CRLF "OK" CRLF "ERROR" CRLF },
	{ "quit" CRLF "version" CRLF, "" },
	{ CRLF "nonsense" CRLF "GET a" CRLF "get" CRLF "get " CRLF
	       "quit now" CRLF,
	  "ERROR" CRLF "ERROR" CRLF "ERROR" CRLF "ERROR" CRLF "ERROR" CRLF
	  "ERROR" CRLF },
	/* The data block is a byte longer than it was to be; or two shorter. */
	{ "set a 0 0 2" CRLF "abc" CRLF "get a" CRLF,
	  "CLIENT_ERROR bad data chunk" CRLF "END" CRLF },
	{ "set a 0 0 2" CRLF "abcdefgh" CRLF "get a" CRLF,
	  "CLIENT_ERROR bad data chunk" CRLF "END" CRLF },
	{ "set a 0 0 4" CRLF "ab" CRLF "get a" CRLF,
	  "CLIENT_ERROR bad data chunk" CRLF },
	{ "set a 0 0 1" CRLF "a\n"
	  "get a" CRLF,
	  "CLIENT_ERROR bad data chunk" CRLF "END" CRLF },
	{ "set a 0 0" CRLF "set a" CRLF "set a 0 0 1 2 3" CRLF,
	  "ERROR" CRLF "ERROR" CRLF "ERROR" CRLF },
	{ "set a x 0 1" CRLF "set a 0 x 1" CRLF "set a 0 0 -1" CRLF
	  "set a 0 0 x" CRLF "set a 4294967296 0 1" CRLF
	  "set a 0 0 99999999999" CRLF "cas a 0 0 1 x" CRLF,
	  "CLIENT_ERROR bad command line format" CRLF
	  "CLIENT_ERROR bad command line format" CRLF
	  "CLIENT_ERROR bad command line format" CRLF
	  "CLIENT_ERROR bad command line format" CRLF
	  "CLIENT_ERROR bad command line format" CRLF
	  "CLIENT_ERROR bad command line format" CRLF
	  "CLIENT_ERROR bad command line format" CRLF },
};

/* In one piece, and byte by byte: the same. */
static void conversations(void **state)
{
	static const size_t pieces[] = { SIZE_MAX / 1000, 1, 2, 3, 7 };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			clear();
			talk(cases[i].in, strlen(cases[i].in), pieces[k]);
			assert_string_equal(said, cases[i].out);
		}
}

static void keys(void **state)
{
	char key[300], in[1024], out[1024];
	int len;

	(void)state;
	for (len = 249; len <= 252; len++) {
		const bool ok = len <= 250;

		clear();
		memset(key, 'k', sizeof(key));
		key[len] = '\0';
		len = (int)strlen(key);
		sprintf(in, "set %s 0 0 1\r\nx\r\nget %s\r\ndelete %s\r\n", key,
			key, key);
		if (ok)
			sprintf(out,
				"STORED\r\nVALUE %s 0 1\r\nx\r\nEND\r\nDELETED\r\n",
				key);
		else
			sprintf(out, "%s\r\nERROR\r\n%s\r\n%s\r\n",
				"CLIENT_ERROR bad command line format",
				"CLIENT_ERROR bad command line format",
				"CLIENT_ERROR bad command line format");
		talk(in, strlen(in), SIZE_MAX / 1000);
		assert_string_equal(said, out);
	}
}

/* What a command with @bytes of data gets, and what the one after it. */
static void large(size_t bytes, const char *expected)
{
	const char *after = "\r\nversion\r\n";
	char *in = malloc(bytes + 100);
	int head;

	assert_non_null(in);
	clear();
	head = sprintf(in, "set a 0 0 %zu\r\n", bytes);
	memset(in + head, 'x', bytes);
	strcpy(in + head + bytes, after);
	talk(in, (size_t)head + bytes + strlen(after), 50000);
	free(in);
	assert_string_equal(said, expected);
}

static void large_values(void **state)
{
	(void)state;
	large(1 << 20, "STORED\r\nVERSION 1.6.0-elisa\r\n");
	large((1 << 20) + 1, "SERVER_ERROR object too large for cache\r\n"
			     "VERSION 1.6.0-elisa\r\n");
	large(5 << 20, "SERVER_ERROR object too large for cache\r\n"
		       "VERSION 1.6.0-elisa\r\n");
}

static void long_lines(void **state)
{
	char *line = malloc(2 * KV_LINE_MAX);
	unsigned int i, keys = 0;
	char *p = line;

	(void)state;
	assert_non_null(line);
	clear();
	memset(line, 'x', 2 * KV_LINE_MAX);
	assert_true(talk(line, 2 * KV_LINE_MAX, 1000));
	assert_string_equal(said, "CLIENT_ERROR line too long\r\n");

	/* A get may have as many keys as the line has room for. */
	say("set key7 0 0 1\r\n7\r\n");
	p += sprintf(p, "get");
	for (i = 0; p < line + KV_LINE_MAX - 20; i++, keys++)
		p += sprintf(p, " key%u", i);
	p += sprintf(p, "\r\n");
	assert_false(talk(line, (size_t)(p - line), 1 << 20));
	assert_string_equal(said, "VALUE key7 0 1\r\n7\r\nEND\r\n");
	assert_int_equal(server.gets, keys);
	free(line);
}

/* More output than anybody reads at once: it waits, and nothing is lost. */
static void much_output(void **state)
{
	const size_t value = 700000;
	char *in = malloc(value + 100);
	unsigned int i;
	size_t len;

	(void)state;
	assert_non_null(in);
	clear();
	len = (size_t)sprintf(in, "set a 0 0 %zu\r\n", value);
	memset(in + len, 'a', value);
	strcpy(in + len + value, "\r\n");
	talk(in, len + value + 2, 1 << 20);
	assert_string_equal(said, "STORED\r\n");
	/* 14 MB of answers from a line of some bytes. */
	len = (size_t)sprintf(in, "get");
	for (i = 0; i < 20; i++)
		len += (size_t)sprintf(in + len, " a");
	len += (size_t)sprintf(in + len, "\r\nget b\r\n");
	talk(in, len, 1000);
	assert_int_equal(said_len, 20 * (value + 20) + 10);
	assert_string_equal(said + said_len - 10, "END\r\nEND\r\n");
	free(in);
}

static void full(void **state)
{
	const size_t value = 500000;
	char *in = malloc(value + 100);
	unsigned int i, stored = 0;
	size_t len;

	(void)state;
	assert_non_null(in);
	clear();
	for (i = 0; i < 20; i++) {
		len = (size_t)sprintf(in, "set key%u 0 10 %zu\r\n", i, value);
		memset(in + len, 'a', value);
		strcpy(in + len + value, "\r\n");
		talk(in, len + value + 2, 1 << 20);
		stored += !strcmp(said, "STORED\r\n");
		if (strcmp(said, "STORED\r\n"))
			assert_string_equal(said,
					    "SERVER_ERROR out of memory storing object\r\n");
	}
	assert_in_range(stored, 5, 18);
	/* They expire: there is room again. */
	((struct kv_setup *)direct_data())->clock += 11;
	server.now++;
	talk(in, len + value + 2, 1 << 20);
	assert_string_equal(said, "STORED\r\n");
	clear();
	((struct kv_setup *)direct_data())->quota = 1000;
	talk(in, len + value + 2, 1 << 20);
	assert_string_equal(said,
			    "SERVER_ERROR out of memory: quota exceeded\r\n");
	((struct kv_setup *)direct_data())->quota = 0;
	((struct kv_setup *)direct_data())->clock = 0;
	talk(in, len + value + 2, 1 << 20);
	assert_string_equal(said,
			    "SERVER_ERROR the store has no clock, keys cannot expire\r\n");
	free(in);
}

static void cas(void **state)
{
	uint64_t first, second;
	char in[100];
	int n;

	(void)state;
	clear();
	say("set a 3 0 1\r\nx\r\ngets a\r\n");
	n = sscanf(said, "STORED VALUE a 3 1 %" SCNu64 " x END", &first);
	assert_int_equal(n, 1);
	sprintf(in, "cas a 4 0 1 %" PRIu64 "\r\ny\r\ngets a\r\n", first);
	talk(in, strlen(in), 100);
	n = sscanf(said, "STORED VALUE a 4 1 %" SCNu64 " y END", &second);
	assert_int_equal(n, 1);
	assert_true(first != second);
	talk(in, strlen(in), 100);
	assert_memory_equal(said, "EXISTS\r\n", 8);
}

/* STAT lines of a command. */
static uint64_t stat(const char *command, const char *name)
{
	char line[64], *p;

	talk(command, strlen(command), 100);
	snprintf(line, sizeof(line), "STAT %s ", name);
	p = strstr(said, line);
	assert_non_null(p);
	assert_string_equal(said + said_len - 5, "END\r\n");
	return strtoull(p + strlen(line), NULL, 10);
}

static void statistics(void **state)
{
	(void)state;
	clear();
	say("set a 0 0 1\r\nx\r\nget a b\r\ntouch a 0\r\n");
	assert_int_equal(stat("stats\r\n", "curr_items"), 1);
	assert_int_equal(stat("stats\r\n", "bytes"), 64);
	assert_int_equal(stat("stats\r\n", "get_hits"), 1);
	assert_int_equal(stat("stats\r\n", "get_misses"), 1);
	assert_int_equal(stat("stats\r\n", "cmd_set"), 1);
	assert_int_equal(stat("stats\r\n", "cmd_touch"), 1);
	assert_int_equal(stat("stats settings\r\n", "item_size_max"), 1 << 20);
	say("stats reset\r\n");
	assert_string_equal(said, "RESET\r\n");
	assert_int_equal(stat("stats\r\n", "get_hits"), 0);
	say("stats slabs\r\n");
	assert_memory_equal(said, "CLIENT_ERROR", 12);
}

static void delayed_flush(void **state)
{
	(void)state;
	clear();
	say("set a 0 0 1\r\nx\r\nflush_all 2\r\n");
	kv_server_tick(&server, NOW + 1);
	say("get a\r\n");
	assert_int_equal(said[0], 'V');
	kv_server_tick(&server, NOW + 2);
	say("get a\r\n");
	assert_string_equal(said, "END\r\n");
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return kv_link_open_direct(&store, path, SIZE, KV_PROTO_XBUF);
}

static int tear_down(void **state)
{
	(void)state;
	free(said);
	unlink(path);
	return kv_link_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations), cmocka_unit_test(keys),
		cmocka_unit_test(large_values),	 cmocka_unit_test(long_lines),
		cmocka_unit_test(much_output),	 cmocka_unit_test(full),
		cmocka_unit_test(cas),		 cmocka_unit_test(statistics),
		cmocka_unit_test(delayed_flush),
	};

	return cmocka_run_group_tests_name("kv protocol", tests, set_up,
					   tear_down);
}
