/*
 * cmd_cache.c - `act-c cache`: what actions/cache and its kin saved, of the repository that one is
 * in, or of all where that is none.
 */
#include "cli.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/cache.h"
#include "actc/repo.h"
#include "actc/value.h"
#include "stored.h"

struct repositories {
	struct arena *a;
	struct str home;
	VEC(struct str) names; /* OWNER/NAME, sorted */
};

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The directories of a directory, as PREFIX/NAME. */
static void add_directories(struct repositories *r, struct str prefix, struct str path, int depth)
{
	DIR *d = opendir(path.p);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		struct str name = str_of(e->d_name);

		if (name.p[0] == '.' || e->d_type != DT_DIR) {
			continue;
		}
		if (depth == 1) {
			add_directories(
				r, arena_printf(r->a, "%.*s/", STR_ARG(name)),
				arena_printf(r->a, "%.*s/%.*s", STR_ARG(path), STR_ARG(name)), 2);
		} else {
			vec_push(r->a, &r->names,
				 arena_printf(r->a, "%.*s%.*s", STR_ARG(prefix), STR_ARG(name)));
		}
	}
	if (d) {
		(void)closedir(d);
	}
}

static bool find_repositories(struct options *o, struct repositories *r, struct err *err)
{
	struct repo_facts facts;

	r->a = &o->arena;
	if (!cache_home(r->a, &r->home, err) ||
	    !repo_read(r->a, STR("."), o->remote_name, &facts, err)) {
		return false;
	}
	if (facts.found) {
		vec_push(
			r->a, &r->names,
			arena_printf(r->a, "%.*s/%.*s", STR_ARG(facts.owner), STR_ARG(facts.name)));
		return true;
	}
	add_directories(r, STR_EMPTY, r->home, 1);
	if (r->names.n) {
		qsort(r->names.v, r->names.n, sizeof(*r->names.v), by_name);
	}
	return true;
}

static struct str directory(const struct repositories *r, size_t i)
{
	return arena_printf(r->a, "%.*s/%.*s", STR_ARG(r->home), STR_ARG(r->names.v[i]));
}

static struct value as_json(struct arena *a, struct str repository, const struct cache_entry *e)
{
	struct vobject *o = vobject_new(a, true);
	int64_t created = e->created_ms / 1000, used = e->used_ms / 1000;

	vobject_set(a, o, STR("repository"), value_str(repository));
	vobject_set(a, o, STR("key"), value_str(e->key));
	vobject_set(a, o, STR("version"), value_str(e->version));
	vobject_set(a, o, STR("scope"), value_str(e->scope));
	vobject_set(a, o, STR("size"), value_number((double)e->size));
	vobject_set(a, o, STR("created"), value_number((double)created));
	vobject_set(a, o, STR("used"), value_number((double)used));
	return value_object(o);
}

static void print_entry(struct arena *a, const struct cache_entry *e)
{
	(void)printf("  %8s  %10s  %.*s  (%.*s)\n", stored_size(a, e->size).p,
		     stored_age(a, e->used_ms).p, STR_ARG(e->key), STR_ARG(e->scope));
}

static int list(struct options *o, struct repositories *r, struct str prefix)
{
	struct varray *json = varray_new(r->a);
	struct err err = ERR_INIT;
	size_t shown = 0;

	for (size_t i = 0; i < r->names.n; i++) {
		struct cache_entry *all = NULL;
		size_t n = 0;
		bool titled = false;

		if (!cache_read(r->a, directory(r, i), &all, &n, &err)) {
			return cli_fail(&err);
		}
		for (size_t k = 0; k < n; k++) {
			if (!str_starts(all[k].key, prefix)) {
				continue;
			}
			if (!o->json && !titled) {
				(void)printf("%.*s\n", STR_ARG(r->names.v[i]));
				titled = true;
			}
			if (!o->json) {
				print_entry(r->a, &all[k]);
			}
			varray_push(r->a, json, as_json(r->a, r->names.v[i], &all[k]));
			shown++;
		}
	}
	if (o->json) {
		(void)printf("%.*s\n", STR_ARG(value_to_json(r->a, value_array(json))));
	} else if (shown == 0) {
		(void)fprintf(stderr, "act-c: no caches\n");
	}
	return EXIT_OK;
}

static int clean(struct repositories *r, struct str prefix)
{
	struct err err = ERR_INIT;
	size_t entries = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < r->names.n; i++) {
		if (!cache_remove(directory(r, i), prefix, &entries, &bytes, &err)) {
			return cli_fail(&err);
		}
	}
	(void)printf("removed %zu cache%s, %s\n", entries, entries == 1 ? "" : "s",
		     stored_size(r->a, bytes).p);
	return EXIT_OK;
}

int cmd_cache(struct options *o)
{
	struct repositories r = { .home = STR_EMPTY };
	struct str what = o->nargs ? o->args[0] : STR("list");
	struct str prefix = o->nargs > 1 ? o->args[1] : STR_EMPTY;
	struct err err = ERR_INIT;
	bool lists = str_eq(what, STR("list"));

	if (!lists && !str_eq(what, STR("clean"))) {
		return cli_usage(o, "'act-c cache' has list and clean, not '%.*s'", STR_ARG(what));
	}
	if (!find_repositories(o, &r, &err)) {
		return cli_fail(&err);
	}
	return lists ? list(o, &r, prefix) : clean(&r, prefix);
}
