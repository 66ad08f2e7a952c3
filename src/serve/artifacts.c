/* artifacts.c - artifacts as files: written by the services, read by them and by commands. */
#include "actc/artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/value.h"
#include "http.h"

enum { FACTS_MAX = 64 * 1024, NAME_MAX_BYTES = 256 };

struct str artifact_file(struct arena *a, struct str run_dir, uint64_t id)
{
	return arena_printf(a, "%.*s/artifacts/%llu", STR_ARG(run_dir), (unsigned long long)id);
}

/* The characters that GitHub's clients refuse too (toolkit, validateArtifactName). */
bool artifact_name_ok(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.p[i] < ' ' || strchr("\":<>|*?\\/", name.p[i])) {
			return false;
		}
	}
	return name.len > 0 && name.len <= NAME_MAX_BYTES && !str_eq(name, STR(".")) &&
	       !str_eq(name, STR(".."));
}

static void set_number(struct arena *a, struct vobject *o, struct str key, int64_t n)
{
	vobject_set(a, o, key, value_str(arena_printf(a, "%lld", (long long)n)));
}

bool artifact_write(const struct artifact *artifact, struct str run_dir, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct vobject *o = vobject_new(&a, true);
	struct strbuf json = STRBUF_INIT(0);

	set_number(&a, o, STR("id"), (int64_t)artifact->id);
	vobject_set(&a, o, STR("name"), value_str(artifact->name));
	vobject_set(&a, o, STR("type"), value_str(artifact->type));
	vobject_set(&a, o, STR("digest"), value_str(artifact->digest));
	set_number(&a, o, STR("size"), (int64_t)artifact->size);
	set_number(&a, o, STR("created_ms"), artifact->created_ms);
	set_number(&a, o, STR("expires_ms"), artifact->expires_ms);
	vobject_set(&a, o, STR("job"), value_str(artifact->job));
	vobject_set(&a, o, STR("run_id"), value_str(artifact->run_id));
	vobject_set(&a, o, STR("run_backend"), value_str(artifact->run_backend));
	vobject_set(&a, o, STR("job_backend"), value_str(artifact->job_backend));
	value_to_json_line(&json, value_object(o));

	bool ok = write_file(
		arena_printf(&a, "%.*s.json", STR_ARG(artifact_file(&a, run_dir, artifact->id))).p,
		strbuf_str(&json), 0600, err);

	strbuf_release(&json);
	arena_release(&a);
	return ok;
}

void artifact_remove(struct str run_dir, uint64_t id)
{
	struct arena a = ARENA_INIT;
	struct str file = artifact_file(&a, run_dir, id);

	(void)unlink(arena_printf(&a, "%.*s.json", STR_ARG(file)).p);
	(void)unlink(file.p);
	arena_release(&a);
}

static struct str text_of(struct value v, struct str key)
{
	struct value found = value_get(v, key);

	return found.kind == VALUE_STRING ? found.u.s : STR_EMPTY;
}

static int64_t number_of(struct value v, struct str key)
{
	unsigned long n = 0;

	return str_to_ulong(text_of(v, key), &n) ? (int64_t)n : 0;
}

static bool read_one(struct arena *a, const char *path, struct artifact *out)
{
	struct strbuf text = STRBUF_INIT(FACTS_MAX);
	struct value v = value_null();
	struct err err = ERR_INIT;
	bool ok = read_file(path, &text, &err) &&
		  value_from_json_strict(a, arena_str(a, strbuf_str(&text)), &v, &err);

	strbuf_release(&text);
	err_release(&err);
	if (!ok) {
		return false;
	}
	*out = (struct artifact){
		.id = (uint64_t)number_of(v, STR("id")),
		.name = text_of(v, STR("name")),
		.type = text_of(v, STR("type")),
		.digest = text_of(v, STR("digest")),
		.size = (uint64_t)number_of(v, STR("size")),
		.created_ms = number_of(v, STR("created_ms")),
		.expires_ms = number_of(v, STR("expires_ms")),
		.job = text_of(v, STR("job")),
		.run_id = text_of(v, STR("run_id")),
		.run_backend = text_of(v, STR("run_backend")),
		.job_backend = text_of(v, STR("job_backend")),
	};
	return artifact_name_ok(out->name) && (out->expires_ms == 0 || out->expires_ms > time_ms());
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct artifact *)a)->id, y = ((const struct artifact *)b)->id;

	return x < y ? -1 : x > y;
}

bool artifacts_read(struct arena *a, struct str run_dir, struct artifact **out, size_t *n,
		    struct err *err)
{
	struct str dir = arena_printf(a, "%.*s/artifacts", STR_ARG(run_dir));
	VEC(struct artifact) found = { 0 };
	DIR *d = opendir(dir.p);
	struct dirent *e;

	*n = 0;
	*out = NULL;
	if (!d) {
		return errno == ENOENT || err_sys(err, errno, "%s", dir.p);
	}
	while ((e = readdir(d)) != NULL) {
		struct artifact one;

		if (str_ends(str_of(e->d_name), STR(".json")) &&
		    read_one(a, arena_printf(a, "%.*s/%s", STR_ARG(dir), e->d_name).p, &one)) {
			vec_push(a, &found, one);
		}
	}
	(void)closedir(d);
	if (found.n) {
		qsort(found.v, found.n, sizeof(*found.v), by_id);
	}
	*out = found.v;
	*n = found.n;
	return true;
}
