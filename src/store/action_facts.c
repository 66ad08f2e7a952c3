/*
 * action_facts.c - what a lock file says of a repository besides the commit: GitHub's numbers, and
 * the tag that a bare commit is.
 */
#include "actc/value.h"
#include "action_http.h"

enum { ANSWER_MAX = 1 << 20 };

struct str action_store_ref_of(struct arena *a, const struct action_store *s,
			       const struct action_ref *ref, struct str commit)
{
	for (size_t i = 0; i < s->nservers && !s->spec.offline; i++) {
		struct str name = action_git_ref_of(a, s, s->servers[i], ref, commit);

		if (name.len) {
			return name;
		}
	}
	return STR_EMPTY;
}

static bool read_ids(struct arena *a, struct str json, struct str *owner_id, struct str *repo_id)
{
	struct value v;
	struct err ignored = ERR_INIT;

	if (!value_from_json_strict(a, json, &v, &ignored)) {
		err_release(&ignored);
		return false;
	}
	*repo_id = value_to_str(a, value_get(v, STR("id")));
	*owner_id = value_to_str(a, value_get(value_get(v, STR("owner")), STR("id")));
	return repo_id->len && owner_id->len;
}

bool action_store_ids(struct arena *a, const struct action_store *s, const struct action_ref *ref,
		      struct str *owner_id, struct str *repo_id, struct err *err)
{
	struct strbuf out = STRBUF_INIT(ANSWER_MAX);
	struct str path =
		arena_printf(a, "repos/%.*s/%.*s", STR_ARG(ref->owner), STR_ARG(ref->repo));
	bool ok;

	if (s->spec.offline) {
		return err_set(err, ERR_SYSTEM, "--offline");
	}
	ok = action_http_api(a, s, s->servers[0], path, &out, err) &&
	     (read_ids(a, strbuf_str(&out), owner_id, repo_id) ||
	      err_set(err, ERR_SYSTEM, "the API's answer has no ids"));
	strbuf_release(&out);
	return ok;
}
