/*
 * cmd_actions.c - `act-c actions`: the repositories of actions and called workflows that are kept
 * on this machine: which there are, fetching them before they are needed, removing them.
 */
#include <stdio.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/uses.h"
#include "actc/value.h"
#include "remotes.h"

enum { SHORT_COMMIT = 12 };

struct request {
	struct options *o;
	struct arena *a;
	struct remotes remotes;
	struct run_values values;
	size_t n; /* references behind the verb */
	const struct str *refs;
};

/* --- list ---------------------------------------------------------------------------------------
 */

static struct str ago(struct arena *a, long s)
{
	static const struct {
		long s;
		const char *unit;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (s >= units[i].s) {
			return arena_printf(a, "%ld %s%s ago", s / units[i].s, units[i].unit,
					    s / units[i].s == 1 ? "" : "s");
		}
	}
	return STR("just now");
}

static struct str name_of(struct arena *a, const struct action_kept *k)
{
	bool github = str_eq(k->host, STR("github.com"));

	return arena_printf(a, "%.*s%s%.*s/%.*s", STR_ARG(github ? STR_EMPTY : k->host),
			    github ? "" : "/", STR_ARG(k->owner), STR_ARG(k->repo));
}

static void print_kept(struct arena *a, const struct action_kept *v, size_t n)
{
	int width = 0;

	for (size_t i = 0; i < n; i++) {
		int len = (int)name_of(a, &v[i]).len;

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < n; i++) {
		(void)printf("%-*s  %.*s  %8.1f KiB  %.*s%s%.*s\n", width, name_of(a, &v[i]).p,
			     SHORT_COMMIT, v[i].commit.p, (double)tree_size(v[i].dir.p) / 1024,
			     STR_ARG(ago(a, v[i].age_s)), v[i].refs.len ? "  " : "",
			     STR_ARG(v[i].refs));
	}
}

static void print_json(struct arena *a, const struct action_kept *v, size_t n)
{
	struct strbuf out = STRBUF_INIT(0);
	struct varray *all = varray_new(a);

	for (size_t i = 0; i < n; i++) {
		struct vobject *o = vobject_new(a, true);

		vobject_set(a, o, STR("repository"), value_str(name_of(a, &v[i])));
		vobject_set(a, o, STR("commit"), value_str(v[i].commit));
		vobject_set(a, o, STR("refs"), value_str(v[i].refs));
		vobject_set(a, o, STR("directory"), value_str(v[i].dir));
		vobject_set(a, o, STR("bytes"), value_number((double)tree_size(v[i].dir.p)));
		varray_push(a, all, value_object(o));
	}
	value_to_json_line(&out, value_array(all));
	(void)printf("%.*s\n", STR_ARG(strbuf_str(&out)));
	strbuf_release(&out);
}

static int list(struct request *r)
{
	struct action_kept *v;
	struct err err = ERR_INIT;
	size_t n;

	if (r->n) {
		return cli_usage(r->o, "'act-c actions list' takes no names");
	}
	if (!action_store_list(r->a, r->remotes.store, &v, &n, &err)) {
		return cli_fail(&err);
	}
	if (r->o->json) {
		print_json(r->a, v, n);
	} else {
		print_kept(r->a, v, n);
	}
	return EXIT_OK;
}

/* --- fetch --------------------------------------------------------------------------------------
 */

static void tell(const struct action_fetch *f, struct str name)
{
	if (f->tree.len == 0) {
		(void)fprintf(stderr, "act-c: %.*s\n", STR_ARG(f->error));
		return;
	}
	if (f->note.len) {
		(void)fprintf(stderr, "act-c: warning: %.*s\n", STR_ARG(f->note));
	}
	(void)printf("%.*s  %.*s  %s\n", STR_ARG(name),
		     STR_ARG(f->commit.len ? f->commit : f->tree),
		     f->fetched ? "fetched" : "was there");
}

static int fetch_named(struct request *r)
{
	struct action_fetch *v = arena_array(r->a, struct action_fetch, r->n);

	for (size_t i = 0; i < r->n; i++) {
		struct str why;

		v[i].pin = STR_EMPTY;
		if (!action_ref_parse(r->a, r->refs[i], &v[i].ref, &why)) {
			return cli_usage(r->o, "%.*s", STR_ARG(why));
		}
	}

	bool ok = action_store_fetch(r->a, r->remotes.store, v, r->n);

	for (size_t i = 0; i < r->n; i++) {
		tell(&v[i], r->refs[i]);
	}
	return ok ? EXIT_OK : EXIT_FAILED;
}

/* All that the workflows here use. */
static int fetch_used(struct request *r)
{
	struct options *o = r->o;
	struct sources sources = { .arena = r->a };
	struct diags diags = { .arena = r->a, .sources = &sources };
	struct workflow_files files = { 0 };
	struct uses uses;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!workflow_files_load(r->a, o->workflows.v, o->workflows.n, &diags, &files, &err)) {
		return cli_fail(&err);
	}

	const struct workflow **v = arena_array(r->a, const struct workflow *, files.n);

	for (size_t i = 0; i < files.n; i++) {
		if (files.v[i].workflow) {
			v[n++] = files.v[i].workflow;
		}
	}

	struct uses_spec spec = {
		.store = r->remotes.store, .root = STR_EMPTY, .workflows = v, .n = n, .called = true
	};
	bool ok = uses_collect(r->a, &spec, &uses);

	diags_print(&diags, stderr, options_colour(o, STDERR_FILENO));
	for (size_t i = 0; i < uses.nodes.n; i++) {
		tell(&uses.nodes.v[i].fetch, uses.nodes.v[i].key);
	}
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int fetch(struct request *r)
{
	struct err err = ERR_INIT;

	if (!remotes_values(&r->remotes, &err)) {
		return cli_fail(&err);
	}
	return r->n ? fetch_named(r) : fetch_used(r);
}

/* --- clean --------------------------------------------------------------------------------------
 */

static bool in_list(struct str list, struct str one)
{
	while (list.p) {
		if (str_eq(str_trim(str_cut(&list, ',')), one)) {
			return true;
		}
	}
	return false;
}

/* "owner/repo", or "owner/repo@ref" of a ref or commit. */
static bool is_meant(struct arena *a, const struct action_kept *k, struct str name)
{
	struct str ref = name, repo = str_cut(&ref, '@');
	struct str full = arena_printf(a, "%.*s/%.*s", STR_ARG(k->owner), STR_ARG(k->repo));

	return (str_ieq(repo, full) || str_ieq(repo, name_of(a, k))) &&
	       (!ref.p || str_ieq(ref, k->commit) || in_list(k->refs, ref));
}

static bool is_chosen(struct request *r, const struct action_kept *k)
{
	for (size_t i = 0; i < r->n; i++) {
		if (is_meant(r->a, k, r->refs[i])) {
			return true;
		}
	}
	return r->n == 0;
}

static int clean(struct request *r)
{
	struct action_kept *v;
	struct err err = ERR_INIT;
	size_t n, removed = 0;

	if (!action_store_list(r->a, r->remotes.store, &v, &n, &err)) {
		return cli_fail(&err);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_chosen(r, &v[i])) {
			if (!action_store_remove(r->remotes.store, &v[i], &err)) {
				return cli_fail(&err);
			}
			removed++;
		}
	}
	(void)printf("removed %zu action%s\n", removed, removed == 1 ? "" : "s");
	return removed || r->n == 0 ? EXIT_OK : EXIT_NOTHING;
}

static const struct {
	struct str name;
	int (*run)(struct request *r);
} verbs[] = {
	{ STR_INIT("list"), list },
	{ STR_INIT("fetch"), fetch },
	{ STR_INIT("clean"), clean },
};

int cmd_actions(struct options *o)
{
	struct request r = { .o = o, .a = &o->arena };
	struct str verb = o->nargs ? o->args[0] : STR("list");
	struct err err = ERR_INIT;

	r.n = o->nargs ? o->nargs - 1 : 0;
	r.refs = o->args + 1;
	if (!remotes_open(&r.remotes, o, &r.values, &err)) {
		return cli_fail(&err);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (str_eq(verb, verbs[i].name)) {
			return verbs[i].run(&r);
		}
	}
	return cli_usage(o, "'act-c actions' wants list, fetch or clean");
}
