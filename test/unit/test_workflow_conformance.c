/*
 * GitHub's own reader cases, where they are at hand ($ACTC_CONFORMANCE, else
 * ../shared/conformance): the errors must be GitHub's in text, line and column; files without
 * errors must load. Cases that read other workflows, or that set limits of their own, belong to
 * later work and are counted.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/strbuf.h"
#include "actc/value.h"
#include "actc/workflow.h"

enum { MAX_DOCS = 64 };

struct tally {
	size_t passed, failed, skipped;
};

/* Judged otherwise on purpose. */
static const struct {
	const char *file;
	const char *reason;
} exempt[] = {
	{ "events-mapping-all.yml", "X with X-ignore is refused by the service, not by this data" },
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

/* As GitHub writes it: "path (Line: L, Col: C): message", without a place where it has none. */
static struct str as_github(struct arena *a, const struct diags *diags, const struct diag *d)
{
	const struct source *src = sources_get(diags->sources, 0);

	if (d->token.file == SPAN_NONE) {
		return arena_printf(a, "%.*s: %.*s", STR_ARG(src->path), STR_ARG(d->msg));
	}
	struct place at = source_place(src, d->token.lo);

	return arena_printf(a, "%.*s (Line: %u, Col: %u): %.*s", STR_ARG(src->path), at.line,
			    at.col, STR_ARG(d->msg));
}

/* Compared as sets: the order of reports is each reader's own. */
static bool same_errors(struct arena *a, const struct diags *diags, struct value errors,
			struct strbuf *why)
{
	size_t expected = errors.kind == VALUE_ARRAY ? errors.u.a->n : 0;
	bool ok = diags->nerrors == expected;

	for (size_t i = 0; i < expected; i++) {
		struct str want = value_get(errors.u.a->v[i], STR("Message")).u.s;
		bool found = false;

		for (size_t k = 0; k < diags->list.n; k++) {
			found = found || str_eq(want, as_github(a, diags, &diags->list.v[k]));
		}
		if (!found) {
			(void)strbuf_addf(why, "    missing: %.*s\n", STR_ARG(want));
			ok = false;
		}
	}
	for (size_t k = 0; !ok && k < diags->list.n; k++) {
		struct str got = as_github(a, diags, &diags->list.v[k]);

		(void)strbuf_addf(why, "    got:     %.*s%s\n", STR_ARG(got),
				  diags->list.v[k].severity == DIAG_ERROR ? "" : " (warning)");
	}
	return ok;
}

static const char *skip_reason(const char *file, const struct str *docs, size_t ndocs)
{
	for (size_t i = 0; i < sizeof(exempt) / sizeof(exempt[0]); i++) {
		if (strcmp(exempt[i].file, file) == 0) {
			return exempt[i].reason;
		}
	}
	if (ndocs != 3) {
		return "reads other workflows";
	}
	if (str_find(docs[0], STR("max-"), 0) != STR_NPOS) {
		return "sets a limit";
	}
	return NULL;
}

static void judge(const char *file, const struct str *docs, size_t ndocs, struct tally *tally)
{
	struct arena a = ARENA_INIT;
	struct sources sources = { .arena = &a };
	struct diags diags = { .arena = &a, .sources = &sources };
	struct strbuf why = STRBUF_INIT(0);
	const char *reason = skip_reason(file, docs, ndocs);
	struct value expected = value_null();
	struct str bad = STR_EMPTY;
	size_t at = 0;

	if (reason) {
		tally->skipped++;
		(void)fprintf(stderr, "  skip %s: %s\n", file, reason);
		return;
	}
	cr_assert(value_from_json(&a, docs[2], &expected, &bad, &at), "%s: %.*s", file,
		  STR_ARG(bad));
	(void)workflow_load(
		&a, sources_add(&sources, arena_printf(&a, ".github/workflows/%s", file), docs[1]),
		&diags);
	if (same_errors(&a, &diags, value_get(expected, STR("errors")), &why)) {
		tally->passed++;
	} else {
		tally->failed++;
		(void)fprintf(stderr, "  FAIL %s\n%s", file, why.p);
	}
	strbuf_release(&why);
	arena_release(&a);
}

static int only_yml(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), STR(".yml"));
}

Test(workflow_conformance, reads_as_github_does, .timeout = 60)
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
