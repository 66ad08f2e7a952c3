/*
 * list_json.c - `act-c list --json`: one object, with every workflow, what starts it, and its jobs.
 */
#include "list.h"

#include "actc/strbuf.h"

static void set_text(struct arena *a, struct vobject *o, struct str key, struct str s)
{
	vobject_set(a, o, key, value_str(s));
}

static struct value events_json(struct arena *a, const struct workflow *w)
{
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < w->nevents; i++) {
		varray_push(a, list, value_str(w->events[i].event.s));
	}
	return value_array(list);
}

static struct value job_json(struct arena *a, const struct chosen *c, const struct job_def *job)
{
	struct vobject *o = vobject_new(a, true);
	struct varray *needs = varray_new(a);

	for (size_t i = 0; i < job->needs.n; i++) {
		varray_push(a, needs, value_str(job->needs.v[i].s));
	}
	set_text(a, o, STR("id"), job->id.s);
	set_text(a, o, STR("name"), chosen_job_name(a, &c->sources, job));
	vobject_set(a, o, STR("needs"), value_array(needs));
	vobject_set(a, o, STR("matrix"), value_bool(job->matrix || job->strategy));
	if (job->uses.s.len) {
		set_text(a, o, STR("uses"), job->uses.s);
	}
	return value_object(o);
}

static struct value workflow_json(struct arena *a, const struct chosen *c, const struct selected *s)
{
	struct vobject *o = vobject_new(a, true);
	struct varray *jobs = varray_new(a);

	for (size_t i = 0; i < s->workflow->njobs; i++) {
		if (s->jobs[i]) {
			varray_push(a, jobs, job_json(a, c, &s->workflow->jobs[i]));
		}
	}
	set_text(a, o, STR("path"), s->workflow->path);
	set_text(a, o, STR("name"), s->workflow->name);
	vobject_set(a, o, STR("events"), events_json(a, s->workflow));
	vobject_set(a, o, STR("jobs"), value_array(jobs));
	return value_object(o);
}

void list_print_json(struct options *o, const struct chosen *c)
{
	struct arena *a = &o->arena;
	struct vobject *all = vobject_new(a, true);
	struct varray *workflows = varray_new(a), *invalid = varray_new(a);
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < c->n; i++) {
		varray_push(a, workflows, workflow_json(a, c, &c->v[i]));
	}
	for (size_t i = 0; i < c->files.n; i++) {
		if (!c->files.v[i].workflow) {
			varray_push(a, invalid, value_str(c->files.v[i].path));
		}
	}
	vobject_set(a, all, STR("v"), value_number(1));
	vobject_set(a, all, STR("workflows"), value_array(workflows));
	vobject_set(a, all, STR("invalid"), value_array(invalid));
	value_to_json_line(&out, value_object(all));
	(void)printf("%.*s\n", STR_ARG(strbuf_str(&out)));
	strbuf_release(&out);
}
