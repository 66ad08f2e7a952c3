/*
 * rule_labels.c - labels of runs-on that no runner of GitHub has, and labels of two systems at
 * once. Labels of one's own runners are named in .github/actionlint.yaml.
 */
#include "check.h"

#include "actc/glob.h"
#include "labels.h"

#define KIND "runner-label"

enum os { OS_NONE, OS_LINUX, OS_MAC, OS_WINDOWS };

static const struct {
	struct str name;
	enum os os;
} hosted[] = {
	{ STR_INIT("ubuntu-latest"), OS_LINUX },
	{ STR_INIT("ubuntu-26.04"), OS_LINUX },
	{ STR_INIT("ubuntu-26.04-arm"), OS_LINUX },
	{ STR_INIT("ubuntu-24.04"), OS_LINUX },
	{ STR_INIT("ubuntu-24.04-arm"), OS_LINUX },
	{ STR_INIT("ubuntu-22.04"), OS_LINUX },
	{ STR_INIT("ubuntu-22.04-arm"), OS_LINUX },
	{ STR_INIT("ubuntu-slim"), OS_LINUX },
	{ STR_INIT("ubuntu-latest-4-cores"), OS_LINUX },
	{ STR_INIT("ubuntu-latest-8-cores"), OS_LINUX },
	{ STR_INIT("ubuntu-latest-16-cores"), OS_LINUX },
	{ STR_INIT("macos-latest"), OS_MAC },
	{ STR_INIT("macos-latest-large"), OS_MAC },
	{ STR_INIT("macos-latest-xlarge"), OS_MAC },
	{ STR_INIT("macos-26"), OS_MAC },
	{ STR_INIT("macos-26-intel"), OS_MAC },
	{ STR_INIT("macos-26-large"), OS_MAC },
	{ STR_INIT("macos-26-xlarge"), OS_MAC },
	{ STR_INIT("macos-15"), OS_MAC },
	{ STR_INIT("macos-15-intel"), OS_MAC },
	{ STR_INIT("macos-15-large"), OS_MAC },
	{ STR_INIT("macos-15-xlarge"), OS_MAC },
	{ STR_INIT("macos-14"), OS_MAC },
	{ STR_INIT("macos-14-large"), OS_MAC },
	{ STR_INIT("macos-14-xlarge"), OS_MAC },
	{ STR_INIT("windows-latest"), OS_WINDOWS },
	{ STR_INIT("windows-latest-8-cores"), OS_WINDOWS },
	{ STR_INIT("windows-2025"), OS_WINDOWS },
	{ STR_INIT("windows-2025-vs2026"), OS_WINDOWS },
	{ STR_INIT("windows-2022"), OS_WINDOWS },
	{ STR_INIT("windows-11-arm"), OS_WINDOWS },
	/* Every self-hosted runner has some of these. */
	{ STR_INIT("self-hosted"), OS_NONE },
	{ STR_INIT("x64"), OS_NONE },
	{ STR_INIT("arm"), OS_NONE },
	{ STR_INIT("arm64"), OS_NONE },
	{ STR_INIT("linux"), OS_LINUX },
	{ STR_INIT("macos"), OS_MAC },
	{ STR_INIT("windows"), OS_WINDOWS },
};

enum { NHOSTED = sizeof(hosted) / sizeof(hosted[0]) };

static size_t find_hosted(struct str label)
{
	for (size_t i = 0; i < NHOSTED; i++) {
		if (str_ieq(hosted[i].name, label)) {
			return i;
		}
	}
	return NHOSTED;
}

/* "22.04", "14-large": a version of an image of GitHub's, and what it comes in. */
static bool is_version(struct str s)
{
	static const struct str variants[] = { STR_INIT("arm"), STR_INIT("large"),
					       STR_INIT("xlarge"), STR_INIT("intel") };
	struct str number = str_cut(&s, '-');

	for (size_t i = 0; i < number.len; i++) {
		if (number.p[i] != '.' && (number.p[i] < '0' || number.p[i] > '9')) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (s.p && str_ieq(variants[i], s)) {
			return number.len > 0;
		}
	}
	return number.len > 0 && !s.p;
}

/* What can only be meant for a runner of GitHub's: an image that is gone, or a slip of the pen.
 * Other labels are those of somebody's own runners, which may have any name. */
static bool looks_hosted(struct str label)
{
	static const struct str prefixes[] = { STR_INIT("ubuntu-"), STR_INIT("macos-"),
					       STR_INIT("windows-") };
	enum { SLIP = 3 };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct str rest = str_slice(label, prefixes[i].len, label.len);

		if (label.len > prefixes[i].len &&
		    str_ieq(str_slice(label, 0, prefixes[i].len), prefixes[i])) {
			return is_version(rest) || diag_distance(rest, STR("latest")) <= SLIP;
		}
	}
	return str_ends(label, STR("-latest")) &&
	       str_chr(label, '-', 0) == label.len - strlen("-latest");
}

static bool is_own(const struct check_project *p, struct str label)
{
	for (size_t i = 0; i < p->labels.n; i++) {
		if (glob_segment(p->labels.v[i], label)) {
			return true;
		}
	}
	return false;
}

/* The labels of one runs-on, seen from one place: the first that names a system. */
struct labels {
	struct check *c;
	bool self_hosted;
	enum os os;
	struct str first;
};

static void conflict(struct labels *l, struct str label, struct span at, enum os os)
{
	if (os == OS_NONE) {
		return;
	}
	if (l->os == OS_NONE) {
		l->os = os;
		l->first = label;
	} else if (l->os != os) {
		(void)check_warn(
			l->c, at, KIND,
			"label \"%.*s\" conflicts with label \"%.*s\": no runner has both. A "
			"matrix runs the job on each",
			STR_ARG(label), STR_ARG(l->first));
	}
}

static void check_label(struct labels *l, struct str label, struct span at)
{
	size_t i = find_hosted(label);
	struct str names[NHOSTED];

	if (i < NHOSTED) {
		conflict(l, label, at, hosted[i].os);
		return;
	}
	if (is_own(l->c->project, label)) {
		return;
	}
	if (l->c->project->labels.n == 0 && (l->self_hosted || !looks_hosted(label))) {
		return;
	}
	for (i = 0; i < NHOSTED; i++) {
		names[i] = hosted[i].name;
	}

	struct diag *d =
		check_warn(l->c, at, KIND,
			   "label \"%.*s\" is unknown: no runner of GitHub has it. Labels of "
			   "your own runners are named in .github/actionlint.yaml",
			   STR_ARG(label));
	struct str near = diag_nearest(label, names, NHOSTED);

	if (near.len && !is_version(str_slice(label, str_chr(label, '-', 0) + 1, label.len))) {
		d->hint = arena_printf(l->c->a, "did you mean '%.*s'?", STR_ARG(near));
	}
}

/* `${{ matrix.KEY }}` and nothing else: KEY, else empty. */
static struct str matrix_key(const struct tok *t)
{
	const struct node *n = t->kind == TOK_EXPR && t->whole ? t->u.e->root : NULL;

	if (!n || n->kind != NODE_INDEX || n->args[0]->kind != NODE_NAMED ||
	    !str_eq(n->args[0]->u.lower, STR("matrix")) || n->args[1]->kind != NODE_LITERAL ||
	    n->args[1]->u.literal.kind != VALUE_STRING) {
		return STR_EMPTY;
	}
	return n->args[1]->u.literal.u.s;
}

static void check_value(struct labels *l, const struct tok *t)
{
	struct str text = check_literal(t);

	if (text.p) {
		check_label(l, text, t->at);
	} else if (t->bad && t->from && t->from->kind <= YAML_STRING && t->from->text.len == 0) {
		(void)check_warn(l->c, t->at, KIND, "no runner has an empty label");
	} else if (t->kind == TOK_SEQ) {
		for (size_t i = 0; i < t->u.seq.n; i++) {
			check_value(l, t->u.seq.items[i]);
		}
	}
}

/* Each value on its own, with the labels that are written beside it. */
static void check_matrix(struct labels *l, const struct tok *matrix, struct str key)
{
	const struct tok *include = check_get(matrix, "include");
	const struct tok *row = matrix && matrix->kind == TOK_MAP ? tok_get(matrix, key) : NULL;

	for (size_t i = 0; row && row->kind == TOK_SEQ && i < row->u.seq.n; i++) {
		struct labels one = *l;

		check_value(&one, row->u.seq.items[i]);
	}
	for (size_t i = 0; include && include->kind == TOK_SEQ && i < include->u.seq.n; i++) {
		const struct tok *item = include->u.seq.items[i];
		const struct tok *v = item->kind == TOK_MAP ? tok_get(item, key) : NULL;
		struct labels one = *l;

		if (v) {
			check_value(&one, v);
		}
	}
}

static void check_list(struct labels *l, const struct tok *matrix, const struct tok *t)
{
	size_t n = t->kind == TOK_SEQ ? t->u.seq.n : 1;

	for (size_t i = 0; i < n; i++) {
		const struct tok *item = t->kind == TOK_SEQ ? t->u.seq.items[i] : t;

		l->self_hosted = l->self_hosted || str_ieq(check_literal(item), STR("self-hosted"));
	}
	for (size_t i = 0; i < n; i++) {
		check_value(l, t->kind == TOK_SEQ ? t->u.seq.items[i] : t);
	}
	for (size_t i = 0; i < n; i++) {
		struct str key = matrix_key(t->kind == TOK_SEQ ? t->u.seq.items[i] : t);

		if (key.len) {
			check_matrix(l, matrix, key);
		}
	}
}

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *runs_on = check_get(job->map, "runs-on");
	struct labels l = { .c = c, .first = STR_EMPTY };

	if (runs_on && runs_on->kind == TOK_MAP) {
		/* What a group's runners are called is the group's business. */
		l.self_hosted = check_get(runs_on, "group") != NULL;
		runs_on = check_get(runs_on, "labels");
	}
	if (runs_on) {
		check_list(&l, check_get(check_get(job->map, "strategy"), "matrix"), runs_on);
	}
}

static enum platform platform_of(struct str label)
{
	size_t i = find_hosted(label);

	if (i == NHOSTED || hosted[i].os == OS_NONE) {
		return PLATFORM_ANY;
	}
	return hosted[i].os == OS_WINDOWS ? PLATFORM_WINDOWS : PLATFORM_UNIX;
}

enum platform labels_platform(const struct tok *runs_on)
{
	enum platform found = PLATFORM_ANY;

	if (runs_on && runs_on->kind == TOK_MAP) {
		runs_on = check_get(runs_on, "labels");
	}
	if (!runs_on || (runs_on->kind != TOK_SEQ && !check_literal(runs_on).p)) {
		return PLATFORM_ANY;
	}
	if (runs_on->kind != TOK_SEQ) {
		return platform_of(check_literal(runs_on));
	}
	for (size_t i = 0; i < runs_on->u.seq.n; i++) {
		struct str label = check_literal(runs_on->u.seq.items[i]);
		enum platform one = label.p ? platform_of(label) : PLATFORM_ANY;

		if (!label.p || (one != PLATFORM_ANY && found != PLATFORM_ANY && one != found)) {
			return PLATFORM_ANY;
		}
		found = one == PLATFORM_ANY ? found : one;
	}
	return found;
}

const struct rule rule_labels = { NULL, check_job, NULL };
