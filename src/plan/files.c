/*
 * files.c - finding and reading workflow files: what -W says, or .github/workflows.
 *
 * Not for choosing among them (select.c). Files are shown as they were reached, so that a message's
 * path can be clicked on. Many are read by several threads, each with its own arena and
 * diagnostics; the sources are complete before and only looked at.
 */
#include "actc/plan.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/strbuf.h"

/* GitHub's limit is in characters and checked by the reader; this one only bounds the memory. */
enum {
	FILE_MAX = 32 << 20,
	SHARES_MAX = 8,
	SHARE_LEAST = 6, /* files that are worth a thread */
};

struct loading {
	struct arena *a;
	struct diags *diags; /* NULL: only the paths are wanted */
	VEC(struct workflow_file) files;
};

static bool is_workflow_name(struct str name)
{
	return name.p[0] != '.' && (str_ends(name, STR(".yml")) || str_ends(name, STR(".yaml")));
}

/* Without the path that the message begins with. */
static struct str reason(const struct err *err, struct str path)
{
	struct str msg = str_of(err->msg);

	return str_starts(msg, path) && str_starts(str_slice(msg, path.len, msg.len), STR(": "))
		       ? str_slice(msg, path.len + 2, msg.len)
		       : msg;
}

static void read_text(struct arena *a, struct workflow_file *f, struct diags *diags)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;

	f->readable = read_file(arena_cstr(a, f->path), &text, &err);
	f->file = sources_add(diags->sources, f->path, strbuf_str(&text));
	strbuf_release(&text);
	if (!f->readable) {
		diag_file_error(diags, f->file, "file", "%.*s", STR_ARG(reason(&err, f->path)));
		err_release(&err);
	}
}

/* Its text; the model comes when all texts are there. */
static void load_file(struct loading *l, struct str path, bool named)
{
	struct workflow_file f = { .path = arena_str(l->a, path), .named = named };

	if (l->diags) {
		read_text(l->a, &f, l->diags);
	}
	vec_push(l->a, &l->files, f);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* ./ at the front and / at the end say nothing, and neither does the current directory: GitHub
 * names a workflow by its path in the repository. */
static struct str tidy(struct arena *a, struct str path)
{
	char *here = realpath(".", NULL);
	struct str prefix = here ? arena_printf(a, "%s/", here) : STR_EMPTY;

	free(here);
	if (prefix.len > 1 && path.len > prefix.len && str_starts(path, prefix)) {
		path = str_slice(path, prefix.len, path.len);
	}
	while (path.len > 1 && path.p[path.len - 1] == '/') {
		path.len--;
	}
	while (path.len > 2 && str_starts(path, STR("./"))) {
		path = str_slice(path, 2, path.len);
	}
	return path;
}

/* Where the directory says what it holds nothing is asked. */
static bool is_directory(struct str path, const struct dirent *e)
{
	struct stat st;

	return e->d_type == DT_UNKNOWN || e->d_type == DT_LNK
		       ? stat(path.p, &st) == 0 && S_ISDIR(st.st_mode)
		       : e->d_type == DT_DIR;
}

static bool load_directory(struct loading *l, struct str path, struct err *err)
{
	DIR *dir = opendir(arena_cstr(l->a, path));
	VEC(struct str) names = { 0 };

	if (!dir) {
		return err_sys(err, errno, "%.*s", STR_ARG(path));
	}
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (is_workflow_name(str_of(e->d_name))) {
			struct str name = arena_printf(l->a, "%.*s/%s", STR_ARG(path), e->d_name);

			if (!is_directory(name, e)) {
				vec_push(l->a, &names, name);
			}
		}
	}
	(void)closedir(dir);
	if (names.n) {
		qsort(names.v, names.n, sizeof(names.v[0]), by_name);
	}
	for (size_t i = 0; i < names.n; i++) {
		load_file(l, names.v[i], false);
	}
	return true;
}

static bool load_path(struct loading *l, struct str path, bool given, struct err *err)
{
	struct stat st;

	path = tidy(l->a, path);
	if (stat(arena_cstr(l->a, path), &st) != 0) {
		return given ? err_set(err, ERR_NOTHING, "there is no '%.*s'", STR_ARG(path))
			     : err_set(err, ERR_NOTHING,
				       "there is no %.*s here; -C DIR or -W PATH names another "
				       "place",
				       STR_ARG(path));
	}
	if (S_ISDIR(st.st_mode)) {
		return load_directory(l, path, err);
	}
	load_file(l, path, true);
	return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct share {
	struct arena arena;
	struct diags diags;
	struct workflow_file *files;
	size_t n;
	pthread_t thread;
	bool threaded;
};

static void read_one(struct arena *a, struct workflow_file *f, struct diags *diags)
{
	size_t before = diags->nerrors;

	if (f->readable) {
		f->read = workflow_read(a, f->file, diags);
		f->workflow = diags->nerrors == before ? f->read : NULL;
	}
}

static void *read_share(void *ctx)
{
	struct share *share = ctx;

	for (size_t i = 0; i < share->n; i++) {
		read_one(&share->arena, &share->files[i], &share->diags);
	}
	return NULL;
}

/* The last one is read by who would only wait. */
static void begin_share(struct share *share, struct sources *sources, bool last)
{
	share->diags = (struct diags){ .arena = &share->arena, .sources = sources };
	share->threaded = !last && pthread_create(&share->thread, NULL, read_share, share) == 0;
	if (!share->threaded) {
		(void)read_share(share);
	}
}

/* What it found becomes the loader's. */
static void end_share(struct loading *l, struct share *share)
{
	struct diags *d = &share->diags;

	if (share->threaded) {
		(void)pthread_join(share->thread, NULL);
	}
	for (size_t i = 0; i < d->list.n; i++) {
		vec_push(l->diags->arena, &l->diags->list, d->list.v[i]);
	}
	l->diags->nerrors += d->nerrors;
	l->diags->nwarnings += d->nwarnings;
	arena_adopt(l->a, &share->arena);
}

static size_t count_shares(size_t nfiles)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = nfiles / SHARE_LEAST;

	most = most < SHARES_MAX ? most : SHARES_MAX;
	return cores > 0 && (size_t)cores < most ? (size_t)cores : most;
}

static void read_all(struct loading *l)
{
	struct share shares[SHARES_MAX] = { 0 };
	size_t n = count_shares(l->files.n), at = 0;

	if (n < 2) {
		for (size_t i = 0; i < l->files.n; i++) {
			read_one(l->a, &l->files.v[i], l->diags);
		}
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t end = l->files.n * (i + 1) / n;

		shares[i].files = l->files.v + at;
		shares[i].n = end - at;
		at = end;
		begin_share(&shares[i], l->diags->sources, i + 1 == n);
	}
	for (size_t i = 0; i < n; i++) {
		end_share(l, &shares[i]);
	}
}

static struct str joined(struct arena *a, const struct str *paths, size_t n)
{
	struct strbuf list = STRBUF_INIT(0);

	for (size_t i = 0; i < n; i++) {
		(void)strbuf_adds(&list, i ? STR(", ") : STR_EMPTY);
		(void)strbuf_adds(&list, paths[i]);
	}

	struct str text = arena_str(a, strbuf_str(&list));

	strbuf_release(&list);
	return text;
}

static bool find_files(struct loading *l, const struct str *paths, size_t n,
		       struct workflow_files *out, struct err *err)
{
	static const struct str standard = STR_INIT(".github/workflows");
	struct str where = n ? joined(l->a, paths, n) : standard;

	for (size_t i = 0; i < (n ? n : 1); i++) {
		if (!load_path(l, n ? paths[i] : standard, n > 0, err)) {
			return false;
		}
	}
	if (l->files.n == 0) {
		return err_set(err, ERR_NOTHING, "there is no workflow (*.yml, *.yaml) in %.*s",
			       STR_ARG(where));
	}
	*out = (struct workflow_files){ l->files.n, l->files.v, where };
	return true;
}

bool workflow_files_load(struct arena *a, const struct str *paths, size_t n, struct diags *diags,
			 struct workflow_files *out, struct err *err)
{
	struct loading l = { .a = a, .diags = diags };

	if (!find_files(&l, paths, n, out, err)) {
		return false;
	}
	read_all(&l);
	return true;
}

bool workflow_files_find(struct arena *a, const struct str *paths, size_t n,
			 struct workflow_files *out, struct err *err)
{
	return find_files(&(struct loading){ .a = a }, paths, n, out, err);
}

void workflow_file_read(struct arena *a, struct workflow_file *f, struct diags *diags)
{
	read_text(a, f, diags);
	read_one(a, f, diags);
}
