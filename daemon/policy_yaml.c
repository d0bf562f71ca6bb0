// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pattern.h"
#include "policy_yaml.h"
#include "yaml_tree.h"

#define PAGE_SHIFT	12	/* the module is x86-64 only */

struct parse {
	struct policy *policy;
	struct policy_limits defaults;
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
					strncat(known, ", ", sizeof(known) - strlen(known) - 1);
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

static const struct field match_fields[] = {
	{ "name", parse_match_name },
	{ "uuid", parse_match_uuid },
	{ "uid", parse_match_uid },
	{ }
};

static int parse_match(struct parse *p, const struct yaml_node *node, void *obj)
{
	struct policy_entry *entry = obj;
	size_t i;
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "'match' wants a map",
			"like { name: manager }");
	if (ret)
		return ret;
	if (!node->n_items)
		return yaml_error_at(&p->err, node, "give name, uuid or uid",
				     "'match' is empty and would match every VM");
	ret = parse_map(p, node, match_fields, &entry->match);
	if (ret)
		return ret;
	for (i = 0; p->policy->entries + i < entry; i++) {
		struct policy_entry *other = &p->policy->entries[i];

		if (policy_match_equal(&other->match, &entry->match))
			return yaml_error_at(&p->err, node,
					     "the first match counts; join the two",
					     "duplicate match, first on line %u",
					     other->line);
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
				     "duplicate name pattern '%s'",
				     node->text);
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
	__u32 rights;
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
	if (!strcmp(node->text, "rw"))
		rule->rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	else if (!strcmp(node->text, "ro"))
		rule->rights = ELISA_RIGHT_READ;
	else
		return yaml_error_at(&p->err, node, "ro or rw",
				     "unknown rights '%.40s'", node->text);
	return 0;
}

static const struct field attach_fields[] = {
	{ "name", parse_attach_name },
	{ "rights", parse_attach_rights },
	{ }
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
	return add_grant(p, rule.name, entry, ELISA_GRANT_ATTACH, rule.rights);
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

static int set_limit(struct parse *p, const struct yaml_node *node,
		     struct policy_limits *limits, unsigned int attr,
		     __u64 value)
{
	if (value > policy_limit_max(attr))
		return yaml_error_at(&p->err, node, NULL,
				     "%s is more than the most that is possible, %u",
				     node->text, policy_limit_max(attr));
	limits->set[attr] = true;
	limits->value[attr] = value;
	return 0;
}

static int parse_count(struct parse *p, const struct yaml_node *node,
		       struct policy_limits *limits, unsigned int attr)
{
	__u64 value;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a number is wanted", NULL);
	if (ret)
		return ret;
	if (!parse_decimal(node->text, node->len, &value))
		return yaml_error_at(&p->err, node, NULL, "bad number '%.40s'",
				     node->text);
	return set_limit(p, node, limits, attr, value);
}

static int parse_attachments(struct parse *p, const struct yaml_node *node,
			     void *obj)
{
	return parse_count(p, node, obj, ELISA_LIMIT_A_ATTACHMENTS);
}

static int parse_instances(struct parse *p, const struct yaml_node *node,
			   void *obj)
{
	return parse_count(p, node, obj, ELISA_LIMIT_A_INSTANCES);
}

static int parse_exports(struct parse *p, const struct yaml_node *node,
			 void *obj)
{
	return parse_count(p, node, obj, ELISA_LIMIT_A_EXPORTS);
}

static int parse_suspended(struct parse *p, const struct yaml_node *node,
			   void *obj)
{
	return parse_count(p, node, obj, ELISA_LIMIT_A_SUSPENDED_MS);
}

static int parse_section(struct parse *p, const struct yaml_node *node,
			 void *obj)
{
	return parse_count(p, node, obj, ELISA_LIMIT_A_SECTION_US);
}

static int parse_pinned(struct parse *p, const struct yaml_node *node,
			void *obj)
{
	unsigned int shift = 0;
	size_t digits = node->len;
	__u64 size;
	int ret;

	ret = want_kind(p, node, YAML_KIND_SCALAR, "a size is wanted",
			"like 64M");
	if (ret)
		return ret;
	if (digits) {
		digits--;
		switch (node->text[digits]) {
		case 'K':
			shift = 10;
			break;
		case 'M':
			shift = 20;
			break;
		case 'G':
			shift = 30;
			break;
		default:
			digits++;
		}
	}
	/* No more digits than leave room for the shift. */
	if (digits > 10 || !parse_decimal(node->text, digits, &size))
		return yaml_error_at(&p->err, node,
				     "bytes, or with K, M or G, like 64M",
				     "bad size '%.40s'", node->text);
	size <<= shift;
	if (size & ((1 << PAGE_SHIFT) - 1))
		return yaml_error_at(&p->err, node, NULL,
				     "size %s is not a multiple of 4096",
				     node->text);
	size >>= PAGE_SHIFT;
	if (size > policy_limit_max(ELISA_LIMIT_A_PINNED_PAGES))
		return yaml_error_at(&p->err, node, NULL,
				     "size %s is more than the most that is possible, 4G",
				     node->text);
	return set_limit(p, node, obj, ELISA_LIMIT_A_PINNED_PAGES, size);
}

static const struct field limit_fields[] = {
	{ "attachments", parse_attachments },
	{ "instances", parse_instances },
	{ "exports", parse_exports },
	{ "pinned", parse_pinned },
	{ "suspended-ms", parse_suspended },
	{ "section-us", parse_section },
	{ }
};

static int parse_limits(struct parse *p, const struct yaml_node *node,
			struct policy_limits *limits)
{
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "'limits' wants a map",
			"like { attachments: 16 }");
	return ret ? ret : parse_map(p, node, limit_fields, limits);
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

static const struct field vm_fields[] = {
	{ "match", parse_match },
	{ "export", parse_export },
	{ "attach", parse_attach },
	{ "limits", parse_entry_limits },
	{ "pcid", parse_pcid },
	{ }
};

static int parse_vm(struct parse *p, const struct yaml_node *node)
{
	struct policy_entry *entry;
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "a VM entry wants a map",
			"like - match: { name: manager }");
	if (ret)
		return ret;
	if (p->policy->n_entries == POLICY_ENTRIES_MAX)
		return yaml_error_at(&p->err, node, NULL,
				     "more than %d VM entries",
				     POLICY_ENTRIES_MAX);
	entry = policy_add(p->policy);
	if (!entry)
		return yaml_error_at(&p->err, node, NULL, "out of memory");
	entry->line = node->line;

	ret = parse_map(p, node, vm_fields, entry);
	if (ret)
		return ret;
	if (!map_get(node, "match"))
		return yaml_error_at(&p->err, node,
				     "say which VM: match: { name: ... }",
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
	{ }
};

static int parse_defaults(struct parse *p, const struct yaml_node *node,
			  void *obj)
{
	int ret;

	ret = want_kind(p, node, YAML_KIND_MAP, "'defaults' wants a map",
			NULL);
	return ret ? ret : parse_map(p, node, default_fields, obj);
}

static const struct field top_fields[] = {
	{ "defaults", parse_defaults },
	{ "vms", parse_vms },
	{ }
};

static int parse_top(struct parse *p, const struct yaml_node *root)
{
	size_t i;
	int ret;

	ret = want_kind(p, root, YAML_KIND_MAP, "a policy is a map",
			"known here: defaults, vms");
	if (!ret)
		ret = parse_map(p, root, top_fields, NULL);
	if (ret)
		return ret;
	/* Only now: 'defaults' may come after 'vms'. */
	for (i = 0; i < p->policy->n_entries; i++)
		policy_limits_inherit(&p->policy->entries[i].limits,
				      &p->defaults);
	return 0;
}

int policy_parse(struct policy *policy, const char *file, const char *buf,
		 size_t len, char *err, size_t err_size)
{
	struct parse p = { .policy = policy };
	struct yaml_node *root;
	int ret;

	policy_init(policy);
	if (len > POLICY_FILE_MAX) {
		snprintf(err, err_size, "%s:1:1: larger than 1 MiB", file);
		return -EFBIG;
	}
	ret = yaml_tree_parse(buf, len, &root, &p.err);
	if (!ret && root)
		ret = parse_top(&p, root);
	yaml_tree_free(root);
	if (ret) {
		policy_free(policy);
		snprintf(err, err_size, "%s:%u:%u: %s", file, p.err.line,
			 p.err.col, p.err.text);
	}
	return ret;
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

int policy_load(struct policy *policy, const char *file, char *err,
		size_t err_size)
{
	char *buf = NULL;
	struct stat st;
	ssize_t len;
	int ret = 0;
	int fd;

	policy_init(policy);
	/* Non-blocking, so that a FIFO does not hang us. */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		ret = -errno;
		snprintf(err, err_size, "%s: cannot open: %s", file,
			 strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = -EINVAL;
		snprintf(err, err_size, "%s: not a regular file", file);
		goto out;
	}
	/* Whoever can write the policy can share every VM's memory. */
	if ((st.st_mode & 0002) || (st.st_uid && st.st_uid != geteuid())) {
		ret = -EPERM;
		snprintf(err, err_size,
			 "%s: refused, other users can write it (chown root, chmod o-w)",
			 file);
		goto out;
	}
	/* One byte more, to see that it is too large. */
	buf = malloc(POLICY_FILE_MAX + 1);
	len = buf ? read_all(fd, buf, POLICY_FILE_MAX + 1) : -ENOMEM;
	if (len < 0) {
		ret = len;
		snprintf(err, err_size, "%s: cannot read: %s", file,
			 strerror(-ret));
		goto out;
	}
	ret = policy_parse(policy, file, buf, len, err, err_size);
out:
	free(buf);
	if (fd >= 0)
		close(fd);
	return ret;
}
