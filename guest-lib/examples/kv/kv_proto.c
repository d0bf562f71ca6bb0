// SPDX-License-Identifier: MIT
/* See kv_proto.h.  The protocol is that of memcached's doc/protocol.txt. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kv_proto.h"

#define IN_STEP 16384u /* the buffer for input grows by that */
#define WORDS	8u     /* of a command; keys of gets are no words */
#define GETS	64u    /* keys in a crossing */
#define MONTH	(60 * 60 * 24 * 30)
#define VERSION "1.6.0-elisa"

/* The exchange buffer: gets, keys, values. */
#define KEYS_AT	    4096u
#define KEY_STEP    256u
#define VALUES_AT   32768u
#define VALUES_SIZE (KV_PROTO_XBUF - VALUES_AT)

_Static_assert(GETS * sizeof(struct kv_get) <= KEYS_AT, "gets");
_Static_assert(KEYS_AT + GETS * KEY_STEP <= VALUES_AT, "keys");
_Static_assert(KV_KEY_MAX <= KEY_STEP, "a key");
_Static_assert(KV_VALUE_MAX <= VALUES_SIZE, "a value");

/**
 * struct kv_session - a connection
 * @server: what it belongs to
 * @buffer: memory for input
 * @room: its bytes
 * @in: input that is not executed yet, somewhere in it
 * @in_len: its bytes
 * @need: bytes of input that the next command has, as far as it is known
 * @skip: bytes of input that nobody wants
 * @keys_at: a get is being executed: offset of its next key, else 0
 * @with_cas: that is a gets or gats
 * @touch: that is a gat or gats
 * @ttl: of these
 * @out: output, from @out_at to @out_len
 * @quiet: the present command wants no reply
 * @ended: no input is accepted any more
 */
struct kv_session {
	struct kv_server *server;
	char *buffer;
	size_t room;
	char *in;
	size_t in_len, need;
	uint64_t skip;
	size_t keys_at;
	bool with_cas, touch;
	int64_t ttl;
	char *out;
	size_t out_at, out_len, out_room;
	bool quiet, ended;
};

struct word {
	const char *p;
	size_t len;
};

/* --- output */

static void out_bytes(struct kv_session *s, const void *bytes, size_t len)
{
	if (s->out_room - s->out_len < len) {
		size_t room = s->out_room ? s->out_room : 1024;
		char *out;

		while (room - s->out_len < len)
			room *= 2;
		out = realloc(s->out, room);
		if (!out) {
			s->ended = true;
			return;
		}
		s->out = out;
		s->out_room = room;
	}
	memcpy(s->out + s->out_len, bytes, len);
	s->out_len += len;
}

__attribute__((format(printf, 2, 3))) static void
out_line(struct kv_session *s, const char *format, ...)
{
	char line[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 2, format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len > sizeof(line) - 3)
		len = sizeof(line) - 3;
	memcpy(line + len, "\r\n", 2);
	out_bytes(s, line, (size_t)len + 2);
}

/* The answer to a command, unless it wants none. */
static void reply(struct kv_session *s, const char *text)
{
	if (!s->quiet)
		out_line(s, "%s", text);
}

static void bad_format(struct kv_session *s)
{
	reply(s, "CLIENT_ERROR bad command line format");
}

/* What an error of the store means, where the command does not say more. */
static void reply_error(struct kv_session *s, int64_t err)
{
	char text[128];

	switch (err) {
	case -E2BIG:
		reply(s, "SERVER_ERROR object too large for cache");
		break;
	case -ENOSPC:
		reply(s, "SERVER_ERROR out of memory storing object");
		break;
	case -EDQUOT:
		reply(s, "SERVER_ERROR out of memory: quota exceeded");
		break;
	case -EOPNOTSUPP:
		reply(s,
		      "SERVER_ERROR the store has no clock, keys cannot expire");
		break;
	case -EACCES:
		reply(s, "SERVER_ERROR the store may only be read");
		break;
	default:
		snprintf(text, sizeof(text), "SERVER_ERROR %s",
			 strerror((int)-err));
		reply(s, text);
	}
}

static size_t pending(const struct kv_session *s)
{
	return s->out_len - s->out_at;
}

/* --- the store */

static int64_t store(struct kv_session *s, const struct elisa_entry *entry,
		     uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		     uint64_t a4)
{
	int64_t rc = kv_call(entry, a0, a1, a2, a3, a4);

	if (kv_link_lost())
		s->server->lost = true;
	return rc;
}

/* All of it; bounded, should the store answer nonsense. */
static int64_t sweep_all(struct kv_server *server, bool all)
{
	uint64_t cursor = 0, steps = 1u << 24;
	int64_t rc;

	do {
		rc = kv_call(&server->link->sweep, cursor, all, 0, 0, 0);
		if (kv_link_lost())
			server->lost = true;
		if (rc < 0)
			return rc;
		cursor = (uint64_t)rc;
	} while (cursor && --steps);
	return 0;
}

/* Memory may be had that belongs to keys that have expired. */
static bool make_room(struct kv_server *server)
{
	if (server->swept_at == server->now)
		return false;
	server->swept_at = server->now;
	return !sweep_all(server, false);
}

void kv_server_tick(struct kv_server *server, int64_t now)
{
	int64_t rc;

	server->now = now;
	if (!server->started)
		server->started = now;
	if (server->flush_at && server->flush_at <= now) {
		server->flush_at = 0;
		sweep_all(server, true);
	}
	rc = kv_call(&server->link->sweep, server->sweep, 0, 0, 0, 0);
	server->sweep = rc > 0 ? (uint64_t)rc : 0;
	if (kv_link_lost())
		server->lost = true;
}

static uint64_t put_key(struct kv_session *s, unsigned int n,
			const struct word *key)
{
	const size_t at = KEYS_AT + n * KEY_STEP;

	memcpy(s->server->link->xbuf + at, key->p, key->len);
	return KV_AT(at, key->len);
}

/* --- words and numbers */

/* The next word of a line from *@p on; false at its end. */
static bool next_word(const char **p, const char *end, struct word *word)
{
	while (*p < end && **p == ' ')
		++*p;
	word->p = *p;
	while (*p < end && **p != ' ')
		++*p;
	word->len = (size_t)(*p - word->p);
	return word->len;
}

static bool is_word(const struct word *word, const char *text)
{
	return word->len == strlen(text) && !memcmp(word->p, text, word->len);
}

static bool is_key(const struct word *word)
{
	return word->len && word->len <= KV_KEY_MAX;
}

static bool number(const struct word *word, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;
	size_t i;

	if (!word->len)
		return false;
	for (i = 0; i < word->len; i++) {
		const unsigned int digit = (unsigned char)word->p[i] - '0';

		if (digit > 9 || n > (max - digit) / 10)
			return false;
		n = 10 * n + digit;
	}
	*value = n;
	return true;
}

/* An exptime: seconds, or a date; what the store wants of it. */
static bool expiry(const struct kv_session *s, const struct word *word,
		   int64_t *ttl)
{
	struct word digits = *word;
	uint64_t value;
	bool past;

	past = digits.len && *digits.p == '-';
	if (past) {
		digits.p++;
		digits.len--;
	}
	if (!number(&digits, INT64_MAX, &value))
		return false;
	*ttl = (int64_t)value;
	if (past && value)
		*ttl = -1;
	else if (value > MONTH)
		*ttl = (int64_t)value > s->server->now ?
			       (int64_t)value - s->server->now :
			       -1;
	return true;
}

/* Is the last word of @n "noreply"?  It is removed then. */
static void take_noreply(struct kv_session *s, const struct word *words,
			 unsigned int *n)
{
	if (*n > 1 && is_word(&words[*n - 1], "noreply")) {
		s->quiet = true;
		--*n;
	}
}

/* --- gets */

/* One value; the numbers are the export's, so they are checked. */
static void out_value(struct kv_session *s, const struct word *key,
		      const struct kv_get *get, size_t room)
{
	if (get->result < 0 || (uint64_t)get->result > room)
		return;
	s->server->hits++;
	out_bytes(s, "VALUE ", 6);
	out_bytes(s, key->p, key->len);
	if (s->with_cas)
		out_line(s, " %" PRIu32 " %" PRId64 " %" PRIu64, get->flags,
			 get->result, get->cas);
	else
		out_line(s, " %" PRIu32 " %" PRId64, get->flags, get->result);
	out_bytes(s, s->server->link->xbuf + get->value, (size_t)get->result);
	out_bytes(s, "\r\n", 2);
}

/*
 * Up to GETS keys in one crossing.  Returns how many were answered: those in front
 * of one whose value is too large to share the room with others; or an error.
 */
static int64_t get_some(struct kv_session *s, const struct word *keys,
			unsigned int n)
{
	struct kv_link *link = s->server->link;
	struct kv_get get[GETS];
	const uint32_t room = VALUES_SIZE / n;
	unsigned int i;
	int64_t rc;

	for (i = 0; i < n; i++) {
		const uint64_t key = put_key(s, i, &keys[i]);

		if (s->touch) {
			s->server->touches++;
			rc = store(s, &link->touch, key, (uint64_t)s->ttl, 0, 0,
				   0);
			if (rc && rc != -ENOENT)
				return rc;
		}
		get[i] = (struct kv_get){
			.key = (uint32_t)key,
			.key_len = key >> 32,
			.value = VALUES_AT + i * room,
			.room = room,
		};
	}
	memcpy(link->xbuf, get, n * sizeof(get[0]));
	rc = store(s, &link->mget, 0, n, 0, 0, 0);
	if (rc < 0)
		return rc;
	for (i = 0; i < n; i++) {
		struct kv_get got;

		memcpy(&got, link->xbuf + i * sizeof(got), sizeof(got));
		if (got.result == -EMSGSIZE && n > 1)
			break;
		s->server->gets++;
		get[i].result = got.result;
		get[i].cas = got.cas;
		get[i].flags = got.flags;
		out_value(s, &keys[i], &get[i], room);
	}
	return i;
}

/* Goes on with a get, as far as the output allows; @end: of its line. */
static void go_on_get(struct kv_session *s, size_t end)
{
	const char *p = s->in + s->keys_at;
	unsigned int most = GETS, n;
	struct word keys[GETS];
	int64_t done;

	while (pending(s) < KV_OUT_HIGH) {
		for (n = 0; n < most && next_word(&p, s->in + end, &keys[n]);
		     n++)
			if (!is_key(&keys[n])) {
				bad_format(s);
				s->keys_at = 0;
				return;
			}
		if (!n) {
			reply(s, "END");
			s->keys_at = 0;
			return;
		}
		done = get_some(s, keys, n);
		if (done < 0) {
			reply_error(s, done);
			s->keys_at = 0;
			return;
		}
		if (done < n) {
			most = done ? (unsigned int)done : 1;
			p = keys[done].p;
		} else if (most < GETS) {
			most = 2 * most < GETS ? 2 * most : GETS;
		}
		s->keys_at = (size_t)(p - s->in);
	}
}

/* Of a line of @end bytes: get, gets <key>*; gat, gats <exptime> <key>*. */
static void cmd_get(struct kv_session *s, size_t end)
{
	const char *p = s->in, *first;
	struct word word;

	next_word(&p, s->in + end, &word);
	s->touch = word.p[1] == 'a';
	s->with_cas = word.p[word.len - 1] == 's';
	if (s->touch && (!next_word(&p, s->in + end, &word) ||
			 !expiry(s, &word, &s->ttl))) {
		reply(s, "CLIENT_ERROR invalid exptime argument");
		return;
	}
	first = p;
	if (!next_word(&p, s->in + end, &word)) {
		reply(s, "ERROR");
		return;
	}
	s->keys_at = (size_t)(first - s->in);
	go_on_get(s, end);
}

/* --- storage */

static const char *const stores[] = {
	[KV_SET] = "set",	  [KV_ADD] = "add",
	[KV_REPLACE] = "replace", [KV_APPEND] = "append",
	[KV_PREPEND] = "prepend", [KV_CAS] = "cas",
};

#define N_STORES (sizeof(stores) / sizeof(stores[0]))

static void reply_stored(struct kv_session *s, unsigned int mode, int64_t rc)
{
	if (!rc)
		reply(s, "STORED");
	else if (rc == -EEXIST)
		reply(s, mode == KV_CAS ? "EXISTS" : "NOT_STORED");
	else if (rc == -ENOENT)
		reply(s, mode == KV_CAS ? "NOT_FOUND" : "NOT_STORED");
	else
		reply_error(s, rc);
}

/*
 * <command> <key> <flags> <exptime> <bytes> [<cas>] [noreply], and a data block.
 * @line: bytes of the line with its end.  Returns what it takes of the input; 0:
 * it is not all there, and @s->need says how much that is.
 */
static size_t cmd_store(struct kv_session *s, unsigned int mode,
			const struct word *words, unsigned int n, size_t line)
{
	struct kv_link *link = s->server->link;
	uint64_t flags, len, cas = 0, key, value;
	int64_t ttl, rc;

	take_noreply(s, words, &n);
	if (n != 5u + (mode == KV_CAS)) {
		s->quiet = false;
		reply(s, "ERROR");
		return line;
	}
	if (!is_key(&words[1]) || !number(&words[2], UINT32_MAX, &flags) ||
	    !expiry(s, &words[3], &ttl) ||
	    !number(&words[4], INT32_MAX - 2, &len) ||
	    (mode == KV_CAS && !number(&words[5], UINT64_MAX, &cas))) {
		bad_format(s);
		return line;
	}
	if (len > s->server->value_max) {
		reply_error(s, -E2BIG);
		s->skip = len + 2;
		return line;
	}
	s->need = line + len + 2;
	if (s->in_len < s->need)
		return 0;
	if (memcmp(s->in + line + len, "\r\n", 2)) {
		const char *end = memchr(s->in + line + len, '\n', 2);

		reply(s, "CLIENT_ERROR bad data chunk");
		/* The block was longer: what follows is no command. */
		if (end)
			return (size_t)(end + 1 - s->in);
		s->skip = UINT64_MAX;
		return line + len;
	}
	s->server->sets++;
	key = put_key(s, 0, &words[1]);
	memcpy(link->xbuf + VALUES_AT, s->in + line, len);
	value = KV_AT(VALUES_AT, len);
	rc = store(s, &link->put, key, value, mode | flags << 32, (uint64_t)ttl,
		   cas);
	if (rc == -ENOSPC && make_room(s->server))
		rc = store(s, &link->put, key, value, mode | flags << 32,
			   (uint64_t)ttl, cas);
	reply_stored(s, mode, rc);
	return s->need;
}

/* --- the other commands */

/* delete <key> [0] [noreply] */
static void cmd_delete(struct kv_session *s, const struct word *words,
		       unsigned int n)
{
	int64_t rc;

	take_noreply(s, words, &n);
	if (n < 2 || n > 3 || !is_key(&words[1])) {
		bad_format(s);
		return;
	}
	if (n == 3 && !is_word(&words[2], "0")) {
		reply(s,
		      "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]");
		return;
	}
	rc = store(s, &s->server->link->delete, put_key(s, 0, &words[1]), 0, 0,
		   0, 0);
	if (rc && rc != -ENOENT)
		reply_error(s, rc);
	else
		reply(s, rc ? "NOT_FOUND" : "DELETED");
}

/* touch <key> <exptime> [noreply] */
static void cmd_touch(struct kv_session *s, const struct word *words,
		      unsigned int n)
{
	int64_t ttl, rc;

	take_noreply(s, words, &n);
	if (n != 3 || !is_key(&words[1])) {
		bad_format(s);
		return;
	}
	if (!expiry(s, &words[2], &ttl)) {
		reply(s, "CLIENT_ERROR invalid exptime argument");
		return;
	}
	s->server->touches++;
	rc = store(s, &s->server->link->touch, put_key(s, 0, &words[1]),
		   (uint64_t)ttl, 0, 0, 0);
	if (rc && rc != -ENOENT)
		reply_error(s, rc);
	else
		reply(s, rc ? "NOT_FOUND" : "TOUCHED");
}

/* incr, decr <key> <delta> [noreply] */
static void cmd_add(struct kv_session *s, const struct word *words,
		    unsigned int n)
{
	uint64_t delta, result;
	char text[24];
	int64_t rc;

	take_noreply(s, words, &n);
	if (n != 3 || !is_key(&words[1])) {
		bad_format(s);
		return;
	}
	if (!number(&words[2], UINT64_MAX, &delta)) {
		reply(s, "CLIENT_ERROR invalid numeric delta argument");
		return;
	}
	rc = store(s, &s->server->link->add, put_key(s, 0, &words[1]), delta,
		   *words[0].p == 'd', VALUES_AT, 0);
	if (!rc) {
		memcpy(&result, s->server->link->xbuf + VALUES_AT,
		       sizeof(result));
		snprintf(text, sizeof(text), "%" PRIu64, result);
		reply(s, text);
	} else if (rc == -ENOENT) {
		reply(s, "NOT_FOUND");
	} else if (rc == -EINVAL) {
		reply(s,
		      "CLIENT_ERROR cannot increment or decrement non-numeric value");
	} else {
		reply_error(s, rc);
	}
}

/* flush_all [delay] [noreply] */
static void cmd_flush(struct kv_session *s, const struct word *words,
		      unsigned int n)
{
	struct kv_server *server = s->server;
	int64_t delay = 0, rc = 0;

	take_noreply(s, words, &n);
	if (n > 2 || (n == 2 && !expiry(s, &words[1], &delay))) {
		bad_format(s);
		return;
	}
	server->flushes++;
	if (delay > 0)
		server->flush_at = server->now + delay;
	else
		rc = sweep_all(server, true);
	if (rc)
		reply_error(s, rc);
	else
		reply(s, "OK");
}

static void stat_u64(struct kv_session *s, const char *name, uint64_t value)
{
	out_line(s, "STAT %s %" PRIu64, name, value);
}

/* stats [settings|reset] */
static void cmd_stats(struct kv_session *s, const struct word *words,
		      unsigned int n)
{
	struct kv_server *server = s->server;
	struct kv_stats stats;
	int64_t rc;

	if (n == 2 && is_word(&words[1], "reset")) {
		server->gets = 0;
		server->hits = 0;
		server->sets = 0;
		server->touches = 0;
		server->flushes = 0;
		server->connections_total = 0;
		server->connections_rejected = 0;
		reply(s, "RESET");
		return;
	}
	rc = store(s, &server->link->stats, VALUES_AT, 0, 0, 0, 0);
	if (rc < 0) {
		reply_error(s, rc);
		return;
	}
	memcpy(&stats, server->link->xbuf + VALUES_AT, sizeof(stats));
	if (n == 2 && is_word(&words[1], "settings")) {
		stat_u64(s, "maxbytes", stats.size);
		stat_u64(s, "maxconns", server->connections_max);
		stat_u64(s, "item_size_max", server->value_max);
		stat_u64(s, "num_threads", 1);
		out_line(s, "STAT evictions off");
		out_line(s, "STAT cas_enabled yes");
		reply(s, "END");
		return;
	}
	if (n != 1) {
		reply(s, "CLIENT_ERROR there are no such statistics");
		return;
	}
	stat_u64(s, "pid", (uint64_t)getpid());
	stat_u64(s, "uptime", (uint64_t)(server->now - server->started));
	stat_u64(s, "time", (uint64_t)server->now);
	out_line(s, "STAT version %s", VERSION);
	stat_u64(s, "pointer_size", 64);
	stat_u64(s, "max_connections", server->connections_max);
	stat_u64(s, "curr_connections", server->connections);
	stat_u64(s, "total_connections", server->connections_total);
	stat_u64(s, "rejected_connections", server->connections_rejected);
	stat_u64(s, "cmd_get", server->gets);
	stat_u64(s, "cmd_set", server->sets);
	stat_u64(s, "cmd_flush", server->flushes);
	stat_u64(s, "cmd_touch", server->touches);
	stat_u64(s, "get_hits", server->hits);
	stat_u64(s, "get_misses", server->gets - server->hits);
	stat_u64(s, "limit_maxbytes", stats.size);
	stat_u64(s, "threads", 1);
	stat_u64(s, "curr_items", stats.items);
	stat_u64(s, "bytes", stats.bytes);
	stat_u64(s, "evictions", 0);
	stat_u64(s, "own_items", stats.own_items);
	stat_u64(s, "own_bytes", stats.own_bytes);
	stat_u64(s, "own_quota", stats.quota);
	stat_u64(s, "store_uptime", stats.clock);
	stat_u64(s, "store_repairs", stats.repairs);
	reply(s, "END");
}

static void cmd_other(struct kv_session *s, const struct word *words,
		      unsigned int n)
{
	if (is_word(words, "delete")) {
		cmd_delete(s, words, n);
	} else if (is_word(words, "touch")) {
		cmd_touch(s, words, n);
	} else if (is_word(words, "incr") || is_word(words, "decr")) {
		cmd_add(s, words, n);
	} else if (is_word(words, "flush_all")) {
		cmd_flush(s, words, n);
	} else if (is_word(words, "stats")) {
		cmd_stats(s, words, n);
	} else if (is_word(words, "version") && n == 1) {
		reply(s, "VERSION " VERSION);
	} else if (is_word(words, "verbosity")) {
		take_noreply(s, words, &n);
		reply(s, n == 2 ? "OK" : "ERROR");
	} else if (is_word(words, "quit") && n == 1) {
		s->ended = true;
	} else {
		reply(s, "ERROR");
	}
}

/* --- lines */

/* One command; returns the bytes of input that it takes, or 0: more is needed. */
static size_t command(struct kv_session *s)
{
	const char *newline = memchr(s->in, '\n', s->in_len), *p = s->in;
	struct word words[WORDS + 1];
	size_t line, end;
	unsigned int n, i;

	if (!newline) {
		if (s->in_len >= KV_LINE_MAX) {
			out_line(s, "CLIENT_ERROR line too long");
			s->ended = true;
		}
		return 0;
	}
	line = (size_t)(newline + 1 - s->in);
	end = line - 1;
	if (end && s->in[end - 1] == '\r')
		end--;
	if (s->keys_at) {
		go_on_get(s, end);
		return s->keys_at ? 0 : line;
	}
	for (n = 0; n <= WORDS && next_word(&p, s->in + end, &words[n]); n++)
		;
	s->quiet = false;
	if (!n) {
		reply(s, "ERROR");
		return line;
	}
	if (is_word(words, "get") || is_word(words, "gets") ||
	    is_word(words, "gat") || is_word(words, "gats")) {
		cmd_get(s, end);
		return s->keys_at ? 0 : line;
	}
	for (i = 0; i < N_STORES; i++)
		if (is_word(words, stores[i]))
			return cmd_store(s, i, words, n, line);
	cmd_other(s, words, n);
	return line;
}

/* Swallows what nobody wants: a number of bytes, or up to the end of a line. */
static size_t skip(struct kv_session *s, const char *in, size_t len)
{
	if (s->skip == UINT64_MAX) {
		const char *newline = memchr(in, '\n', len);

		if (!newline)
			return len;
		s->skip = 0;
		return (size_t)(newline + 1 - in);
	}
	if (len > s->skip)
		len = s->skip;
	s->skip -= len;
	return len;
}

/* Drops @n bytes of input. */
static void take(struct kv_session *s, size_t n)
{
	s->in += n;
	s->in_len -= n;
	s->need = 0;
}

/* Executes what is there. */
static void run(struct kv_session *s)
{
	size_t n;

	while (s->in_len && !s->ended && pending(s) < KV_OUT_HIGH) {
		if (s->skip) {
			take(s, skip(s, s->in, s->in_len));
			continue;
		}
		if (s->in_len < s->need)
			break;
		n = command(s);
		if (!n)
			break;
		take(s, n);
	}
	/* Memory for a large value is not kept. */
	if (!s->in_len && s->room > KV_LINE_MAX) {
		free(s->buffer);
		s->buffer = NULL;
		s->in = NULL;
		s->room = 0;
	}
}

/* --- */

struct kv_session *kv_session_new(struct kv_server *server)
{
	struct kv_session *s = calloc(1, sizeof(*s));

	if (s)
		s->server = server;
	return s;
}

void kv_session_free(struct kv_session *session)
{
	if (!session)
		return;
	free(session->buffer);
	free(session->out);
	free(session);
}

char *kv_session_room(struct kv_session *session, size_t *room)
{
	struct kv_session *s = session;
	size_t want = s->need > KV_LINE_MAX ? s->need : KV_LINE_MAX;

	*room = 0;
	if (s->ended || pending(s) >= KV_OUT_HIGH)
		return NULL;
	if (s->in != s->buffer) {
		memmove(s->buffer, s->in, s->in_len);
		s->in = s->buffer;
	}
	if (s->in_len == s->room && s->in_len < want) {
		size_t size = s->room + IN_STEP;
		char *buffer;

		if (s->need > size)
			size = s->need;
		buffer = realloc(s->buffer, size);
		if (!buffer) {
			out_line(s,
				 "SERVER_ERROR out of memory reading request");
			s->ended = true;
			return NULL;
		}
		s->buffer = buffer;
		s->in = buffer;
		s->room = size;
	}
	*room = s->room - s->in_len;
	return s->in + s->in_len;
}

void kv_session_received(struct kv_session *session, size_t n)
{
	session->in_len += n;
	run(session);
}

const char *kv_session_output(struct kv_session *session, size_t *len)
{
	*len = pending(session);
	return *len ? session->out + session->out_at : NULL;
}

void kv_session_sent(struct kv_session *session, size_t n)
{
	struct kv_session *s = session;

	s->out_at += n;
	if (s->out_at == s->out_len) {
		s->out_at = 0;
		s->out_len = 0;
		if (s->out_room > KV_OUT_HIGH) {
			free(s->out);
			s->out = NULL;
			s->out_room = 0;
		}
	}
	run(s);
}

bool kv_session_ended(const struct kv_session *session)
{
	return session->ended;
}
