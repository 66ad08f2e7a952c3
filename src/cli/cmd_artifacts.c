/*
 * cmd_artifacts.c - `act-c artifacts`: what the kept runs uploaded.
 */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/ansi.h"
#include "actc/artifacts.h"
#include "actc/file.h"
#include "actc/rundir.h"
#include "actc/sha256.h"
#include "actc/value.h"
#include "stored.h"

struct found {
	struct str run;
	struct artifact artifact;
};

struct search {
	struct arena *a;
	struct str state;
	VEC(struct found) found; /* newest run first */
};

static int newest_first(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)b, *(const struct str *)a);
}

static bool add_run(struct search *s, struct str run, struct err *err)
{
	struct str dir = arena_printf(s->a, "%.*s/runs/%.*s", STR_ARG(s->state), STR_ARG(run));
	struct artifact *all = NULL;
	size_t n = 0;

	if (!artifacts_read(s->a, dir, &all, &n, err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		vec_push(s->a, &s->found, (struct found){ run, all[i] });
	}
	return true;
}

/* Of all kept runs, or of the one. */
static bool search(struct search *s, struct str only, struct err *err)
{
	DIR *d = opendir(arena_printf(s->a, "%.*s/runs", STR_ARG(s->state)).p);
	VEC(struct str) runs = { 0 };
	struct dirent *e;
	bool ok = true;

	while (d && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.' && (!only.len || str_eq(only, str_of(e->d_name)))) {
			vec_push(s->a, &runs, arena_str(s->a, str_of(e->d_name)));
		}
	}
	if (d) {
		(void)closedir(d);
	}
	if (only.len && runs.n == 0) {
		return err_set(err, ERR_NOTHING, "there is no kept run %.*s", STR_ARG(only));
	}
	if (runs.n) {
		qsort(runs.v, runs.n, sizeof(*runs.v), newest_first);
	}
	for (size_t i = 0; ok && i < runs.n; i++) {
		ok = add_run(s, runs.v[i], err);
	}
	return ok;
}

static void set_str(struct arena *a, struct vobject *o, struct str key, struct str value)
{
	vobject_set(a, o, key, value_str(value));
}

static int list_json(const struct search *s)
{
	struct varray *list = varray_new(s->a);

	for (size_t i = 0; i < s->found.n; i++) {
		const struct found *f = &s->found.v[i];
		struct vobject *o = vobject_new(s->a, true);

		set_str(s->a, o, STR("run"), f->run);
		set_str(s->a, o, STR("job"), f->artifact.job);
		set_str(s->a, o, STR("name"), f->artifact.name);
		vobject_set(s->a, o, STR("id"), value_number((double)f->artifact.id));
		vobject_set(s->a, o, STR("size"), value_number((double)f->artifact.size));
		set_str(s->a, o, STR("type"), f->artifact.type);
		set_str(s->a, o, STR("digest"), f->artifact.digest);
		varray_push(s->a, list, value_object(o));
	}
	(void)printf("%.*s\n", STR_ARG(value_to_json(s->a, value_array(list))));
	return EXIT_OK;
}

static int list(struct options *o, struct search *s)
{
	struct err err = ERR_INIT;
	int width = 4;

	if (!search(s, o->nargs > 1 ? o->args[1] : STR_EMPTY, &err)) {
		return cli_fail(&err);
	}
	if (o->json) {
		return list_json(s);
	}
	if (s->found.n == 0) {
		(void)fprintf(stderr, "act-c: no kept run has artifacts\n");
		return EXIT_OK;
	}
	for (size_t i = 0; i < s->found.n; i++) {
		int len = (int)s->found.v[i].artifact.name.len;

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < s->found.n; i++) {
		const struct found *f = &s->found.v[i];

		(void)printf("%.*s  %-*.*s  %8s  %10s  %.*s\n", STR_ARG(f->run), width,
			     STR_ARG(f->artifact.name), stored_size(s->a, f->artifact.size).p,
			     stored_age(s->a, f->artifact.created_ms).p, STR_ARG(f->artifact.job));
	}
	return EXIT_OK;
}

/* --- get -------------------------------------------------------------------------------------- */

static bool copy(int from, int to, struct sha256 *hash, struct err *err)
{
	static char chunk[256 * 1024];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) > 0) {
		sha256_add(hash, chunk, (size_t)n);
		if (!write_all(to, chunk, (size_t)n)) {
			return err_sys(err, errno, "write");
		}
	}
	return n == 0 || err_sys(err, errno, "read");
}

static bool check_digest(struct sha256 *hash, struct str wanted, struct err *err)
{
	uint8_t digest[32];
	char hex[65];

	sha256_end(hash, digest);
	sha256_hex(digest, hex);
	return wanted.len == 0 || str_eq(str_slice(wanted, 7, wanted.len), str_of(hex)) ||
	       err_set(err, ERR_INVALID,
		       "its bytes are not those that were announced: %.*s, not sha256:%s",
		       STR_ARG(wanted), hex);
}

/* A new file: nothing of the user's is overwritten. */
static bool write_out(const struct found *f, struct str source, const char *target, struct err *err)
{
	int from = open(source.p, O_RDONLY | O_CLOEXEC);
	int to = from < 0 ? -1 : open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	struct sha256 hash;
	bool ok = to >= 0 || err_sys(err, errno, "%s", from < 0 ? source.p : target);

	sha256_init(&hash);
	ok = ok && copy(from, to, &hash, err) && check_digest(&hash, f->artifact.digest, err);
	if (from >= 0) {
		(void)close(from);
	}
	if (to >= 0) {
		ok = close(to) == 0 && ok;
		if (!ok) {
			(void)unlink(target);
		}
	}
	return ok;
}

/* Of several in one run, which workflows of their own uploaded, the newest: it is named. */
static const struct found *choose(struct search *s, struct str name)
{
	const struct found *chosen = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->found.n; i++) {
		const struct found *f = &s->found.v[i];

		if (str_eq(f->artifact.name, name) && (!chosen || str_eq(f->run, chosen->run))) {
			chosen = f;
			n++;
		}
	}
	if (n > 1) {
		(void)fprintf(stderr, "act-c: %zu artifacts have that name; this is the one of ",
			      n);
		ansi_print(stderr, chosen->artifact.job);
		(void)fputc('\n', stderr);
	}
	return chosen;
}

/* NAME of the newest run that has it, or RUN/NAME. */
static int get(struct options *o, struct search *s)
{
	struct str name = o->nargs > 1 ? o->args[1] : STR_EMPTY, run = STR_EMPTY;
	struct str dir = o->nargs > 2 ? o->args[2] : STR(".");
	size_t slash = str_chr(name, '/', 0);
	const struct found *f;
	struct err err = ERR_INIT;

	if (name.len == 0) {
		return cli_usage(o, "'act-c artifacts get' wants the name of an artifact");
	}
	if (slash != STR_NPOS) {
		run = str_slice(name, 0, slash);
		name = str_slice(name, slash + 1, name.len);
	}
	if (!search(s, run, &err)) {
		return cli_fail(&err);
	}
	f = choose(s, name);
	if (!f) {
		(void)fprintf(stderr, "act-c: there is no artifact '%.*s' in %s\n", STR_ARG(name),
			      run.len ? "that run" : "any kept run");
		return EXIT_NOTHING;
	}

	bool zip = str_eq(f->artifact.type, STR("application/zip"));
	const char *target =
		arena_printf(s->a, "%.*s/%.*s%s", STR_ARG(dir), STR_ARG(name), zip ? ".zip" : "").p;
	struct str run_dir =
		arena_printf(s->a, "%.*s/runs/%.*s", STR_ARG(s->state), STR_ARG(f->run));

	if (!make_dirs(arena_cstr(s->a, dir), 0755, &err) ||
	    !write_out(f, artifact_file(s->a, run_dir, f->artifact.id), target, &err)) {
		return cli_fail(&err);
	}
	(void)printf("%s\n", target);
	return EXIT_OK;
}

int cmd_artifacts(struct options *o)
{
	struct search s = { .a = &o->arena };
	struct rundir home;
	struct err err = ERR_INIT;
	struct str what = o->nargs ? o->args[0] : STR("list");

	if (!rundir_home(s.a, &home, &err)) {
		return cli_fail(&err);
	}
	s.state = home.state;
	if (str_eq(what, STR("list"))) {
		return o->nargs > 2 ? cli_usage(o, "'act-c artifacts list' takes one run at most")
				    : list(o, &s);
	}
	return str_eq(what, STR("get"))
		       ? get(o, &s)
		       : cli_usage(o, "'act-c artifacts' has list and get, not '%.*s'",
				   STR_ARG(what));
}
