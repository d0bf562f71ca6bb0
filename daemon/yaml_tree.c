// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "compiler.h"
#include "yaml_tree.h"

#define DEPTH_MAX    8	/* nesting of lists and maps */
#define MAP_KEYS_MAX 64 /* duplicate keys are looked for pairwise */

static int error_set(struct yaml_error *err, unsigned int line,
		     unsigned int col, const char *hint, const char *fmt,
		     va_list ap)
{
	size_t n;

	err->line = line;
	err->col = col;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	n = strlen(err->text);
	if (hint)
		snprintf(err->text + n, sizeof(err->text) - n, " (%s)", hint);
	return -EINVAL;
}

int yaml_error_at(struct yaml_error *err, const struct yaml_node *node,
		  const char *hint, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = error_set(err, node->line, node->col, hint, fmt, ap);
	va_end(ap);
	return ret;
}

static int __printf(4, 5)
error_mark(struct yaml_error *err, const yaml_mark_t *mark, const char *hint,
	   const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = error_set(err, mark->line + 1, mark->column + 1, hint, fmt, ap);
	va_end(ap);
	return ret;
}

static int no_memory(struct yaml_error *err)
{
	err->line = 0;
	err->col = 0;
	snprintf(err->text, sizeof(err->text), "out of memory");
	return -ENOMEM;
}

void yaml_tree_free(struct yaml_node *node)
{
	size_t i;

	if (!node)
		return;
	for (i = 0; i < node->n_items; i++)
		yaml_tree_free(node->item[i]);
	free(node->item);
	free(node->text);
	free(node);
}

bool yaml_node_null(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_SCALAR && node->plain &&
	       (!node->len || !strcmp(node->text, "~") ||
		!strcasecmp(node->text, "null"));
}

/* What the parser itself did not like. */
static int error_libyaml(struct yaml_error *err, const yaml_parser_t *parser,
			 const char *buf, size_t len)
{
	yaml_mark_t mark = parser->problem_mark;
	const char *hint = NULL;

	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(err);

	if (parser->error == YAML_READER_ERROR) {
		size_t i;

		/* No mark in this case, only a byte offset. */
		mark.line = 0;
		mark.column = 0;
		for (i = 0; i < parser->problem_offset && i < len; i++) {
			mark.column++;
			if (buf[i] == '\n') {
				mark.line++;
				mark.column = 0;
			}
		}
		hint = "the file must be UTF-8 text";
	} else if (mark.index < len && buf[mark.index] == '\t') {
		hint = "indent with spaces, not tabs";
	} else if (parser->context) {
		hint = parser->context;
	}
	return error_mark(err, &mark, hint, "%s",
			  parser->problem ? parser->problem : "not YAML");
}

struct tree {
	yaml_parser_t parser;
	struct yaml_error *err;
	struct yaml_node *root;
	struct yaml_node *open[DEPTH_MAX]; /* from the root to here */
	unsigned int depth;
};

static int append(struct tree *tree, struct yaml_node *parent,
		  struct yaml_node *node)
{
	size_t n = parent->n_items;
	size_t i;

	if (parent->kind == YAML_KIND_MAP && !(n & 1)) {
		if (node->kind != YAML_KIND_SCALAR)
			return yaml_error_at(tree->err, node, NULL,
					     "a key must be a single word");
		if (n / 2 == MAP_KEYS_MAX)
			return yaml_error_at(tree->err, node, NULL,
					     "too many keys");
		for (i = 0; i < n; i += 2) {
			if (!strcmp(parent->item[i]->text, node->text))
				return yaml_error_at(tree->err, node, NULL,
						     "duplicate key '%s', first on line %u",
						     node->text,
						     parent->item[i]->line);
		}
	}
	if (!(n & (n - 1))) {
		struct yaml_node **item;

		item = reallocarray(parent->item, n ? n * 2 : 1, sizeof(*item));
		if (!item)
			return no_memory(tree->err);
		parent->item = item;
	}
	parent->item[n] = node;
	parent->n_items++;
	return 0;
}

/* Takes the node over, also when it fails. */
static int add(struct tree *tree, struct yaml_node *node)
{
	int ret = 0;

	if (tree->depth)
		ret = append(tree, tree->open[tree->depth - 1], node);
	else
		tree->root = node;
	if (ret) {
		yaml_tree_free(node);
		return ret;
	}
	if (node->kind == YAML_KIND_SCALAR)
		return 0;
	if (tree->depth == DEPTH_MAX)
		return yaml_error_at(tree->err, node, NULL,
				     "nested too deeply");
	tree->open[tree->depth++] = node;
	return 0;
}

static int add_node(struct tree *tree, const yaml_event_t *event,
		    enum yaml_kind kind, const yaml_char_t *anchor,
		    const yaml_char_t *tag)
{
	const yaml_mark_t *mark = &event->start_mark;
	struct yaml_node *node;

	if (anchor)
		return error_mark(tree->err, mark, "write the value out",
				  "anchors (&%s) are not allowed", anchor);
	if (tag)
		return error_mark(tree->err, mark, "remove it",
				  "tags (%s) are not allowed", tag);

	node = calloc(1, sizeof(*node));
	if (!node)
		return no_memory(tree->err);
	node->kind = kind;
	node->line = mark->line + 1;
	node->col = mark->column + 1;

	if (kind == YAML_KIND_SCALAR) {
		const char *text = (const char *)event->data.scalar.value;

		node->len = event->data.scalar.length;
		node->plain = event->data.scalar.style ==
			      YAML_PLAIN_SCALAR_STYLE;
		if (memchr(text, '\0', node->len)) {
			yaml_tree_free(node);
			return error_mark(tree->err, mark, NULL,
					  "a zero byte in a value");
		}
		node->text = strndup(text, node->len);
		if (!node->text) {
			yaml_tree_free(node);
			return no_memory(tree->err);
		}
	}
	return add(tree, node);
}

static int take_event(struct tree *tree, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return add_node(tree, event, YAML_KIND_SCALAR,
				event->data.scalar.anchor,
				event->data.scalar.tag);
	case YAML_SEQUENCE_START_EVENT:
		return add_node(tree, event, YAML_KIND_LIST,
				event->data.sequence_start.anchor,
				event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return add_node(tree, event, YAML_KIND_MAP,
				event->data.mapping_start.anchor,
				event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		tree->depth--;
		return 0;
	case YAML_ALIAS_EVENT:
		return error_mark(tree->err, &event->start_mark,
				  "quote a pattern that begins with '*'",
				  "aliases (*%s) are not allowed",
				  event->data.alias.anchor);
	case YAML_DOCUMENT_START_EVENT:
		if (!tree->root)
			return 0;
		return error_mark(tree->err, &event->start_mark, NULL,
				  "a second document");
	default:
		return 0;
	}
}

int yaml_tree_parse(const char *buf, size_t len, struct yaml_node **root,
		    struct yaml_error *err)
{
	struct tree tree = { .err = err };
	bool end = false;
	int ret = 0;

	*root = NULL;
	memset(err, 0, sizeof(*err));
	if (!yaml_parser_initialize(&tree.parser))
		return no_memory(err);
	yaml_parser_set_input_string(&tree.parser, (const yaml_char_t *)buf,
				     len);
	while (!ret && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&tree.parser, &event)) {
			ret = error_libyaml(err, &tree.parser, buf, len);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		ret = take_event(&tree, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&tree.parser);

	if (!ret && tree.root && yaml_node_null(tree.root)) {
		yaml_tree_free(tree.root);
		tree.root = NULL;
	}
	if (ret)
		yaml_tree_free(tree.root);
	else
		*root = tree.root;
	return ret;
}
