/*
 * payload.c - the event of a run: its payload, and what follows from it (ref, actor, head and
 * base).
 *
 * A template of the event is filled with the repository's facts, and the user's payload (-e) is
 * merged over it; the facts are then read back from the merged payload, so that what the user says
 * there counts. The commit is always the snapshot of the working tree.
 */
#include "actc/payload.h"

#include <time.h>

#include "actc/strbuf.h"
#include "payload_table.h"

struct making {
	struct arena *a;
	const struct event_request *request;
	const struct repo_facts *repo;
	const struct snapshot *snapshot;
	struct event_facts *out;
	struct str default_branch;
	struct str ref; /* what is checked out */
	struct vobject *names;
};

static const struct str no_commit = STR_INIT("0000000000000000000000000000000000000000");

static struct str or_else(struct str s, struct str other)
{
	return s.len ? s : other;
}

static struct str without_prefix(struct str s, struct str prefix)
{
	return str_starts(s, prefix) ? str_slice(s, prefix.len, s.len) : s;
}

/* refs/heads/a/b is a/b, refs/pull/1/merge is 1/merge. */
static struct str short_ref(struct str ref)
{
	static const struct str prefixes[] = { STR_INIT("refs/heads/"), STR_INIT("refs/tags/"),
					       STR_INIT("refs/pull/") };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (str_starts(ref, prefixes[i])) {
			return without_prefix(ref, prefixes[i]);
		}
	}
	return ref;
}

static struct str ref_type(struct str ref)
{
	return str_starts(ref, STR("refs/tags/")) ? STR("tag") : STR("branch");
}

/* A stable number for a name, where GitHub has the id of an account or repository. */
static double id_of(struct str name)
{
	unsigned hash = 2166136261U;

	for (size_t i = 0; i < name.len; i++) {
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619U;
	}
	return hash >> 4;
}

/* A login has letters, digits and dashes; git's user.name may be anything. */
static struct str login_of(struct arena *a, struct str name)
{
	char *login = arena_cstr(a, name);
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (letter) {
			login[n++] = c;
		} else if (n && login[n - 1] != '-' &&
			   (c == ' ' || c == '-' || c == '_' || c == '.')) {
			login[n++] = '-';
		}
	}
	while (n && login[n - 1] == '-') {
		n--;
	}
	login[n] = '\0';
	return str_mk(login, n);
}

/* --- templates ------------------------------------------------------------------------------- */

/* "{name}" at `at`: its name, or empty when it is none that is known. */
static struct str placeholder(const struct making *m, struct str text, size_t at)
{
	size_t end = str_chr(text, '}', at);
	struct str name = STR_EMPTY;

	if (text.p[at] == '{' && end != STR_NPOS) {
		name = str_slice(text, at + 1, end);
	}
	return vobject_get(m->names, name) ? name : STR_EMPTY;
}

static struct value fill_text(const struct making *m, struct str text)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < text.len; i++) {
		struct str name = placeholder(m, text, i);

		if (name.len && name.len + 2 == text.len) {
			return *vobject_get(m->names, name);
		}
		if (name.len) {
			strbuf_adds(&out, value_to_str(m->a, *vobject_get(m->names, name)));
			i += name.len + 1;
		} else {
			strbuf_addc(&out, text.p[i]);
		}
	}

	struct value result = value_str(arena_str(m->a, strbuf_str(&out)));

	strbuf_release(&out);
	return result;
}

static struct value fill(const struct making *m, struct value v)
{
	if (v.kind == VALUE_STRING) {
		return fill_text(m, v.u.s);
	}
	if (v.kind == VALUE_ARRAY) {
		struct varray *filled = varray_new(m->a);

		for (size_t i = 0; i < v.u.a->n; i++) {
			varray_push(m->a, filled, fill(m, v.u.a->v[i]));
		}
		return value_array(filled);
	}
	if (v.kind == VALUE_OBJECT) {
		struct vobject *filled = vobject_new(m->a, false);

		for (size_t i = 0; i < v.u.o->n; i++) {
			vobject_set(m->a, filled, v.u.o->v[i].key, fill(m, v.u.o->v[i].value));
		}
		return value_object(filled);
	}
	return v;
}

/* The tables' JSON has single quotes; no text in it has any quote. */
static struct value template(const struct making *m, const char *json)
{
	char *text = arena_cstr(m->a, str_of(json));
	struct value v = value_null();
	struct str why = STR_EMPTY;
	size_t at = 0;

	for (char *p = text; *p; p++) {
		*p = *p == '\'' ? '"' : *p;
	}
	BUG_ON(!value_from_json(m->a, str_of(text), &v, &why, &at));
	return fill(m, v);
}

static void name_text(struct making *m, const char *name, struct str text)
{
	vobject_set(m->a, m->names, str_of(name), value_str(text));
}

static void name_number(struct making *m, const char *name, double n)
{
	vobject_set(m->a, m->names, str_of(name), value_number(n));
}

static struct str first_line(struct str s)
{
	return str_slice(s, 0, str_chr(s, '\n', 0));
}

/* The commit before this one, or zeros: the one given, else the upstream's, else the parent. */
static struct str before(const struct making *m)
{
	const struct str candidates[] = { m->request->before, m->repo->upstream,
					  m->snapshot->parent };

	if (str_starts(m->ref, STR("refs/tags/"))) {
		return no_commit;
	}
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (candidates[i].len && !str_eq(candidates[i], m->snapshot->sha)) {
			return candidates[i];
		}
	}
	return no_commit;
}

static struct value inputs_value(const struct making *m)
{
	struct vobject *inputs = vobject_new(m->a, false);
	const struct settings *given = m->request->inputs;

	for (size_t i = 0; given && i < given->n; i++) {
		vobject_set(m->a, inputs, given->v[i].name, value_str(given->v[i].value));
	}
	return given && given->n ? value_object(inputs) : value_null();
}

static void name_facts(struct making *m)
{
	const struct event_facts *f = m->out;
	const struct snapshot *s = m->snapshot;
	struct str host = without_prefix(f->server_url, STR("https://"));
	struct str branch =
		str_starts(m->ref, STR("refs/heads/")) ? short_ref(m->ref) : m->default_branch;
	struct str tag = str_starts(m->ref, STR("refs/tags/")) ? short_ref(m->ref) : STR("v0.0.0");
	bool github = str_eq(host, STR("github.com"));

	name_text(m, "actor", f->actor);
	name_number(m, "actor_id", id_of(f->actor));
	name_text(m, "owner", f->owner);
	name_number(m, "owner_id", id_of(f->owner));
	name_text(m, "name", or_else(m->repo->name, STR("repository")));
	name_text(m, "full_name", f->repository);
	name_number(m, "repository_id", id_of(f->repository));
	name_text(m, "server_url", f->server_url);
	name_text(m, "host", host);
	name_text(m, "api_url",
		  github ? STR("https://api.github.com")
			 : arena_printf(m->a, "%.*s/api/v3", STR_ARG(f->server_url)));
	name_text(m, "html_url",
		  arena_printf(m->a, "%.*s/%.*s", STR_ARG(f->server_url), STR_ARG(f->repository)));
	name_text(m, "default_branch", m->default_branch);
	name_text(m, "branch", branch);
	name_text(m, "tag", tag);
	name_text(m, "ref", m->ref);
	name_text(m, "ref_short", short_ref(m->ref));
	name_text(m, "ref_type", ref_type(m->ref));
	name_text(m, "sha", s->sha);
	name_text(m, "tree", s->tree);
	name_text(m, "before", before(m));
	vobject_set(m->a, m->names, STR("created"), value_bool(str_eq(before(m), no_commit)));
	name_text(m, "message", s->message);
	name_text(m, "title", first_line(s->message));
	name_text(m, "timestamp", s->timestamp);
	name_text(m, "author_name", s->author_name);
	name_text(m, "author_email", s->author_email);
	vobject_set(m->a, m->names, STR("inputs"), inputs_value(m));
	for (size_t i = 0; i < payload_nparts; i++) {
		vobject_set(m->a, m->names, str_of(payload_parts[i].name),
			    template(m, payload_parts[i].json));
	}
}

/* Objects are merged key by key; anything else of `over` replaces. */
static struct value merge(struct arena *a, struct value under, struct value over)
{
	struct vobject *merged = vobject_new(a, false);

	if (under.kind != VALUE_OBJECT || over.kind != VALUE_OBJECT) {
		return over;
	}
	for (size_t i = 0; i < under.u.o->n; i++) {
		vobject_set(a, merged, under.u.o->v[i].key, under.u.o->v[i].value);
	}
	for (size_t i = 0; i < over.u.o->n; i++) {
		const struct vpair *p = &over.u.o->v[i];
		const struct value *old = vobject_get(under.u.o, p->key);

		vobject_set(a, merged, p->key, old ? merge(a, *old, p->value) : p->value);
	}
	return value_object(merged);
}

/* --- what follows from the payload ----------------------------------------------------------- */

static struct str text_at(const struct making *m, const char *one, const char *two,
			  const char *three)
{
	struct value v = value_get(m->out->payload, str_of(one));

	v = two ? value_get(v, str_of(two)) : v;
	v = three ? value_get(v, str_of(three)) : v;
	return v.kind == VALUE_OBJECT || v.kind == VALUE_ARRAY ? STR_EMPTY : value_to_str(m->a, v);
}

static struct str full_ref(const struct making *m, struct str kind, struct str name)
{
	return str_starts(name, STR("refs/"))
		       ? name
		       : arena_printf(m->a, "refs/%.*s/%.*s", STR_ARG(kind), STR_ARG(name));
}

static struct str merge_ref(const struct making *m)
{
	struct value merged =
		value_get(value_get(m->out->payload, STR("pull_request")), STR("merged"));
	struct str number = or_else(text_at(m, "pull_request", "number", NULL),
				    text_at(m, "number", NULL, NULL));

	if (str_eq(text_at(m, "action", NULL, NULL), STR("closed")) && value_truthy(merged)) {
		return full_ref(m, STR("heads"), text_at(m, "pull_request", "base", "ref"));
	}
	return arena_printf(m->a, "refs/pull/%.*s/merge", STR_ARG(or_else(number, STR("1"))));
}

static struct str event_ref(const struct making *m, enum ref_rule rule)
{
	struct str tags = STR("tags"), heads = STR("heads");
	struct str ref = text_at(m, "ref", NULL, NULL);

	switch (rule) {
	case REF_DEFAULT:
		break;
	case REF_CURRENT:
		return ref.len ? full_ref(m, heads, ref) : m->ref;
	case REF_MERGE:
		return merge_ref(m);
	case REF_RELEASE:
		return full_ref(m, tags, text_at(m, "release", "tag_name", NULL));
	case REF_CREATED:
		return full_ref(
			m, str_eq(text_at(m, "ref_type", NULL, NULL), STR("tag")) ? tags : heads,
			ref);
	case REF_QUEUE:
		return text_at(m, "merge_group", "head_ref", NULL);
	}
	return full_ref(m, heads, m->default_branch);
}

static const struct payload_row *find_row(struct str event)
{
	static const struct payload_row other = { "", REF_DEFAULT, "{}" };

	for (size_t i = 0; i < payload_nrows; i++) {
		if (str_eq(str_of(payload_rows[i].event), event)) {
			return &payload_rows[i];
		}
	}
	return &other;
}

/* What is so because of the action: the label that was added, the state of what was closed. */
static struct value add_action(struct making *m, struct value payload)
{
	struct str action =
		or_else(value_to_str(m->a, value_get(m->request->user_payload, STR("action"))),
			value_to_str(m->a, value_get(payload, STR("action"))));
	struct str event = str_eq(m->request->event, STR("pull_request_target"))
				   ? STR("pull_request")
				   : m->request->event;

	for (size_t i = 0; i < payload_nactions; i++) {
		const struct payload_action *p = &payload_actions[i];

		if (str_eq(event, str_of(p->event)) && str_eq(action, str_of(p->action))) {
			return merge(m->a, payload, template(m, p->json));
		}
	}
	return payload;
}

static void make_payload(struct making *m, const struct payload_row *row)
{
	static const char common[] = "{'repository': '{repository}', 'sender': '{sender}'}";
	struct value payload = merge(m->a, template(m, row->json), template(m, common));

	payload = add_action(m, payload);
	if (m->request->user_payload.kind == VALUE_OBJECT) {
		payload = merge(m->a, payload, m->request->user_payload);
	}
	m->out->payload = payload;
}

static void set_identity(struct making *m)
{
	struct event_facts *f = m->out;
	struct str actor = or_else(m->request->actor, login_of(m->a, m->repo->user_name));
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	f->event_name = m->request->event;
	f->actor = or_else(actor, STR("octocat"));
	f->owner = or_else(m->repo->owner, STR("local"));
	f->repository = arena_printf(m->a, "%.*s/%.*s", STR_ARG(f->owner),
				     STR_ARG(or_else(m->repo->name, STR("repository"))));
	f->server_url = or_else(m->repo->server, STR("https://github.com"));
	f->sha = m->snapshot->sha;
	f->run_id =
		arena_printf(m->a, "%lld", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	f->run_number = STR("1");
	f->run_attempt = STR("1");
}

/* The ids that the payload has, so that the github context does not contradict it. */
static void set_ids(const struct making *m)
{
	struct event_facts *f = m->out;
	bool sent = str_ieq(text_at(m, "sender", "login", NULL), f->actor);
	struct str sender = sent ? text_at(m, "sender", "id", NULL) : STR_EMPTY;

	f->actor_id = or_else(sender, value_to_str(m->a, value_number(id_of(f->actor))));
	f->repository_id = text_at(m, "repository", "id", NULL);
	f->owner_id = text_at(m, "repository", "owner", "id");
}

bool event_facts(struct arena *a, const struct event_request *request,
		 const struct repo_facts *repo, const struct snapshot *snapshot,
		 struct event_facts *out, struct err *err)
{
	struct making m = { .a = a,
			    .request = request,
			    .repo = repo,
			    .snapshot = snapshot,
			    .out = out,
			    .default_branch = or_else(repo->default_branch, STR("main")),
			    .names = vobject_new(a, false) };
	const struct payload_row *row = find_row(request->event);

	if (request->user_payload.kind != VALUE_NULL &&
	    request->user_payload.kind != VALUE_OBJECT) {
		return err_set(err, ERR_USAGE, "the event's payload is not a JSON object");
	}
	*out = (struct event_facts){ .head_ref = STR_EMPTY, .base_ref = STR_EMPTY };
	m.ref = or_else(repo->ref, snapshot->ref);
	m.ref = or_else(m.ref, full_ref(&m, STR("heads"), m.default_branch));
	set_identity(&m);
	name_facts(&m);
	make_payload(&m, row);
	set_ids(&m);
	out->ref = event_ref(&m, row->ref);
	out->ref_name = short_ref(out->ref);
	out->ref_type = ref_type(out->ref);
	if (str_eq(request->event, STR("pull_request")) ||
	    str_eq(request->event, STR("pull_request_target"))) {
		out->head_ref = text_at(&m, "pull_request", "head", "ref");
		out->base_ref = text_at(&m, "pull_request", "base", "ref");
	}
	return true;
}
