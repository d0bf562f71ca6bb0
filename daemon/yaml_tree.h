/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A YAML document as a tree of nodes that know where they were written.
 * Anchors, aliases, tags and further documents are refused: a policy says
 * what it means where it says it.
 */
#ifndef ELISACTL_YAML_TREE_H
#define ELISACTL_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

enum yaml_kind {
	YAML_KIND_SCALAR,
	YAML_KIND_LIST,
	YAML_KIND_MAP,
};

struct yaml_node {
	enum yaml_kind kind;
	unsigned int line, col; /* from 1 */
	bool plain;		/* a scalar without quotes */
	char *text;		/* a scalar's value */
	size_t len;
	struct yaml_node **item; /* of a map: key, value, key, ... */
	size_t n_items;
};

struct yaml_error {
	unsigned int line, col; /* 0: none */
	char text[320];		/* "message (hint)" */
};

/*
 * 0 or -errno.  An empty document gives a NULL root.  A map's keys are
 * scalars and differ from each other.
 */
int yaml_tree_parse(const char *buf, size_t len, struct yaml_node **root,
		    struct yaml_error *err);
void yaml_tree_free(struct yaml_node *node);

/* Is this YAML's null: nothing, ~ or null without quotes? */
bool yaml_node_null(const struct yaml_node *node);

/* Fill in an error with its place; returns -EINVAL.  HINT may be NULL. */
int yaml_error_at(struct yaml_error *err, const struct yaml_node *node,
		  const char *hint, const char *fmt, ...) __printf(4, 5);

#endif /* ELISACTL_YAML_TREE_H */
