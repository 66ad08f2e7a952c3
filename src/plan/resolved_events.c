/* resolved_events.c - what starts a workflow, in the resolved model: plain values, no tokens. */
#include "resolved.h"

static const struct {
	struct str key;
	size_t offset; /* in struct event_filter, a struct spanned_list */
} filters[] = {
	{ STR_INIT("branches"), offsetof(struct event_filter, branches) },
	{ STR_INIT("branches-ignore"), offsetof(struct event_filter, branches_ignore) },
	{ STR_INIT("tags"), offsetof(struct event_filter, tags) },
	{ STR_INIT("tags-ignore"), offsetof(struct event_filter, tags_ignore) },
	{ STR_INIT("paths"), offsetof(struct event_filter, paths) },
	{ STR_INIT("paths-ignore"), offsetof(struct event_filter, paths_ignore) },
	{ STR_INIT("types"), offsetof(struct event_filter, types) },
	{ STR_INIT("versions"), offsetof(struct event_filter, versions) },
	{ STR_INIT("names"), offsetof(struct event_filter, names) },
	{ STR_INIT("workflows"), offsetof(struct event_filter, workflows) },
};

static const struct str input_types[] = {
	[INPUT_STRING] = STR_INIT("string"),           [INPUT_BOOLEAN] = STR_INIT("boolean"),
	[INPUT_NUMBER] = STR_INIT("number"),           [INPUT_CHOICE] = STR_INIT("choice"),
	[INPUT_ENVIRONMENT] = STR_INIT("environment"),
};

static struct value string_list(const struct resolving *r, const struct spanned_list *list)
{
	struct varray *items = varray_new(r->a);

	for (size_t i = 0; i < list->n; i++) {
		varray_push(r->a, items, value_str(list->v[i].s));
	}
	return value_array(items);
}

static struct value schedule(const struct resolving *r, const struct event_filter *e)
{
	struct varray *crons = varray_new(r->a);

	for (size_t i = 0; i < e->ncrons; i++) {
		struct vobject *o = vobject_new(r->a, true);

		vobject_set(r->a, o, STR("cron"), value_str(e->crons[i].spec.s));
		if (e->crons[i].timezone.len) {
			vobject_set(r->a, o, STR("timezone"), value_str(e->crons[i].timezone));
		}
		varray_push(r->a, crons, value_object(o));
	}
	return value_array(crons);
}

/* GitHub's reader of events has no place for it. */
static bool is_number_default(const struct input_def *in, struct str key)
{
	return in && in->type == INPUT_NUMBER && str_eq(key, STR("default"));
}

/* What an input, a secret or an output says of itself as plain values: its keys as written. */
static struct value definition(const struct resolving *r, const struct tok *t,
			       const struct input_def *in)
{
	const struct resolving bare = { .a = r->a, .sources = r->sources };
	struct vobject *o = vobject_new(r->a, true);

	if (in) {
		vobject_set(r->a, o, STR("type"), value_str(input_types[in->type]));
	}
	for (size_t i = 0; t && t->kind == TOK_MAP && i < t->u.map.n; i++) {
		const struct tok_pair *pair = &t->u.map.pairs[i];

		if (pair->value->kind == TOK_SEQ) { /* options */
			vobject_set(r->a, o, pair->key->u.s, string_list(r, &in->options));
		} else if (!is_number_default(in, pair->key->u.s)) {
			resolved_put(&bare, o, pair->key->u.s, pair->value);
		}
	}
	return value_object(o);
}

static const struct tok *event_part(const struct workflow *w, const struct event_filter *e,
				    struct str part)
{
	const struct tok *on = tok_get(w->tokens, STR("on"));

	return tok_get(tok_get(on, e->event.s), part);
}

static void put_inputs(const struct resolving *r, const struct workflow *w,
		       const struct event_filter *e, struct vobject *out)
{
	const struct tok *given = event_part(w, e, STR("inputs"));
	struct vobject *inputs = vobject_new(r->a, true);

	for (size_t i = 0; i < e->ninputs; i++) {
		const struct input_def *in = &e->inputs[i];

		vobject_set(r->a, inputs, in->id.s, definition(r, tok_get(given, in->id.s), in));
	}
	if (given) {
		vobject_set(r->a, out, STR("inputs"), value_object(inputs));
	}
}

static void put_secrets(const struct resolving *r, const struct workflow *w,
			const struct event_filter *e, struct vobject *out)
{
	const struct tok *given = event_part(w, e, STR("secrets"));
	struct vobject *secrets = vobject_new(r->a, true);

	for (size_t i = 0; i < e->nsecrets; i++) {
		struct str id = e->secrets[i].id.s;

		vobject_set(r->a, secrets, id, definition(r, tok_get(given, id), NULL));
	}
	if (given) {
		vobject_set(r->a, out, STR("secrets"), value_object(secrets));
	}
}

static struct value one_event(const struct resolving *r, const struct workflow *w,
			      const struct event_filter *e)
{
	struct vobject *o = vobject_new(r->a, true);

	if (e->ncrons) {
		return schedule(r, e);
	}
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		const struct spanned_list *list =
			(const void *)((const char *)e + filters[i].offset);

		if (event_part(w, e, filters[i].key)) {
			vobject_set(r->a, o, filters[i].key, string_list(r, list));
		}
	}
	put_inputs(r, w, e, o);
	put_secrets(r, w, e, o);
	return value_object(o);
}

struct value resolved_events(const struct resolving *r, const struct workflow *w)
{
	struct vobject *events = vobject_new(r->a, true);

	for (size_t i = 0; i < w->nevents; i++) {
		vobject_set(r->a, events, w->events[i].event.s, one_event(r, w, &w->events[i]));
	}
	return value_object(events);
}

struct value resolved_input_types(const struct resolving *r, const struct workflow *w)
{
	const struct event_filter *e = workflow_event(w, STR("workflow_dispatch"));
	struct vobject *types = vobject_new(r->a, true);

	for (size_t i = 0; e && i < e->ninputs; i++) {
		vobject_set(r->a, types, e->inputs[i].id.s,
			    value_str(input_types[e->inputs[i].type]));
	}
	return types->n ? value_object(types) : value_null();
}
