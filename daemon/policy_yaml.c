// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limit.h"
#include "pattern.h"
#include "policy_yaml.h"
#include "yaml_tree.h"

struct parse {
	struct policy *policy;
	const char *file; /* the one that is being read */
	struct policy_limits defaults;
	const char *defaults_file; /* NULL: none had any */
	unsigned int defaults_line;
	struct yaml_error err;
};

struct field {
	const char *key;
	int (*parse)(struct parse *p, const struct yaml_node *value, void *obj);
};

static const char *kind_name(const struct yaml_node *node)
{
	if (yaml_node_null(node))
		return "nothing";
	switch (node->kind) {
	case YAML_KIND_SCALAR:
		return "a single value";
	case YAML_KIND_LIST:
		return "a list";
	case YAML_KIND_MAP:
		return "a map";
	}
	return "?";
}

static int want_kind(struct parse *p, const struct yaml_node *node,
		     enum yaml_kind kind, const char *what, const char *hint)
{
	if (node->kind == kind && !yaml_node_null(node))
		return 0;
	return yaml_error_at(&p->err, node, hint, "%s, not %s", what,
			     kind_name(node));
}

/* Every map of the file goes through here; unknown keys end here. */
static int parse_map(struct parse *p, const struct yaml_node *map,
		     const struct field *fields, void *obj)
{
	char known[128] = "known here: ";
	const struct field *field;
	size_t i;
	int ret;

	for (i = 0; i < map->n_items; i += 2) {
		const struct yaml_node *key = map->item[i];

		for (field = fields; field->key; field++) {
			if (!strcmp(field->key, key->text))
				break;
		}
		if (!field->key) {
			for (field = fields; field->key; field++) {
				strncat(known, field->key,
					sizeof(known) - strlen(known) - 1);
				if (field[1].key)
					strncat(known, ", ",
						sizeof(known) - strlen(known) -
							1);
			}
			return yaml_error_at(&p->err, key, known,
					     "unknown key '%.40s'", key->text);
		}
		ret = field->parse(p, map->item[i + 1], obj);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct yaml_node *map_get(const struct yaml_node *map,
				       const char *key)
{
	size_t i;

	for (i = 0; i < map->n_items; i += 2) {
		if (!strcmp(map->item[i]->text, key))
			return map->item[i + 1];
	}
	return NULL;
}

/* Decimal digits only: strtoul() would take signs, spaces and octal. */
static bool parse_decimal(const char *s, size_t len, __u64 *value)
{
	__u64 v = 0;
	size_t i;

	if (!len || len > 15)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*value = v;
	return true;
}

/* match: */

static int parse_match_name(struct parse *p, const struct yaml_node *node,
			    void *obj)
{
	struct policy_match *match = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a VM name is wanted", NULL);
	if (ret)
		return ret;
	if (!vm_name_valid(node->text, node->len))
		return yaml_error_at(&p->err, node, NULL,
				     "a VM name has 1 to 63 printable ASCII characters");
	if (strpbrk(node->text, "*?") && node->plain)
		return yaml_error_at(&p->err, node,
				     "quote it if the name really has that character",
				     "wildcards do not work in a VM name");
	memcpy(match->name, node->text, node->len + 1);
	return 0;
}

static int parse_match_uuid(struct parse *p, const struct yaml_node *node,
			    void *obj)
{
	struct policy_match *match = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a UUID is wanted", NULL);
	if (ret)
		return ret;
	if (!uuid_parse(node->text, match->uuid))
		return yaml_error_at(&p->err, node,
				     "like 6f1c0b0e-1d2c-4b5a-8f00-0123456789ab",
				     "bad UUID '%.40s'", node->text);
	match->has_uuid = true;
	return 0;
}

static int parse_match_uid(struct parse *p, const struct yaml_node *node,
			   void *obj)
{
	struct policy_match *match = obj;
	__u64 uid;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a user ID is wanted", NULL);
	if (ret)
		return ret;
	/* The highest one means "no user" to the kernel. */
	if (!parse_decimal(node->text, node->len, &uid) || uid >= UINT32_MAX)
		return yaml_error_at(&p->err, node,
				     "a number; `id -u NAME` tells it",
				     "bad user ID '%.40s'", node->text);
	match->has_uid = true;
	match->uid = uid;
	return 0;
}

static int parse_match_unit(struct parse *p, const struct yaml_node *node,
			    void *obj)
{
	struct policy_match *match = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a systemd unit is wanted",
			"like vm-web.service");
	if (ret)
		return ret;
	if (!vm_unit_valid(node->text, node->len))
		return yaml_error_at(&p->err, node,
				     "a name in full, without wildcards; `systemctl status PID` tells it",
				     "'%.60s' is not the name of a scope or service",
				     node->text);
	memcpy(match->unit, node->text, node->len + 1);
	return 0;
}

static int parse_match_slice(struct parse *p, const struct yaml_node *node,
			     void *obj)
{
	struct policy_match *match = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a systemd slice is wanted",
			"like machine.slice");
	if (ret)
		return ret;
	if (!vm_slice_valid(node->text, node->len))
		return yaml_error_at(&p->err, node, "like machine.slice",
				     "'%.60s' is not the name of a slice",
				     node->text);
	memcpy(match->slice, node->text, node->len + 1);
	return 0;
}

static int parse_match_libvirt(struct parse *p, const struct yaml_node *node,
			       void *obj)
{
	struct policy_match *match = obj;
	size_t i;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR,
			"the name of a libvirt domain is wanted", NULL);
	if (ret)
		return ret;
	if (!vm_name_valid(node->text, node->len))
		return yaml_error_at(&p->err, node, NULL,
				     "the name of a libvirt domain has 1 to 63 characters here");
	/* libvirt leaves out all others when it names the scope. */
	for (i = 0; i < node->len; i++) {
		char c = node->text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return yaml_error_at(&p->err, node,
					     "A-Z a-z 0-9 - and . can; match by 'unit' otherwise",
					     "'%.60s' has a character that libvirt does not put into the scope's name",
					     node->text);
	}
	memcpy(match->libvirt, node->text, node->len + 1);
	return 0;
}

static const struct field match_fields[] = {
	{ "name", parse_match_name },
	{ "uuid", parse_match_uuid },
	{ "uid", parse_match_uid },
	{ "unit", parse_match_unit },
	{ "slice", parse_match_slice },
	{ "libvirt", parse_match_libvirt },
	{},
};

/* The entry OTHER leaves nothing for this one. */
static int unreachable(struct parse *p, const struct yaml_node *node,
		       const struct policy_entry *other, bool equal)
{
	char where[160];

	if (other->file == p->file)
		snprintf(where, sizeof(where), "on line %u", other->line);
	else
		snprintf(where, sizeof(where), "in %.100s, line %u",
			 other->file, other->line);
	if (equal)
		return yaml_error_at(&p->err, node,
				     "the first match counts; join the two",
				     "duplicate match, first %s", where);
	return yaml_error_at(&p->err, node,
			     "the first match counts; put this one in front",
			     "no VM gets here: the entry %s matches all that this one does",
			     where);
}

static int parse_match(struct parse *p, const struct yaml_node *node, void *obj)
{
	struct policy_entry *entry = obj;
	size_t i;
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "'match' wants a map",
			"like { name: manager, uid: 1000 }");
	if (ret)
		return ret;
	if (!node->n_items)
		return yaml_error_at(&p->err, node,
				     "give uid, unit, slice or libvirt",
				     "'match' is empty and would match every VM");
	ret = parse_map(p, node, match_fields, &entry->match);
	if (ret)
		return ret;
	if (!policy_match_strong(&entry->match))
		return yaml_error_at(&p->err, node,
				     "add uid, unit, slice or libvirt",
				     "any local user can start a VM with this name or UUID");
	for (i = 0; p->policy->entries + i < entry; i++) {
		struct policy_entry *other = &p->policy->entries[i];

		if (policy_match_covers(&other->match, &entry->match))
			return unreachable(p, node, other,
					   policy_match_equal(&other->match,
							      &entry->match));
	}
	return 0;
}

/* export: and attach: */

static int add_grant(struct parse *p, const struct yaml_node *node,
		     struct policy_entry *entry, __u8 kind, __u32 rights)
{
	const char *why;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a name pattern is wanted",
			"like \"kv.*\"");
	if (ret)
		return ret;
	why = pattern_check(node->text, node->len);
	if (why)
		return yaml_error_at(&p->err, node, NULL,
				     "name pattern '%.40s' %s", node->text,
				     why);
	ret = policy_entry_grant(entry, kind, node->text, rights);
	if (ret == -EEXIST)
		return yaml_error_at(&p->err, node, NULL,
				     "duplicate name pattern '%s'", node->text);
	if (ret)
		return yaml_error_at(&p->err, node,
				     "use wildcards to need fewer",
				     "more than %d patterns for one VM",
				     ELISA_GRANTS_MAX);
	return 0;
}

static int parse_export(struct parse *p, const struct yaml_node *node,
			void *obj)
{
	size_t i;
	int ret;

	ret = want_kind(p, node, YAML_KIND_LIST, "'export' wants a list",
			"like [ \"kv.*\" ]");
	for (i = 0; !ret && i < node->n_items; i++)
		ret = add_grant(p, node->item[i], obj, ELISA_GRANT_EXPORT, 0);
	return ret;
}

struct attach_rule {
	const struct yaml_node *name;
	__u32 rights; /* ELISA_RIGHT_READ, _WRITE */
	__u32 more;   /* the others */
};

static int parse_attach_name(struct parse *p, const struct yaml_node *node,
			     void *obj)
{
	struct attach_rule *rule = obj;

	(void)p;
	rule->name = node;
	return 0;
}

static int parse_attach_rights(struct parse *p, const struct yaml_node *node,
			       void *obj)
{
	struct attach_rule *rule = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "'rights' wants ro or rw",
			NULL);
	if (ret)
		return ret;
	if (!strcmp(node->text, "kernel"))
		return yaml_error_at(&p->err, node, "write: kernel: yes",
				     "'kernel' is a key of its own");
	if (!strcmp(node->text, "rw"))
		rule->rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	else if (!strcmp(node->text, "ro"))
		rule->rights = ELISA_RIGHT_READ;
	else
		return yaml_error_at(&p->err, node, "ro or rw",
				     "unknown rights '%.40s'", node->text);
	return 0;
}

static int parse_attach_kernel(struct parse *p, const struct yaml_node *node,
			       void *obj)
{
	struct attach_rule *rule = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "'kernel' wants yes or no",
			NULL);
	if (ret)
		return ret;
	if (!strcmp(node->text, "yes"))
		rule->more |= ELISA_RIGHT_KERNEL;
	else if (strcmp(node->text, "no"))
		return yaml_error_at(&p->err, node, "yes or no",
				     "unknown value '%.40s' for 'kernel'",
				     node->text);
	return 0;
}

static int parse_attach_trust(struct parse *p, const struct yaml_node *node,
			      void *obj)
{
	struct attach_rule *rule = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR,
			"'trust' wants sealed or full", NULL);
	if (ret)
		return ret;
	if (!strcmp(node->text, "full"))
		rule->more |= ELISA_RIGHT_FULL_TRUST;
	else if (strcmp(node->text, "sealed"))
		return yaml_error_at(&p->err, node, "sealed or full",
				     "unknown value '%.40s' for 'trust'",
				     node->text);
	return 0;
}

static const struct field attach_fields[] = {
	{ "name", parse_attach_name },
	{ "rights", parse_attach_rights },
	{ "kernel", parse_attach_kernel },
	{ "trust", parse_attach_trust },
	{},
};

static int parse_attach_item(struct parse *p, const struct yaml_node *node,
			     struct policy_entry *entry)
{
	struct attach_rule rule = {
		.name = node,
		.rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE,
	};
	int ret;

	if (node->kind == YAML_KIND_MAP) {
		rule.name = NULL;
		ret = parse_map(p, node, attach_fields, &rule);
		if (ret)
			return ret;
		if (!rule.name)
			return yaml_error_at(&p->err, node,
					     "like { name: \"kv.*\", rights: ro }",
					     "this attach rule has no 'name'");
	}
	return add_grant(p, rule.name, entry, ELISA_GRANT_ATTACH,
			 rule.rights | rule.more);
}

static int parse_attach(struct parse *p, const struct yaml_node *node,
			void *obj)
{
	size_t i;
	int ret;

	ret = want_kind(p, node, YAML_KIND_LIST, "'attach' wants a list",
			"like [ \"kv.*\" ]");
	for (i = 0; !ret && i < node->n_items; i++)
		ret = parse_attach_item(p, node->item[i], obj);
	return ret;
}

/* limits: */

static int set_limit(struct parse *p, const struct yaml_node *key,
		     const struct yaml_node *node, struct policy_limits *limits)
{
	const struct limit *limit = limit_by_key(key->text);
	char known[LIMIT_KEYS_SIZE], hints[LIMIT_KEYS_SIZE + 16], why[160];
	const char *hint;
	__u32 value;
	int ret;

	if (!limit) {
		limit_keys(known);
		snprintf(hints, sizeof(hints), "known here: %s", known);
		return yaml_error_at(&p->err, key, hints, "unknown key '%.40s'",
				     key->text);
	}
	ret = want_kind(p, node, YAML_KIND_SCALAR,
			limit->is_size ? "a size is wanted" :
					 "a number is wanted",
			limit->is_size ? "like 64M" : NULL);
	if (ret)
		return ret;
	ret = limit_parse(limit, node->text, node->len, &value, why,
			  sizeof(why), &hint);
	if (ret)
		return yaml_error_at(&p->err, node, hint, "%s", why);
	limits->set[limit->attr] = true;
	limits->value[limit->attr] = value;
	return 0;
}

static int parse_limits(struct parse *p, const struct yaml_node *node,
			struct policy_limits *limits)
{
	size_t i;
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "'limits' wants a map",
			"like { attachments: 16 }");
	for (i = 0; !ret && i < node->n_items; i += 2)
		ret = set_limit(p, node->item[i], node->item[i + 1], limits);
	return ret;
}

static int parse_entry_limits(struct parse *p, const struct yaml_node *node,
			      void *obj)
{
	struct policy_entry *entry = obj;

	return parse_limits(p, node, &entry->limits);
}

static int parse_default_limits(struct parse *p, const struct yaml_node *node,
				void *obj)
{
	(void)obj;
	return parse_limits(p, node, &p->defaults);
}

/* vms: */

static int parse_pcid(struct parse *p, const struct yaml_node *node, void *obj)
{
	struct policy_entry *entry = obj;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR,
			"'pcid' wants intercept, deny or trust", NULL);
	if (ret)
		return ret;
	if (!pcid_parse(node->text, &entry->pcid))
		return yaml_error_at(&p->err, node, "intercept, deny or trust",
				     "unknown value '%.40s' for 'pcid'",
				     node->text);
	return 0;
}

/* clang-format off */
static const struct field vm_fields[] = {
	{ "match", parse_match },
	{ "export", parse_export },
	{ "attach", parse_attach },
	{ "limits", parse_entry_limits },
	{ "pcid", parse_pcid },
	{},
};
/* clang-format on */

static int parse_vm(struct parse *p, const struct yaml_node *node)
{
	struct policy_entry *entry;
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "a VM entry wants a map",
			"like - match: { uid: 1000 }");
	if (ret)
		return ret;
	if (p->policy->n_entries == POLICY_ENTRIES_MAX)
		return yaml_error_at(&p->err, node, NULL,
				     "more than %d VM entries",
				     POLICY_ENTRIES_MAX);
	entry = policy_add(p->policy);
	if (!entry)
		return yaml_error_at(&p->err, node, NULL, "out of memory");
	entry->file = p->file;
	entry->line = node->line;

	ret = parse_map(p, node, vm_fields, entry);
	if (ret)
		return ret;
	if (!map_get(node, "match"))
		return yaml_error_at(&p->err, node,
				     "say which VM: match: { uid: ... }",
				     "this VM entry has no 'match'");
	if (!map_get(node, "export") && !map_get(node, "attach"))
		return yaml_error_at(&p->err, node,
				     "to refuse a VM write attach: []",
				     "this VM entry has neither 'export' nor 'attach'");
	return 0;
}

static int parse_vms(struct parse *p, const struct yaml_node *node, void *obj)
{
	size_t i;
	int ret;

	(void)obj;
	ret = want_kind(p, node, YAML_KIND_LIST, "'vms' wants a list",
			"start each entry with '- match:'");
	for (i = 0; !ret && i < node->n_items; i++)
		ret = parse_vm(p, node->item[i]);
	return ret;
}

static const struct field default_fields[] = {
	{ "limits", parse_default_limits },
	{},
};

static int parse_defaults(struct parse *p, const struct yaml_node *node,
			  void *obj)
{
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "'defaults' wants a map", NULL);
	if (ret)
		return ret;
	/* One file cannot have it twice. */
	if (p->defaults_file)
		return yaml_error_at(&p->err, node,
				     "they are for all files; join the two",
				     "duplicate 'defaults', first in %.100s, line %u",
				     p->defaults_file, p->defaults_line);
	p->defaults_file = p->file;
	p->defaults_line = node->line;
	return parse_map(p, node, default_fields, obj);
}

static const struct field top_fields[] = {
	{ "defaults", parse_defaults },
	{ "vms", parse_vms },
	{},
};

static int parse_top(struct parse *p, const struct yaml_node *root)
{
	int ret;

	ret = want_kind(p, root, YAML_KIND_MAP, "a policy is a map",
			"known here: defaults, vms");
	return ret ? ret : parse_map(p, root, top_fields, NULL);
}

static int parse_text(struct parse *p, const struct policy_text *text)
{
	struct yaml_node *root;
	int ret;

	if (text->len > POLICY_FILE_MAX) {
		p->err.line = 1;
		p->err.col = 1;
		strcpy(p->err.text, "larger than 1 MiB");
		return -EFBIG;
	}
	p->file = policy_add_file(p->policy, text->file);
	if (!p->file) {
		strcpy(p->err.text, "out of memory");
		return -ENOMEM;
	}
	ret = yaml_tree_parse(text->buf, text->len, &root, &p->err);
	if (!ret && root)
		ret = parse_top(p, root);
	yaml_tree_free(root);
	return ret;
}

int policy_parse(struct policy *policy, const struct policy_text *texts,
		 size_t n, char *err, size_t err_size)
{
	struct parse p = { .policy = policy };
	size_t i;
	int ret = 0;

	policy_init(policy);
	for (i = 0; i < n; i++) {
		ret = parse_text(&p, &texts[i]);
		if (ret) {
			policy_free(policy);
			snprintf(err, err_size, "%s:%u:%u: %s", texts[i].file,
				 p.err.line, p.err.col, p.err.text);
			return ret;
		}
	}
	/* Only now: 'defaults' may come after 'vms', and in another file. */
	for (i = 0; i < policy->n_entries; i++)
		policy_limits_inherit(&policy->entries[i].limits, &p.defaults);
	return 0;
}

/* Whoever can write the policy can share every VM's memory. */
static bool is_safe(const struct stat *st)
{
	return !(st->st_mode & 0002) &&
	       (!st->st_uid || st->st_uid == geteuid());
}

static int unsafe(const char *file, char *err, size_t err_size)
{
	snprintf(err, err_size,
		 "%s: refused, other users can write it (chown root, chmod o-w)",
		 file);
	return -EPERM;
}

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += n;
	}
	return len;
}

static int read_file(const char *file, char **buf, size_t *size, char *err,
		     size_t err_size)
{
	struct stat st;
	ssize_t len;
	int ret = 0;
	int fd;

	*buf = NULL;
	/* Non-blocking, so that a FIFO does not hang us. */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		ret = -errno;
		snprintf(err, err_size, "%s: cannot open: %s%s", file,
			 strerror(errno),
			 errno == ENOENT && !strcmp(file, POLICY_DEFAULT_FILE) ?
				 " (write one, see elisa.conf(5); an empty one refuses every VM)" :
				 "");
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = -EINVAL;
		snprintf(err, err_size, "%s: not a regular file", file);
		goto out;
	}
	if (!is_safe(&st)) {
		ret = unsafe(file, err, err_size);
		goto out;
	}
	/* One byte more, to see that it is too large. */
	*buf = malloc(POLICY_FILE_MAX + 1);
	len = *buf ? read_all(fd, *buf, POLICY_FILE_MAX + 1) : -ENOMEM;
	if (len < 0) {
		ret = len;
		snprintf(err, err_size, "%s: cannot read: %s", file,
			 strerror(-ret));
		goto out;
	}
	*size = len;
out:
	if (fd >= 0)
		close(fd);
	return ret;
}

int policy_load_files(struct policy *policy, char *const *files, size_t n,
		      char *err, size_t err_size)
{
	struct policy_text *texts = calloc(n + 1, sizeof(*texts));
	char **bufs = calloc(n + 1, sizeof(*bufs));
	int ret = 0;
	size_t i;

	policy_init(policy);
	if (!texts || !bufs) {
		snprintf(err, err_size, "out of memory");
		ret = -ENOMEM;
	}
	for (i = 0; !ret && i < n; i++) {
		texts[i].file = files[i];
		ret = read_file(files[i], &bufs[i], &texts[i].len, err,
				err_size);
		texts[i].buf = bufs[i];
	}
	if (!ret)
		ret = policy_parse(policy, texts, n, err, err_size);
	for (i = 0; bufs && i < n; i++)
		free(bufs[i]);
	free(bufs);
	free(texts);
	return ret;
}

/* As for run-parts and its kind: what an editor leaves behind is not meant. */
static int is_conf(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".conf");
}

/* In the order of their bytes, whatever the locale says. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of the folder conf.d beside FILE, behind FILE itself. */
static int list_files(const char *file, char **files, size_t *n, char *err,
		      size_t err_size)
{
	const char *slash = strrchr(file, '/');
	struct dirent **entries = NULL;
	char dir[4096];
	struct stat st;
	int found, ret = 0, i;

	snprintf(dir, sizeof(dir), "%.*s%s",
		 slash ? (int)(slash - file + 1) : 0, file, POLICY_CONF_DIR);
	if (stat(dir, &st)) {
		if (errno == ENOENT)
			return 0;
		snprintf(err, err_size, "%s: cannot open: %s", dir,
			 strerror(errno));
		return -EIO;
	}
	if (!is_safe(&st))
		return unsafe(dir, err, err_size);
	found = scandir(dir, &entries, is_conf, by_bytes);
	if (found < 0) {
		snprintf(err, err_size, "%s: cannot open: %s", dir,
			 strerror(errno));
		return -EIO;
	}
	for (i = 0; i < found; i++) {
		if (*n == POLICY_FILES_MAX) {
			snprintf(err, err_size, "%s: more than %d files", dir,
				 POLICY_FILES_MAX - 1);
			ret = -E2BIG;
			break;
		}
		if (asprintf(&files[*n], "%s/%s", dir, entries[i]->d_name) <
		    0) {
			files[*n] = NULL;
			snprintf(err, err_size, "out of memory");
			ret = -ENOMEM;
			break;
		}
		++*n;
	}
	for (i = 0; i < found; i++)
		free(entries[i]);
	free(entries);
	return ret;
}

int policy_load(struct policy *policy, const char *file, char *err,
		size_t err_size)
{
	char *files[POLICY_FILES_MAX] = { 0 };
	size_t n = 1;
	int ret;

	policy_init(policy);
	files[0] = (char *)file;
	ret = list_files(file, files, &n, err, err_size);
	if (!ret)
		ret = policy_load_files(policy, files, n, err, err_size);
	while (--n)
		free(files[n]);
	return ret;
}
