/* plan_json.c - a plan for programs: one JSON object, described by testdata/plan.schema.json. */
#include <stdio.h>

#include "actc/strbuf.h"
#include "plan.h"

static void set_text(struct arena *a, struct vobject *o, const char *key, struct str s)
{
	vobject_set(a, o, str_of(key), value_str(s));
}

static void set_if(struct arena *a, struct vobject *o, const char *key, struct str s)
{
	if (s.len) {
		set_text(a, o, key, s);
	}
}

static void set_place(struct arena *a, struct vobject *o, struct str path, struct place at)
{
	set_text(a, o, "path", path);
	if (at.line) {
		vobject_set(a, o, STR("line"), value_number(at.line));
		vobject_set(a, o, STR("column"), value_number(at.col));
	}
}

static struct value texts(struct arena *a, const struct str *v, size_t n)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < n; i++) {
		varray_push(a, list, value_str(v[i]));
	}
	return value_array(list);
}

static struct value event_json(struct arena *a, const struct happening *h)
{
	const struct event_facts *e = &h->event;
	struct vobject *o = vobject_new(a, true);

	set_text(a, o, "name", e->event_name);
	set_if(a, o, "action", value_to_str(a, value_get(e->payload, STR("action"))));
	set_text(a, o, "ref", e->ref);
	set_text(a, o, "sha", e->sha);
	set_if(a, o, "head_ref", e->head_ref);
	set_if(a, o, "base_ref", e->base_ref);
	vobject_set(a, o, STR("local_changes"), value_bool(h->snapshot.dirty));
	return value_object(o);
}

static struct value changes_json(struct arena *a, const struct happening *h)
{
	struct vobject *o = vobject_new(a, true);

	if (!h->has_changes) {
		return value_null();
	}
	vobject_set(a, o, STR("known"), value_bool(h->changes.known));
	set_text(a, o, "why", h->changes.why);
	vobject_set(a, o, STR("files"), texts(a, h->changes.v, h->changes.n));
	return value_object(o);
}

static struct value jobs_json(struct arena *a, const struct forecast_job *jobs, size_t n);

static struct value leg_json(struct arena *a, const struct forecast_job *job,
			     const struct forecast_leg *leg)
{
	struct vobject *o = vobject_new(a, true);

	set_text(a, o, "path", leg->path);
	set_text(a, o, "name", leg->name);
	set_text(a, o, "fate", str_of(fate_word(leg->fate)));
	set_if(a, o, "reason", leg->reason);
	set_if(a, o, "hint", leg->hint);
	if (leg->matrix.kind != VALUE_NULL) {
		vobject_set(a, o, STR("matrix"), leg->matrix);
	}
	set_if(a, o, "labels", leg->labels);
	set_if(a, o, "image", leg->image);
	set_if(a, o, "environment", leg->environment);
	if (leg->environment.len) {
		vobject_set(a, o, STR("approval"),
			    value_bool(leg->rules && leg->rules->reviewers.n));
	}
	if (job->def->uses.s.len) {
		vobject_set(a, o, STR("jobs"), jobs_json(a, leg->jobs, leg->njobs));
	}
	return value_object(o);
}

static struct value job_json(struct arena *a, const struct forecast_job *job)
{
	const struct job_def *def = job->def;
	struct vobject *o = vobject_new(a, true);
	struct varray *needs = varray_new(a), *legs = varray_new(a);

	for (size_t i = 0; i < def->needs.n; i++) {
		varray_push(a, needs, value_str(def->needs.v[i].s));
	}
	for (size_t i = 0; i < job->nlegs; i++) {
		varray_push(a, legs, leg_json(a, job, &job->legs[i]));
	}
	set_text(a, o, "id", def->id.s);
	set_text(a, o, "fate", str_of(fate_word(job->fate)));
	set_if(a, o, "reason", job->reason);
	set_if(a, o, "if", def->cond_text.s);
	set_if(a, o, "uses", def->uses.s);
	vobject_set(a, o, STR("needs"), value_array(needs));
	vobject_set(a, o, STR("legs_known"), value_bool(job->legs_known));
	vobject_set(a, o, STR("legs"), value_array(legs));
	return value_object(o);
}

static struct value jobs_json(struct arena *a, const struct forecast_job *jobs, size_t n)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < n; i++) {
		varray_push(a, list, job_json(a, &jobs[i]));
	}
	return value_array(list);
}

static struct value workflows_json(struct arena *a, const struct plan *p)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < p->forecast.n; i++) {
		const struct forecast_workflow *w = &p->forecast.v[i];
		struct vobject *o = vobject_new(a, true);

		set_text(a, o, "path", w->workflow->path);
		set_text(a, o, "name", w->workflow->name);
		vobject_set(a, o, STR("jobs"), jobs_json(a, w->jobs, w->njobs));
		varray_push(a, list, value_object(o));
	}
	return value_array(list);
}

static struct value left_out_json(struct arena *a, const struct plan *p)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < p->left_out.n; i++) {
		const struct left_out *l = &p->left_out.v[i];
		struct vobject *o = vobject_new(a, true);

		set_place(a, o, l->path, l->at);
		set_if(a, o, "filter", l->filter);
		set_if(a, o, "pattern", l->pattern);
		set_text(a, o, "reason", l->reason);
		varray_push(a, list, value_object(o));
	}
	return value_array(list);
}

static struct value missing_json(struct arena *a, const struct plan *p)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < p->missing.n; i++) {
		const struct missing *m = &p->missing.v[i];
		struct vobject *o = vobject_new(a, true);

		set_text(a, o, "context", str_of(m->context));
		set_text(a, o, "name", m->name);
		set_place(a, o, m->path, m->at);
		varray_push(a, list, value_object(o));
	}
	return value_array(list);
}

static struct value outside_json(struct arena *a, const struct plan *p)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < p->noutside; i++) {
		varray_push(a, list, value_str(p->outside[i]));
	}
	return value_array(list);
}

void plan_print_json(const struct plan *p)
{
	struct arena *a = &p->o->arena;
	struct vobject *o = vobject_new(a, true);
	struct strbuf out = STRBUF_INIT(0);

	vobject_set(a, o, STR("v"), value_number(1));
	vobject_set(a, o, STR("event"), event_json(a, &p->happening));
	vobject_set(a, o, STR("changes"), changes_json(a, &p->happening));
	vobject_set(a, o, STR("workflows"), workflows_json(a, p));
	vobject_set(a, o, STR("not_started"), left_out_json(a, p));
	vobject_set(a, o, STR("missing"), missing_json(a, p));
	vobject_set(a, o, STR("outside"), outside_json(a, p));
	value_to_json_line(&out, value_object(o));
	(void)printf("%.*s\n", STR_ARG(strbuf_str(&out)));
	strbuf_release(&out);
}
