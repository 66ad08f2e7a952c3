/*
 * refs.c - reading, ordering and writing lists of refs.
 *
 * Which of them a snapshot or a checkout has is decided in snapshot.c and checkout.c.
 */
#include "refs.h"

#include <stdlib.h>

#include "actc/file.h"
#include "actc/strbuf.h"

void refs_add(struct arena *a, struct refs *refs, struct str name, const git_oid *id)
{
	vec_push(a, &refs->list, (struct ref){ arena_str(a, name), *id });
}

static int by_name(const void *pa, const void *pb)
{
	const struct ref *a = *(const struct ref *const *)pa;
	const struct ref *b = *(const struct ref *const *)pb;
	int c = str_cmp(a->name, b->name);

	/* Equal names keep their order: qsort alone is not stable. */
	return c ? c : (a > b) - (a < b);
}

void refs_sort(struct refs *refs)
{
	size_t n = refs->list.n, kept = 0;
	const struct ref **order = calloc(n + 1, sizeof(*order));
	struct ref *sorted = calloc(n + 1, sizeof(*sorted));

	BUG_ON(!order || !sorted);
	for (size_t i = 0; i < n; i++) {
		order[i] = &refs->list.v[i];
	}
	qsort(order, n, sizeof(*order), by_name);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && str_eq(sorted[kept - 1].name, order[i]->name)) {
			kept--;
		}
		sorted[kept++] = *order[i];
	}
	if (kept) {
		memcpy(refs->list.v, sorted, kept * sizeof(*sorted));
	}
	refs->list.n = kept;
	free(order);
	free(sorted);
}

bool refs_read(struct arena *a, const struct git2 *g, git_repository *repo, struct str prefix,
	       struct refs *out, struct err *err)
{
	git_reference_iterator *refs = NULL;
	git_reference *ref = NULL;

	if (g->git_reference_iterator_new(&refs, repo) < 0) {
		return git2_error(g, err, "cannot read the refs");
	}
	while (g->git_reference_next(&ref, refs) == 0) {
		struct str name = str_of(g->git_reference_name(ref));
		const git_oid *id = g->git_reference_target(ref);

		if (id && str_starts(name, prefix)) {
			refs_add(a, out, name, id);
		}
		g->git_reference_free(ref);
	}
	g->git_reference_iterator_free(refs);
	return true;
}

bool refs_write(const struct git2 *g, struct refs *refs, const char *git_dir, struct err *err)
{
	struct strbuf text = STRBUF_INIT(0), path = STRBUF_INIT(0);

	refs_sort(refs);
	for (size_t i = 0; i < refs->list.n; i++) {
		char hex[GIT_OID_HEXSZ];

		(void)g->git_oid_fmt(hex, &refs->list.v[i].id);
		(void)strbuf_addf(&text, "%.*s %.*s\n", GIT_OID_HEXSZ, hex,
				  STR_ARG(refs->list.v[i].name));
	}
	(void)strbuf_addf(&path, "%s/packed-refs", git_dir);

	bool ok = write_file(path.p, strbuf_str(&text), 0644, err);

	strbuf_release(&text);
	strbuf_release(&path);
	return ok;
}
