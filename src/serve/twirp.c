/* twirp.c - the table of twirp methods, and how their fields are read. */
#include "twirp.h"

struct value twirp_field(struct request *r, struct value body, const char *name)
{
	struct value v = value_get(body, str_of(name));
	char *joined = arena_alloc(&r->arena, strlen(name) + 1);
	size_t n = 0;

	if (v.kind != VALUE_NULL) {
		return v;
	}
	/* Keys are compared without case. */
	for (size_t i = 0; name[i]; i++) {
		if (name[i] != '_') {
			joined[n++] = name[i];
		}
	}
	return value_get(body, str_mk(joined, n));
}

struct str twirp_text(struct request *r, struct value body, const char *name)
{
	struct value v = twirp_field(r, body, name);

	return v.kind == VALUE_STRING ? v.u.s : STR_EMPTY;
}

bool twirp_number(struct request *r, struct value body, const char *name, uint64_t *out)
{
	struct value v = twirp_field(r, body, name);
	unsigned long n = 0;

	if (v.kind == VALUE_NUMBER && v.u.n >= 0 && v.u.n < 9e15) {
		*out = (uint64_t)v.u.n;
		return true;
	}
	if (v.kind == VALUE_STRING && str_to_ulong(v.u.s, &n)) {
		*out = n;
		return true;
	}
	*out = 0;
	return v.kind == VALUE_NULL; /* a default may be left out */
}

struct value twirp_int64(struct request *r, uint64_t n)
{
	return value_str(arena_printf(&r->arena, "%llu", (unsigned long long)n));
}

void twirp_failed(struct request *r, struct err *err)
{
	server_log(r->server, "error: %.*s: %s", STR_ARG(r->path), err->msg);
	reply_twirp_error(r, err->kind == ERR_INVALID ? "invalid_argument" : "internal", "%s",
			  err->msg);
	err_release(err);
}

#define ARTIFACT(name, function)                                                      \
	{                                                                             \
		.method = "POST",                                                     \
		.path = "/twirp/github.actions.results.api.v1.ArtifactService/" name, \
		.auth = AUTH_TOKEN, .handle = function                                \
	}
#define CACHE(name, function)                                                      \
	{                                                                          \
		.method = "POST",                                                  \
		.path = "/twirp/github.actions.results.api.v1.CacheService/" name, \
		.auth = AUTH_TOKEN, .handle = function                             \
	}

const struct route twirp_routes[] = {
	ARTIFACT("CreateArtifact", twirp_create_artifact),
	ARTIFACT("FinalizeArtifact", twirp_finalize_artifact),
	ARTIFACT("ListArtifacts", twirp_list_artifacts),
	ARTIFACT("GetSignedArtifactURL", twirp_artifact_url),
	ARTIFACT("DeleteArtifact", twirp_delete_artifact),
	CACHE("CreateCacheEntry", twirp_create_cache),
	CACHE("FinalizeCacheEntryUpload", twirp_finalize_cache),
	CACHE("GetCacheEntryDownloadURL", twirp_cache_url),
};
const size_t ntwirp_routes = sizeof(twirp_routes) / sizeof(twirp_routes[0]);
