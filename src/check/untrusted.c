/*
 * untrusted.c - what strangers write and GitHub passes on (titles, bodies, branch names): put into
 * a script by `${{ }}` it becomes a part of the script.
 */
#include "check.h"

#include "actc/strbuf.h"

/* Below github.event unless said otherwise; `*` stands for any element. */
static const char *const sources[] = {
	"github.head_ref",
	"github.event.comment.body",
	"github.event.commits.*.author.email",
	"github.event.commits.*.author.name",
	"github.event.commits.*.message",
	"github.event.discussion.body",
	"github.event.discussion.title",
	"github.event.head_commit.author.email",
	"github.event.head_commit.author.name",
	"github.event.head_commit.message",
	"github.event.issue.body",
	"github.event.issue.title",
	"github.event.pages.*.page_name",
	"github.event.pull_request.body",
	"github.event.pull_request.head.label",
	"github.event.pull_request.head.ref",
	"github.event.pull_request.head.repo.default_branch",
	"github.event.pull_request.title",
	"github.event.review.body",
	"github.event.review_comment.body",
	"github.event.workflow_run.display_title",
	"github.event.workflow_run.head_branch",
	"github.event.workflow_run.head_commit.author.email",
	"github.event.workflow_run.head_commit.author.name",
	"github.event.workflow_run.head_commit.message",
};

enum { NSOURCES = sizeof(sources) / sizeof(sources[0]), DEPTH_MAX = 12 };

/* A chain from its named value on; computed keys are "[]". */
struct path {
	struct str keys[DEPTH_MAX];
	size_t n;
};

static bool chain_path(const struct node *n, struct path *path)
{
	if (n->kind == NODE_NAMED) {
		path->keys[path->n++] = n->u.lower;
		return true;
	}
	if (n->kind != NODE_INDEX || !chain_path(n->args[0], path) || path->n == DEPTH_MAX) {
		return false;
	}

	const struct node *key = n->args[1];
	bool constant = key->kind == NODE_LITERAL && key->u.literal.kind == VALUE_STRING;

	path->keys[path->n++] = constant                     ? key->u.literal.u.s
				: key->kind == NODE_WILDCARD ? STR("*")
							     : STR("[]");
	return true;
}

/* An object filter may stand for any one key; a computed key for an element of an array. */
static bool matches(const struct path *path, const char *source)
{
	struct str rest = str_of(source);

	for (size_t i = 0; i < path->n; i++) {
		struct str key = rest.p ? str_cut(&rest, '.') : STR_EMPTY;

		bool element = str_eq(key, STR("*")) && str_eq(path->keys[i], STR("[]"));

		if (key.len == 0 || (!element && !str_ieq(key, path->keys[i]) &&
				     !str_eq(path->keys[i], STR("*")))) {
			return false;
		}
	}
	return !rest.p;
}

static void check_chain(const struct untrusted *u, const struct node *n)
{
	struct path path = { .n = 0 };
	const char *found = NULL;

	if (!chain_path(n, &path)) {
		return;
	}
	for (size_t i = 0; i < NSOURCES && !found; i++) {
		found = matches(&path, sources[i]) ? sources[i] : NULL;
	}
	if (found) {
		const struct node *first = node_first(n);

		(void)check_warn(u->c, check_span(u->c, u->tok, u->base + first->at, first->len),
				 "expression",
				 "\"%s\" is potentially untrusted: in a script it can become code. "
				 "Pass it by an environment variable",
				 found);
	}
}

/* Whether a call's result can hold what an argument holds. */
static bool passes_on(struct str name)
{
	static const struct str closed[] = { STR_INIT("contains"), STR_INIT("startsWith"),
					     STR_INIT("endsWith"), STR_INIT("hashFiles") };

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		if (str_ieq(closed[i], name)) {
			return false;
		}
	}
	return true;
}

static void walk(const struct untrusted *u, const struct node *n);

static void walk_keys(const struct untrusted *u, const struct node *n)
{
	for (; n->kind == NODE_INDEX; n = n->args[0]) {
		walk(u, n->args[1]);
	}
	if (n->kind != NODE_NAMED) {
		walk(u, n);
	}
}

static void walk(const struct untrusted *u, const struct node *n)
{
	switch (n->kind) {
	case NODE_INDEX:
		check_chain(u, n);
		walk_keys(u, n);
		break;
	case NODE_CALL:
	case NODE_OR:
		for (size_t i = 0; (n->kind == NODE_OR || passes_on(n->name)) && i < n->nargs;
		     i++) {
			walk(u, n->args[i]);
		}
		break;
	case NODE_AND: /* the others come out only where they are empty */
		walk(u, n->args[n->nargs - 1]);
		break;
	case NODE_LITERAL:
	case NODE_NAMED:
	case NODE_WILDCARD:
	case NODE_NOT:
	case NODE_EQ:
	case NODE_NE:
	case NODE_LT:
	case NODE_LE:
	case NODE_GT:
	case NODE_GE:
	default:
		break;
	}
}

void check_untrusted(struct check *c, const struct tok *t, size_t base, const struct node *n)
{
	walk(&(struct untrusted){ c, t, base }, n);
}
