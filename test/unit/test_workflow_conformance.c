/*
 * GitHub's own reader cases, where they are at hand ($ACTC_CONFORMANCE, else
 * ../shared/conformance): the resolved workflow, or the errors with their text, order, line and
 * column, must be GitHub's.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/resolved.h"
#include "actc/strbuf.h"
#include "actc/value.h"
#include "actc/workflow.h"

enum { MAX_DOCS = 64 };

struct tally {
	size_t passed, failed, skipped;
};

/* What they test is no part of a workflow file. */
static const struct {
	const char *file;
	const char *reason;
} exempt[] = {
	{ "errors-max-result-size.yml", "counts the memory of .NET objects" },
	{ "max-result-size.yml", "counts the memory of .NET objects" },
	{ "max-result-size-reusable.yml", "counts the memory of .NET objects" },
	{ "is-partial-rerun.yml", "an artefact of GitHub's service" },
	{ "skip-reusable-workflows.yml", "an artefact of GitHub's service" },
};

static const char *conformance_dir(void)
{
	const char *dir = getenv("ACTC_CONFORMANCE");

	return dir ? dir : "../shared/conformance";
}

static bool read_file(struct strbuf *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	char chunk[65536];
	size_t n;

	if (!f) {
		return false;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		(void)strbuf_add(b, chunk, n);
	}
	(void)fclose(f);
	return true;
}

static bool run_command(const char *name, const char *option, const char *path)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		execlp(name, name, option, path, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Documents are separated by lines of three dashes. */
static size_t split(struct str text, struct str *docs)
{
	size_t n = 0, from = 0, line = 0;

	while (line < text.len) {
		size_t end = str_chr(text, '\n', line);

		end = end == STR_NPOS ? text.len : end;
		struct str s = str_slice(text, line, end);

		if (s.len && s.p[s.len - 1] == '\r') {
			s.len--;
		}
		if (str_eq(s, STR("---")) && n < MAX_DOCS - 1) {
			docs[n++] = str_slice(text, from, line);
			from = end + 1;
		}
		line = end + 1;
	}
	docs[n++] = str_slice(text, from, text.len);
	return n;
}

/* The value of `key:` in the options of a case, without its comment; empty when there is none. */
static struct str option(struct str options, struct str key)
{
	size_t at = str_find(options, key, 0);

	if (at == STR_NPOS || (at > 0 && options.p[at - 1] != '\n')) {
		return STR_EMPTY;
	}

	struct str line = str_slice(options, at, options.len);
	size_t end = 0, from;

	while (end < line.len && line.p[end] != '\n' && line.p[end] != '#') {
		end++;
	}
	from = str_chr(line, ':', 0) + 1;
	while (from < end && line.p[from] == ' ') {
		from++;
	}
	while (end > from && (line.p[end - 1] == ' ' || line.p[end - 1] == '\r')) {
		end--;
	}
	return str_slice(line, from, end);
}

static size_t number_option(struct str options, struct str key, size_t otherwise)
{
	struct str s = option(options, key);

	return s.len ? (size_t)str_to_number(s) : otherwise;
}

static bool same(struct value a, struct value b);

static bool same_objects(const struct vobject *a, const struct vobject *b)
{
	bool ok = a->n == b->n;

	for (size_t i = 0; ok && i < a->n; i++) {
		const struct value *other = vobject_get(b, a->v[i].key);

		ok = other && same(a->v[i].value, *other);
	}
	return ok;
}

static bool same(struct value a, struct value b)
{
	if (a.kind != b.kind) {
		return false;
	}
	if (a.kind == VALUE_OBJECT) {
		return same_objects(a.u.o, b.u.o);
	}
	if (a.kind != VALUE_ARRAY) {
		return a.kind == VALUE_STRING ? str_eq(a.u.s, b.u.s) : value_equal(a, b);
	}
	for (size_t i = 0; i < a.u.a->n && a.u.a->n == b.u.a->n; i++) {
		if (!same(a.u.a->v[i], b.u.a->v[i])) {
			return false;
		}
	}
	return a.u.a->n == b.u.a->n;
}

/* The workflows that a case refers to, as files below a directory of their own. */
static void write_refs(struct arena *a, const char *dir, const struct str *docs, size_t ndocs)
{
	for (size_t i = 2; i + 2 < ndocs; i += 2) {
		struct str path = arena_printf(a, "%s/%.*s", dir, STR_ARG(str_trim(docs[i])));
		const char *name = arena_cstr(a, path);
		char *slash = strrchr(name, '/');
		FILE *f;

		*slash = '\0';
		cr_assert(run_command("mkdir", "-p", name));
		*slash = '/';
		f = fopen(name, "wb");
		cr_assert(f, "%s", name);
		(void)fwrite(docs[i + 1].p, 1, docs[i + 1].len, f);
		(void)fclose(f);
	}
}

/* The resolved workflow, or the errors. */
static struct value resolve(struct arena *a, const char *file, const struct str *docs,
			    const char *refs)
{
	struct sources sources = { .arena = a };
	struct diags diags = { .arena = a, .sources = &sources };
	struct yaml_limits limits = yaml_workflow_limits;
	struct call_rules rules = call_rules_default;
	struct call_places places = { .root = STR_EMPTY, .refs = str_of(refs) };
	struct resolved_options options = {
		.include_source = str_eq(option(docs[0], STR("include-source")), STR("true")),
	};
	struct calls *calls = NULL;

	limits.max_depth = number_option(docs[0], STR("max-depth"), limits.max_depth);
	limits.max_chars = number_option(docs[0], STR("max-file-size"), limits.max_chars);
	rules.limits = &limits;
	rules.staged = true;
	rules.max_jobs = number_option(docs[0], STR("max-job-limit"), rules.max_jobs);
	rules.max_depth =
		number_option(docs[0], STR("max-nested-reusable-workflows-depth"), rules.max_depth);
	rules.limited_read = str_eq(option(docs[0], STR("permissions-policy")), STR("LimitedRead"));

	const struct workflow *w = workflow_load_staged(
		a, sources_add(&sources, arena_printf(a, ".github/workflows/%s", file), docs[1]),
		&limits, &diags);

	if (!w || !calls_load(a, &w, 1, &places, &rules, &diags, &calls)) {
		return resolved_errors(a, &diags);
	}
	return resolved_workflow(a, &sources, w, calls, &options);
}

/* GitHub's own driver looks at the events only where no other reader is asked. */
static void drop_events(struct str options, struct value got)
{
	bool only_typescript = str_find(options, STR("C#"), 0) != STR_NPOS &&
			       str_find(options, STR("Go"), 0) != STR_NPOS;

	for (size_t i = 0; !only_typescript && i < got.u.o->n; i++) {
		if (str_eq(got.u.o->v[i].key, STR("events"))) {
			struct vobject *o = (struct vobject *)got.u.o;

			memmove(&o->v[i], &o->v[i + 1], (o->n - i - 1) * sizeof(o->v[0]));
			o->n--;
			break;
		}
	}
}

static struct value parsed(struct arena *a, const char *file, struct str json)
{
	struct value v = value_null();
	struct str why = STR_EMPTY;
	size_t at = 0;

	cr_assert(value_from_json(a, json, &v, &why, &at), "%s: %.*s", file, STR_ARG(why));
	return v;
}

static const char *skip_reason(const char *file)
{
	for (size_t i = 0; i < sizeof(exempt) / sizeof(exempt[0]); i++) {
		if (strcmp(exempt[i].file, file) == 0) {
			return exempt[i].reason;
		}
	}
	return NULL;
}

static void judge(const char *file, const struct str *docs, size_t ndocs, struct tally *tally)
{
	struct arena a = ARENA_INIT;
	const char *reason = skip_reason(file);
	char refs[] = "/tmp/actc-refs-XXXXXX";
	struct strbuf json = STRBUF_INIT(0);

	if (reason) {
		tally->skipped++;
		(void)fprintf(stderr, "  skip %s: %s\n", file, reason);
		return;
	}
	cr_assert(mkdtemp(refs));
	write_refs(&a, refs, docs, ndocs);
	value_to_json_line(&json, resolve(&a, file, docs, refs));
	cr_assert(run_command("rm", "-rf", refs));

	struct value got = parsed(&a, file, strbuf_str(&json));
	struct value want = parsed(&a, file, docs[ndocs - 1]);

	drop_events(docs[0], got);
	if (same(want, got)) {
		tally->passed++;
	} else {
		tally->failed++;
		(void)fprintf(stderr, "  FAIL %s\n    want %.*s\n    got  %.*s\n", file,
			      STR_ARG(value_to_json(&a, want)), STR_ARG(value_to_json(&a, got)));
	}
	strbuf_release(&json);
	arena_release(&a);
}

static int only_yml(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), STR(".yml"));
}

Test(workflow_conformance, reads_as_github_does, .timeout = 240)
{
	struct tally tally = { 0 };
	struct dirent **names = NULL;
	char dir[4096];

	(void)snprintf(dir, sizeof(dir), "%s/workflow-reader", conformance_dir());
	int n = scandir(dir, &names, only_yml, alphasort);

	if (n < 0) {
		(void)fprintf(stderr, "conformance data not found: skipped\n");
		return;
	}
	for (int i = 0; i < n; i++) {
		struct strbuf text = STRBUF_INIT(0);
		struct str docs[MAX_DOCS];
		char path[8192];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		cr_assert(read_file(&text, path), "%s", path);
		judge(names[i]->d_name, docs, split(strbuf_str(&text), docs), &tally);
		strbuf_release(&text);
		free(names[i]);
	}
	free(names);
	(void)fprintf(stderr, "workflow-reader: %zu passed, %zu failed, %zu skipped\n",
		      tally.passed, tally.failed, tally.skipped);
	cr_assert_eq(tally.failed, 0);
}
