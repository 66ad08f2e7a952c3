/* artifact_store.c - see artifact_store.h; the twirp service over it is twirp_artifacts.c. */
#include "artifact_store.h"

#include <stdlib.h>

#include "actc/file.h"

enum { IDS_PER_RUN = 1000 };

struct artifact_store {
	const struct serve_spec *spec;
	struct arena *arena;
	struct pending *first;
	VEC(struct artifact) kept; /* oldest first */
	uint64_t next_id;
};

/* What a process before this one kept. Ids are unique among runs too: they begin with the run's. */
static bool read_kept(struct artifact_store *s, struct err *err)
{
	struct artifact *all = NULL;
	unsigned long run = 0;
	size_t n = 0;

	(void)str_to_ulong(s->spec->run_id, &run);
	s->next_id = (uint64_t)run * IDS_PER_RUN + 1;
	if (!artifacts_read(s->arena, s->spec->run_dir, &all, &n, err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		vec_push(s->arena, &s->kept, all[i]);
		s->next_id = all[i].id >= s->next_id ? all[i].id + 1 : s->next_id;
	}
	return true;
}

struct artifact_store *artifact_store_open(struct arena *a, const struct serve_spec *spec,
					   struct err *err)
{
	struct artifact_store *s = arena_new(a, struct artifact_store);

	s->spec = spec;
	s->arena = a;
	if (!make_dirs(arena_printf(a, "%.*s/artifacts", STR_ARG(spec->run_dir)).p, 0700, err) ||
	    !read_kept(s, err)) {
		return NULL;
	}
	return s;
}

static void pending_free(struct artifact_store *s, struct pending *p)
{
	struct pending **at = &s->first;

	while (*at != p) {
		at = &(*at)->next;
	}
	*at = p->next;
	arena_release(&p->arena);
	free(p);
}

static bool is_named(const struct artifact *a, struct str run, struct str name)
{
	return str_eq(a->name, name) && str_eq(a->run_backend, run);
}

struct pending *artifact_pending(struct artifact_store *s, struct str run, struct str name)
{
	for (struct pending *p = s->first; p; p = p->next) {
		if (is_named(&p->facts, run, name)) {
			return p;
		}
	}
	return NULL;
}

const struct artifact *artifact_all(struct artifact_store *s, size_t *n)
{
	*n = s->kept.n;
	return s->kept.v;
}

const struct artifact *artifact_named(struct artifact_store *s, struct str run, struct str name)
{
	for (size_t i = 0; i < s->kept.n; i++) {
		if (is_named(&s->kept.v[i], run, name)) {
			return &s->kept.v[i];
		}
	}
	return NULL;
}

struct pending *artifact_begin(struct artifact_store *s, struct uploads *uploads,
			       const struct artifact *facts, struct err *err)
{
	struct pending *p = artifact_pending(s, facts->run_backend, facts->name);
	struct arena a = ARENA_INIT;
	struct upload *upload;

	if (p && upload_is_stale(p->upload)) {
		upload_drop(p->upload);
		pending_free(s, p);
		p = NULL;
	}
	if (p || artifact_named(s, facts->run_backend, facts->name)) {
		return NULL;
	}
	upload = upload_new(uploads, arena_printf(&a, "%.*s/uploads", STR_ARG(s->spec->tmp)), err);
	arena_release(&a);
	if (!upload) {
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	BUG_ON(!p);
	p->facts = *facts;
	p->facts.name = arena_str(&p->arena, facts->name);
	p->facts.type = arena_str(&p->arena, facts->type);
	p->facts.job = arena_str(&p->arena, facts->job);
	p->facts.run_id = arena_str(&p->arena, facts->run_id);
	p->facts.run_backend = arena_str(&p->arena, facts->run_backend);
	p->facts.job_backend = arena_str(&p->arena, facts->job_backend);
	p->upload = upload;
	p->next = s->first;
	s->first = p;
	return p;
}

/* In the store's own memory, which lives as long as the process. */
static void remember(struct artifact_store *s, const struct artifact *facts)
{
	struct artifact one = *facts;

	one.name = arena_str(s->arena, facts->name);
	one.type = arena_str(s->arena, facts->type);
	one.digest = arena_str(s->arena, facts->digest);
	one.job = arena_str(s->arena, facts->job);
	one.run_id = arena_str(s->arena, facts->run_id);
	one.run_backend = arena_str(s->arena, facts->run_backend);
	one.job_backend = arena_str(s->arena, facts->job_backend);
	vec_push(s->arena, &s->kept, one);
}

static bool check_size(const struct pending *p, uint64_t size, struct err *err)
{
	uint64_t there = 0;
	bool ok = upload_size(p->upload, &there);

	return (ok && there == size) ||
	       err_set(err, ERR_INVALID, "%llu bytes were announced and %llu came",
		       (unsigned long long)size, (unsigned long long)(ok ? there : 0));
}

bool artifact_keep(struct artifact_store *s, struct pending *p, uint64_t size, struct str digest,
		   uint64_t *id, struct err *err)
{
	struct str type = arena_str(&p->arena, upload_type(p->upload));
	bool ok;

	p->facts.type = p->facts.type.len ? p->facts.type : type;
	p->facts.type = p->facts.type.len ? p->facts.type : STR("application/zip");
	p->facts.id = s->next_id;
	p->facts.size = size;
	p->facts.digest = digest;
	if (!check_size(p, size, err) ||
	    !upload_take(p->upload, artifact_file(&p->arena, s->spec->run_dir, p->facts.id), err)) {
		return false;
	}
	ok = artifact_write(&p->facts, s->spec->run_dir, err);
	if (ok) {
		*id = s->next_id++;
		remember(s, &p->facts);
	} else {
		artifact_remove(s->spec->run_dir, p->facts.id);
	}
	pending_free(s, p);
	return ok;
}

bool artifact_delete(struct artifact_store *s, struct str run, struct str name, uint64_t *id)
{
	for (size_t i = 0; i < s->kept.n; i++) {
		if (is_named(&s->kept.v[i], run, name)) {
			*id = s->kept.v[i].id;
			artifact_remove(s->spec->run_dir, *id);
			memmove(&s->kept.v[i], &s->kept.v[i + 1],
				(s->kept.n - i - 1) * sizeof(*s->kept.v));
			s->kept.n--;
			return true;
		}
	}
	return false;
}
