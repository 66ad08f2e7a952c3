/*
 * rest.c - the part of GitHub's REST API that actions read in a run, answered from the run and from
 * git. What is not answered here is passed on to GitHub when the run has a real token, and refused
 * otherwise, so that nobody takes a rehearsal for a failure of GitHub's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/jwt.h"
#include "artifact_store.h"
#include "http.h"
#include "relay.h"
#include "rest.h"

enum { HEADERS_MAX = 64, PAGE = 30, PAGE_MAX = 100, RATE_LIMIT = 1000, RATE_S = 3600 };

static void set_str(struct request *r, struct vobject *o, const char *key, struct str value)
{
	vobject_set(&r->arena, o, str_of(key), value_str(value));
}

static struct str api_url(struct request *r, struct str path)
{
	return arena_printf(&r->arena, "%.*s/api/%.*s", STR_ARG(request_origin(r)), STR_ARG(path));
}

/* --- the repository and the run ----------------------------------------------------------------
 */

static struct value owner_value(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct str rest = r->server->spec->repository;

	set_str(r, o, "login", str_cut(&rest, '/'));
	vobject_set(&r->arena, o, STR("id"), value_number(1));
	set_str(r, o, "type", STR("User"));
	return value_object(o);
}

static struct value repository_value(struct request *r)
{
	const struct serve_spec *spec = r->server->spec;
	struct vobject *o = vobject_new(&r->arena, true);
	struct str name = spec->repository;
	struct str html = arena_printf(&r->arena, "%.*s/%.*s", STR_ARG(spec->rest.server_url),
				       STR_ARG(spec->repository));

	(void)str_cut(&name, '/');
	vobject_set(&r->arena, o, STR("id"), value_number(1));
	set_str(r, o, "name", name);
	set_str(r, o, "full_name", spec->repository);
	vobject_set(&r->arena, o, STR("owner"), owner_value(r));
	vobject_set(&r->arena, o, STR("private"), value_bool(false));
	vobject_set(&r->arena, o, STR("fork"), value_bool(false));
	set_str(r, o, "visibility", STR("public"));
	set_str(r, o, "default_branch", spec->rest.default_branch);
	set_str(r, o, "html_url", html);
	set_str(r, o, "clone_url", arena_printf(&r->arena, "%.*s.git", STR_ARG(html)));
	set_str(r, o, "url",
		api_url(r, arena_printf(&r->arena, "repos/%.*s", STR_ARG(spec->repository))));
	return value_object(o);
}

static void get_repository(struct request *r, struct str rest)
{
	(void)rest;
	reply_json(r, 200, repository_value(r));
}

static struct value number_value(struct str text)
{
	unsigned long n = 0;

	return str_to_ulong(text, &n) ? value_number((double)n) : value_number(1);
}

/* Each workflow is a run of its own: their ids follow each other. The place of run `id`, or the
 * number of runs. */
static size_t find_run(const struct serve_spec *spec, struct str id)
{
	unsigned long first = 0, n = 0;

	if (!str_to_ulong(spec->run_id, &first) || !str_to_ulong(id, &n) || n < first ||
	    n - first >= spec->rest.nworkflows) {
		return spec->rest.nworkflows;
	}
	return n - first;
}

static void get_run(struct request *r, struct str id)
{
	const struct serve_spec *spec = r->server->spec;
	struct vobject *o = vobject_new(&r->arena, true);
	struct str branch = spec->rest.ref;

	branch =
		str_starts(branch, STR("refs/heads/")) ? str_slice(branch, 11, branch.len) : branch;
	vobject_set(&r->arena, o, STR("id"), number_value(id));
	set_str(r, o, "name", spec->rest.workflows[find_run(spec, id)]);
	set_str(r, o, "head_branch", branch);
	set_str(r, o, "head_sha", spec->rest.sha);
	set_str(r, o, "event", spec->rest.event_name);
	set_str(r, o, "status", STR("in_progress"));
	vobject_set(&r->arena, o, STR("conclusion"), value_null());
	vobject_set(&r->arena, o, STR("run_number"), number_value(spec->rest.run_number));
	vobject_set(&r->arena, o, STR("run_attempt"), value_number(1));
	vobject_set(&r->arena, o, STR("repository"), repository_value(r));
	reply_json(r, 200, value_object(o));
}

/* --- artifacts of the run ----------------------------------------------------------------------
 */

static struct value artifact_value(struct request *r, const struct artifact *a)
{
	const struct serve_spec *spec = r->server->spec;
	struct vobject *o = vobject_new(&r->arena, true), *run = vobject_new(&r->arena, true);
	struct str url =
		api_url(r, arena_printf(&r->arena, "repos/%.*s/actions/artifacts/%llu",
					STR_ARG(spec->repository), (unsigned long long)a->id));

	vobject_set(&r->arena, o, STR("id"), value_number((double)a->id));
	set_str(r, o, "name", a->name);
	vobject_set(&r->arena, o, STR("size_in_bytes"), value_number((double)a->size));
	set_str(r, o, "url", url);
	set_str(r, o, "archive_download_url", arena_printf(&r->arena, "%.*s/zip", STR_ARG(url)));
	vobject_set(&r->arena, o, STR("expired"), value_bool(false));
	set_str(r, o, "created_at", time_text(&r->arena, a->created_ms));
	set_str(r, o, "updated_at", time_text(&r->arena, a->created_ms));
	if (a->digest.len) {
		set_str(r, o, "digest", a->digest);
	}
	vobject_set(&r->arena, run, STR("id"), number_value(a->run_id));
	set_str(r, run, "head_sha", spec->rest.sha);
	vobject_set(&r->arena, o, STR("workflow_run"), value_object(run));
	return value_object(o);
}

unsigned long rest_query_number(const struct request *r, const char *name, unsigned long fallback)
{
	unsigned long n = 0;

	return str_to_ulong(request_query(r, name), &n) && n > 0 ? n : fallback;
}

/* Those of run `id`, of all when it is empty. */
static void list_artifacts(struct request *r, struct str id)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct varray *list = varray_new(&r->arena);
	struct str name = request_query(r, "name");
	unsigned long per_page = rest_query_number(r, "per_page", PAGE);
	unsigned long page = rest_query_number(r, "page", 1);
	size_t n = 0, total = 0;
	const struct artifact *all = artifact_all(r->server->artifacts, &n);

	per_page = per_page < PAGE_MAX ? per_page : PAGE_MAX;
	for (size_t i = n; i-- > 0;) { /* the newest first */
		if ((name.len && !str_eq(name, all[i].name)) ||
		    (id.len && !str_eq(id, all[i].run_id))) {
			continue;
		}
		if (total / per_page == page - 1) {
			varray_push(&r->arena, list, artifact_value(r, &all[i]));
		}
		total++;
	}
	vobject_set(&r->arena, o, STR("total_count"), value_number((double)total));
	vobject_set(&r->arena, o, STR("artifacts"), value_array(list));
	reply_json(r, 200, value_object(o));
}

static const struct artifact *artifact_by_id(struct request *r, struct str text)
{
	size_t n = 0;
	const struct artifact *all = artifact_all(r->server->artifacts, &n);
	unsigned long id = 0;

	for (size_t i = 0; str_to_ulong(text, &id) && i < n; i++) {
		if (all[i].id == id) {
			return &all[i];
		}
	}
	reply_message(r, 404, "Not Found");
	return NULL;
}

static void get_artifact(struct request *r, struct str rest)
{
	const struct artifact *a = artifact_by_id(r, rest);

	if (a) {
		reply_json(r, 200, artifact_value(r, a));
	}
}

static void get_artifact_zip(struct request *r, struct str rest)
{
	const struct artifact *a = artifact_by_id(r, rest);

	if (a) {
		struct str path =
			arena_printf(&r->arena, "/blob/artifact/%llu", (unsigned long long)a->id);

		reply_empty(r, 302);
		reply_header(r, "Location", url_signed(r, path, ""));
	}
}

/* --- git ---------------------------------------------------------------------------------------
 */

static void get_commit(struct request *r, struct str rest)
{
	struct value v = value_null();

	if (rest_commit(r, rest, &v)) {
		reply_json(r, 200, v);
	}
}

static bool is_this_pull(struct request *r, struct str number)
{
	struct value v = value_get(r->server->spec->rest.pull_request, STR("number"));

	return v.kind != VALUE_NULL && str_eq(value_to_str(&r->arena, v), number);
}

static void get_pull(struct request *r, struct str rest)
{
	if (is_this_pull(r, rest)) {
		reply_json(r, 200, r->server->spec->rest.pull_request);
	} else {
		reply_message(r, 404, "Not Found");
	}
}

static void reply_page(struct request *r, struct value all)
{
	struct varray *page = varray_new(&r->arena);
	unsigned long per_page = rest_query_number(r, "per_page", PAGE);
	unsigned long number = rest_query_number(r, "page", 1);

	per_page = per_page < PAGE_MAX ? per_page : PAGE_MAX;
	for (size_t i = (number - 1) * per_page; i < all.u.a->n && page->n < per_page; i++) {
		varray_push(&r->arena, page, all.u.a->v[i]);
	}
	reply_json(r, 200, value_array(page));
}

static void get_of_pull(struct request *r, struct str number,
			bool (*read)(struct request *r, struct value *out))
{
	struct value all = value_null();

	if (!is_this_pull(r, number)) {
		reply_message(r, 404, "Not Found");
	} else if (read(r, &all)) {
		reply_page(r, all);
	}
}

static void get_pull_files(struct request *r, struct str rest)
{
	get_of_pull(r, rest, rest_pull_files);
}

static void get_pull_commits(struct request *r, struct str rest)
{
	get_of_pull(r, rest, rest_pull_commits);
}

/* The one that is rehearsed, or none. */
static void get_commit_pulls(struct request *r, struct str rest)
{
	struct varray *list = varray_new(&r->arena);

	(void)rest;
	if (r->server->spec->rest.pull_request.kind == VALUE_OBJECT) {
		varray_push(&r->arena, list, r->server->spec->rest.pull_request);
	}
	reply_json(r, 200, value_array(list));
}

/* --- what there is -----------------------------------------------------------------------------
 */

/* Behind repos/OWNER/NAME; `*` is one part, which is handed over (with what follows a `**`), as is
 * the id that RUN stands for. */
static const struct {
	const char *path;
	bool token; /* is asked for, as at GitHub */
	void (*get)(struct request *r, struct str rest);
} table[] = {
	{ "", false, get_repository },
	{ "/actions/runs/RUN", false, get_run },
	{ "/actions/runs/RUN/artifacts", true, list_artifacts },
	{ "/actions/artifacts", true, list_artifacts },
	{ "/actions/artifacts/*/zip", true, get_artifact_zip },
	{ "/actions/artifacts/*", true, get_artifact },
	{ "/commits/*/pulls", false, get_commit_pulls },
	/* What only GitHub knows of one. */
	{ "/commits/*/status", false, NULL },
	{ "/commits/*/statuses", false, NULL },
	{ "/commits/*/check-runs", false, NULL },
	{ "/commits/*/check-suites", false, NULL },
	{ "/commits/*/comments", false, NULL },
	{ "/commits/**", false, get_commit },
	{ "/pulls/*/files", false, get_pull_files },
	{ "/pulls/*/commits", false, get_pull_commits },
	{ "/pulls/*", false, get_pull },
};

/* RUN is one of this command's runs; of another one nothing is known here. */
static bool part_fits(struct request *r, struct str pattern, struct str part, struct str *found)
{
	const struct serve_spec *spec = r->server->spec;
	bool run = str_eq(pattern, STR("RUN"));

	if (!run && !str_eq(pattern, STR("*"))) {
		return str_eq(pattern, part);
	}
	*found = part;
	return run ? find_run(spec, part) < spec->rest.nworkflows : part.len > 0;
}

static bool path_fits(struct request *r, struct str pattern, struct str path, struct str *found)
{
	while (pattern.p && path.p) {
		struct str want = str_cut(&pattern, '/');

		if (str_eq(want, STR("**"))) {
			*found = path;
			return path.len > 0;
		}
		if (!part_fits(r, want, str_cut(&path, '/'), found)) {
			return false;
		}
	}
	return !pattern.p && !path.p;
}

static struct str token_of(struct request *r)
{
	struct str header = request_header(r, "Authorization");
	size_t blank = str_chr(header, ' ', 0);

	return blank == STR_NPOS ? STR_EMPTY : str_trim(str_slice(header, blank, header.len));
}

static bool is_own_token(struct request *r, struct str token)
{
	struct value ignored = value_null();

	return token.len && (secret_eq(token, r->server->spec->rest.token) ||
			     jwt_read(&r->arena, r->server->spec->key, token, &ignored));
}

static enum rest_answer answer_here(struct request *r)
{
	struct str prefix =
		arena_printf(&r->arena, "repos/%.*s", STR_ARG(r->server->spec->repository));
	struct str path, found = STR_EMPTY;

	if (!(str_eq(r->method, STR("GET")) || str_eq(r->method, STR("HEAD"))) ||
	    r->rest.len < prefix.len || !str_ieq(str_slice(r->rest, 0, prefix.len), prefix)) {
		return REST_ELSEWHERE;
	}
	path = str_slice(r->rest, prefix.len, r->rest.len);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!path_fits(r, str_of(table[i].path), path, &found)) {
			continue;
		}
		if (!table[i].get) {
			return REST_ELSEWHERE;
		}
		if (table[i].token && !is_own_token(r, token_of(r))) {
			reply_message(r, 401, "act-c: Bad credentials: the token is not the run's");
		} else {
			table[i].get(r, found);
		}
		return REST_ANSWERED;
	}
	return rest_tree(r, path);
}

/* Actions look at it before they begin. */
static void get_rate_limit(struct request *r)
{
	static const struct str names[] = { STR_INIT("core"), STR_INIT("graphql"),
					    STR_INIT("search") };
	struct vobject *o = vobject_new(&r->arena, true), *resources = vobject_new(&r->arena, true);
	struct vobject *rate = vobject_new(&r->arena, true);

	vobject_set(&r->arena, rate, STR("limit"), value_number(RATE_LIMIT));
	vobject_set(&r->arena, rate, STR("used"), value_number(0));
	vobject_set(&r->arena, rate, STR("remaining"), value_number(RATE_LIMIT));
	vobject_set(&r->arena, rate, STR("reset"), value_number((double)time(NULL) + RATE_S));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		vobject_set(&r->arena, resources, names[i], value_object(rate));
	}
	vobject_set(&r->arena, o, STR("resources"), value_object(resources));
	vobject_set(&r->arena, o, STR("rate"), value_object(rate));
	reply_json(r, 200, value_object(o));
}

/* --- GitHub itself -----------------------------------------------------------------------------
 */

struct passing {
	struct request *r;
	size_t n;
	struct str headers[HEADERS_MAX];
	struct relay relay;
	struct err err;
	bool ok;
	bool by_git; /* GitHub is not asked, but the remote of another repository */
	struct value answer;
};

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	static const struct str kept[] = {
		STR_INIT("accept"),       STR_INIT("authorization"),
		STR_INIT("content-type"), STR_INIT("if-none-match"),
		STR_INIT("user-agent"),   STR_INIT("x-github-api-version"),
	};
	struct passing *p = ctx;

	(void)kind;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (str_ieq(kept[i], str_of(name)) && p->n < HEADERS_MAX) {
			p->headers[p->n++] =
				arena_printf(&p->r->arena, "%s: %s", name, value ? value : "");
		}
	}
	return MHD_YES;
}

static int temporary(struct request *r)
{
	return open(r->server->spec->tmp.p, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static struct str api_host(struct request *r)
{
	struct str url = r->server->spec->rest.api_url;
	size_t scheme = str_find(url, STR("://"), 0);

	url = scheme == STR_NPOS ? url : str_slice(url, scheme + 3, url.len);
	return str_cut(&url, '/');
}

static void refuse(struct request *r)
{
	server_log(r->server, "not answered: %.*s /%.*s", STR_ARG(r->method), STR_ARG(r->rest));
	reply_message(r, 403,
		      "act-c: %.*s /%.*s is not part of a rehearsal; with a token (-s "
		      "GITHUB_TOKEN) it is passed on to GitHub, and --stand-in "
		      "%.*s=DIR answers it from files",
		      STR_ARG(r->method), STR_ARG(r->rest), STR_ARG(api_host(r)));
}

static void pass_back(struct request *r, struct passing *p)
{
	struct relay *relay = &p->relay;

	if (p->by_git) {
		if (p->ok) {
			reply_json(r, 200, p->answer);
		} else {
			refuse(r);
		}
		return;
	}
	if (p->ok) {
		reply_relayed(r, relay, "application/json");
	} else {
		reply_message(r, 502, "act-c: GitHub was not reached: %s",
			      p->err.msg ? p->err.msg : "no file");
		err_release(&p->err);
		if (relay->reply >= 0) {
			(void)close(relay->reply);
		}
	}
	if (relay->body >= 0) {
		(void)close(relay->body);
	}
}

/* Artifacts and caches do not wait for GitHub. */
static void *pass_thread(void *ctx)
{
	struct passing *p = ctx;
	struct server *s = p->r->server;

	p->ok = p->by_git ? rest_other(p->r, &p->answer)
			  : relay_run(&p->r->arena, &p->relay, &p->err);
	s->mhd.MHD_resume_connection(p->r->connection);
	(void)atomic_fetch_sub(&s->waiting, 1);
	return NULL;
}

/* False: there is no thread to be had. */
static bool pass_aside(struct request *r, struct passing *p)
{
	struct server *s = r->server;
	pthread_t thread;

	s->mhd.MHD_suspend_connection(r->connection);
	(void)atomic_fetch_add(&s->waiting, 1);
	r->waiting = true;
	if (pthread_create(&thread, NULL, pass_thread, p) == 0) {
		(void)pthread_detach(thread);
		return true;
	}
	r->waiting = false;
	(void)atomic_fetch_sub(&s->waiting, 1);
	s->mhd.MHD_resume_connection(r->connection);
	return false;
}

/* GraphQL has no version in its path: https://HOST/api/graphql beside https://HOST/api/v3. */
static struct str api_base(struct request *r)
{
	struct str url = r->server->spec->rest.api_url;

	return str_eq(r->rest, STR("graphql")) && str_ends(url, STR("/v3"))
		       ? str_slice(url, 0, url.len - 3)
		       : url;
}

static void pass_on(struct request *r)
{
	struct passing *p = arena_new(&r->arena, struct passing);

	*p = (struct passing){ .r = r, .relay = { .method = r->method, .body = -1 } };
	r->sink = p;
	(void)r->server->mhd.MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header,
						       p);
	p->relay.headers = p->headers;
	p->relay.nheaders = p->n;
	p->relay.url = arena_printf(&r->arena, "%.*s/%.*s", STR_ARG(api_base(r)),
				    STR_ARG(request_target(r, r->rest)));
	p->relay.reply = temporary(r);
	p->relay.body = r->body.len ? temporary(r) : -1;
	p->relay.length = r->body.len;
	p->ok = p->relay.reply >= 0 &&
		(p->relay.body < 0 || write_all(p->relay.body, r->body.p, r->body.len));
	if (p->ok && pass_aside(r, p)) {
		return;
	}
	p->ok = p->ok && relay_run(&r->arena, &p->relay, &p->err);
	pass_back(r, p);
}

static void ask_remote(struct request *r)
{
	struct passing *p = arena_new(&r->arena, struct passing);

	*p = (struct passing){ .r = r, .by_git = true, .answer = value_null() };
	r->sink = p;
	if (!pass_aside(r, p)) {
		refuse(r);
	}
}

static void handle(struct request *r)
{
	const struct rest_facts *facts = &r->server->spec->rest;
	struct str token = token_of(r);
	bool fake = !token.len || (!facts->token_is_real && secret_eq(token, facts->token));
	enum rest_answer here = REST_ELSEWHERE;

	if (r->waiting) {
		r->waiting = false;
		pass_back(r, r->sink);
		return;
	}
	if (r->body.overflow) {
		reply_message(r, 413, "act-c: the request is too large");
		return;
	}
	here = answer_here(r);
	if (here == REST_ANSWERED) {
		return;
	}
	if (here == REST_NOT_FOUND && (fake || facts->closed)) {
		reply_message(r, 404, "Not Found (act-c looked into the local repository)");
	} else if (str_eq(r->rest, STR("rate_limit")) && (fake || facts->closed)) {
		get_rate_limit(r);
	} else if (facts->closed || str_starts(r->path, STR("/closed/"))) {
		reply_message(r, 403,
			      "act-c: %.*s /%.*s is not asked of GitHub: nothing outside is "
			      "reached (egress "
			      "none)",
			      STR_ARG(r->method), STR_ARG(r->rest));
	} else if (fake && rest_is_other(r)) {
		ask_remote(r);
	} else if (fake) {
		refuse(r);
	} else {
		pass_on(r);
	}
}

const struct route rest_routes[] = {
	{ .method = "*", .path = "/api/", .auth = AUTH_NONE, .handle = handle },
	/* Of jobs that reach nothing outside. */
	{ .method = "*", .path = "/closed/api/", .auth = AUTH_NONE, .handle = handle },
};
const size_t nrest_routes = sizeof(rest_routes) / sizeof(rest_routes[0]);
