/* twirp_artifacts.c - the ArtifactService of GitHub's results service (SEMANTICS 7.1). */
#include <time.h>

#include "artifact_store.h"
#include "twirp.h"

/* A request of a job that says the ids of its own run; the reply is there otherwise. */
static bool read_request(struct request *r, struct value *body)
{
	struct value scope = value_get(r->claims, STR(SERVE_CLAIM_SCOPE));
	struct str rest = scope.kind == VALUE_STRING ? scope.u.s : STR_EMPTY;

	if (!request_json(r, body)) {
		return false;
	}

	struct str run = twirp_text(r, *body, "workflow_run_backend_id");

	while (rest.p && rest.len) {
		struct str word = str_cut(&rest, ' ');
		struct str kind = str_cut(&word, ':');

		if (str_eq(kind, STR("Actions.Results")) && word.p &&
		    str_eq(str_cut(&word, ':'), run)) {
			return true;
		}
	}
	reply_twirp_error(r, "permission_denied",
			  "act-c: artifacts of another run (%.*s) are not served", STR_ARG(run));
	return false;
}

/* The run of the request, which read_request() found to be the job's own. */
static struct str run_of(struct request *r, struct value body)
{
	return twirp_text(r, body, "workflow_run_backend_id");
}

static bool read_name(struct request *r, struct value body, struct str *name)
{
	*name = twirp_text(r, body, "name");
	if (artifact_name_ok(*name)) {
		return true;
	}
	reply_twirp_error(r, "invalid_argument", "the artifact name is not valid: %.*s",
			  STR_ARG(*name));
	return false;
}

/* RFC 3339 in UTC, as protobuf writes timestamps; 0 = none. */
static int64_t read_time(struct str text)
{
	char copy[40] = "";
	struct tm tm = { .tm_isdst = 0 };

	memcpy(copy, text.p, text.len < sizeof(copy) - 1 ? text.len : sizeof(copy) - 1);
	return strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) * 1000 : 0;
}

static struct str claim_text(struct request *r, const char *name)
{
	struct value v = value_get(r->claims, str_of(name));

	return v.kind == VALUE_STRING ? v.u.s : STR_EMPTY;
}

void twirp_create_artifact(struct request *r)
{
	struct artifact facts = { .created_ms = time_ms() };
	struct vobject *o = vobject_new(&r->arena, true);
	struct value body = value_null();
	struct pending *p;
	struct err err = ERR_INIT;

	if (!read_request(r, &body) || !read_name(r, body, &facts.name)) {
		return;
	}
	facts.type = twirp_text(r, body, "mime_type");
	facts.job = claim_text(r, SERVE_CLAIM_JOB);
	facts.run_id = claim_text(r, SERVE_CLAIM_RUN);
	facts.run_backend = run_of(r, body);
	facts.job_backend = twirp_text(r, body, "workflow_job_run_backend_id");
	facts.expires_ms = read_time(twirp_text(r, body, "expires_at"));
	p = artifact_begin(r->server->artifacts, r->server->uploads, &facts, &err);
	if (!p && err.kind != ERR_NONE) {
		twirp_failed(r, &err);
		return;
	}
	if (!p) {
		reply_twirp_error(r, "already_exists",
				  "an artifact with this name already exists on the workflow run");
		return;
	}
	vobject_set(&r->arena, o, STR("ok"), value_bool(true));
	vobject_set(&r->arena, o, STR("signed_upload_url"), value_str(upload_url(r, p->upload)));
	reply_json(r, 200, value_object(o));
}

/* "sha256:" and 64 hex digits, or nothing. */
static bool read_hash(struct request *r, struct value body, struct str *hash)
{
	bool ok;

	*hash = twirp_text(r, body, "hash");
	ok = hash->len == 0 || (str_starts(*hash, STR("sha256:")) && hash->len == 7 + 64);
	if (!ok) {
		reply_twirp_error(r, "invalid_argument", "the hash is no sha256:…: %.*s",
				  STR_ARG(*hash));
	}
	return ok;
}

void twirp_finalize_artifact(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct value body = value_null();
	struct str name = STR_EMPTY, hash = STR_EMPTY;
	struct pending *p;
	struct err err = ERR_INIT;
	uint64_t size = 0, id = 0;

	if (!read_request(r, &body) || !read_name(r, body, &name) || !read_hash(r, body, &hash)) {
		return;
	}
	p = artifact_pending(r->server->artifacts, run_of(r, body), name);
	if (!p || !twirp_number(r, body, "size", &size)) {
		reply_twirp_error(r, p ? "invalid_argument" : "not_found",
				  p ? "the size is no number"
				    : "no artifact %.*s is being uploaded",
				  STR_ARG(name));
		return;
	}
	if (!artifact_keep(r->server->artifacts, p, size, hash, &id, &err)) {
		twirp_failed(r, &err);
		return;
	}
	server_log(r->server, "artifact %.*s: %llu bytes", STR_ARG(name), (unsigned long long)size);
	vobject_set(&r->arena, o, STR("ok"), value_bool(true));
	vobject_set(&r->arena, o, STR("artifact_id"), twirp_int64(r, id));
	reply_json(r, 200, value_object(o));
}

static struct value described(struct request *r, const struct artifact *a)
{
	struct vobject *o = vobject_new(&r->arena, true);

	vobject_set(&r->arena, o, STR("workflow_run_backend_id"), value_str(a->run_backend));
	vobject_set(&r->arena, o, STR("workflow_job_run_backend_id"), value_str(a->job_backend));
	vobject_set(&r->arena, o, STR("database_id"), twirp_int64(r, a->id));
	vobject_set(&r->arena, o, STR("name"), value_str(a->name));
	vobject_set(&r->arena, o, STR("size"), twirp_int64(r, a->size));
	vobject_set(&r->arena, o, STR("created_at"),
		    value_str(time_text(&r->arena, a->created_ms)));
	if (a->digest.len) {
		vobject_set(&r->arena, o, STR("digest"), value_str(a->digest));
	}
	return value_object(o);
}

void twirp_list_artifacts(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct varray *list = varray_new(&r->arena);
	struct value body = value_null();
	size_t n = 0;
	const struct artifact *all = artifact_all(r->server->artifacts, &n);
	uint64_t id = 0;

	if (!read_request(r, &body)) {
		return;
	}

	struct str name = twirp_text(r, body, "name_filter");

	(void)twirp_number(r, body, "id_filter", &id);
	for (size_t i = 0; i < n; i++) {
		if (str_eq(run_of(r, body), all[i].run_backend) &&
		    (name.len == 0 || str_eq(name, all[i].name)) && (id == 0 || id == all[i].id)) {
			varray_push(&r->arena, list, described(r, &all[i]));
		}
	}
	vobject_set(&r->arena, o, STR("artifacts"), value_array(list));
	reply_json(r, 200, value_object(o));
}

void twirp_artifact_url(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct value body = value_null();
	struct str name = STR_EMPTY;
	const struct artifact *found;

	if (!read_request(r, &body) || !read_name(r, body, &name)) {
		return;
	}
	found = artifact_named(r->server->artifacts, run_of(r, body), name);
	if (!found) {
		reply_twirp_error(r, "not_found", "there is no artifact %.*s", STR_ARG(name));
	} else {
		struct str path = arena_printf(&r->arena, "/blob/artifact/%llu",
					       (unsigned long long)found->id);

		vobject_set(&r->arena, o, STR("signed_url"), value_str(url_signed(r, path, "")));
		reply_json(r, 200, value_object(o));
	}
}

void twirp_delete_artifact(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct value body = value_null();
	struct str name = STR_EMPTY;
	uint64_t id = 0;

	if (!read_request(r, &body) || !read_name(r, body, &name)) {
		return;
	}
	if (!artifact_delete(r->server->artifacts, run_of(r, body), name, &id)) {
		reply_twirp_error(r, "not_found", "there is no artifact %.*s", STR_ARG(name));
		return;
	}
	vobject_set(&r->arena, o, STR("ok"), value_bool(true));
	vobject_set(&r->arena, o, STR("artifact_id"), twirp_int64(r, id));
	reply_json(r, 200, value_object(o));
}
