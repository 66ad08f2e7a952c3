/*
 * initial.c - the contexts as they are before any job: for people who try expressions.
 *
 * Not for jobs: they have theirs from contexts.c and env.c, with paths and results.
 */
#include <sys/utsname.h>

#include "contexts.h"
#include "env.h"

static struct value runner(struct arena *a)
{
	struct vobject *o = vobject_new(a, false);
	struct utsname machine;

	vobject_set(a, o, STR("name"), value_str(STR("act-c")));
	vobject_set(a, o, STR("os"), value_str(STR("Linux")));
	if (uname(&machine) == 0) {
		struct str arch = arena_str(a, str_of(machine.machine));

		vobject_set(a, o, STR("arch"), value_str(runner_arch(arch)));
	}
	vobject_set(a, o, STR("temp"), value_str(STR("/home/runner/work/_temp")));
	vobject_set(a, o, STR("tool_cache"), value_str(STR("/opt/hostedtoolcache")));
	vobject_set(a, o, STR("environment"), value_str(STR("github-hosted")));
	return value_object(o);
}

static struct value success(struct arena *a)
{
	struct vobject *o = vobject_new(a, false);

	vobject_set(a, o, STR("status"), value_str(STR("success")));
	return value_object(o);
}

struct vobject *run_contexts(struct arena *a, const struct run_request *run,
			     const struct run_workflow *workflow)
{
	struct vobject *o = vobject_new(a, false);
	struct value empty = value_object(vobject_new(a, false));
	struct vobject *env = vobject_new(a, true);

	for (size_t i = 0; run->env && i < run->env->n; i++) {
		vobject_set(a, env, run->env->v[i].name, value_str(run->env->v[i].value));
	}
	vobject_set(a, o, STR("github"),
		    run->event ? value_object(github_context(a, run, workflow, STR_EMPTY)) : empty);
	vobject_set(a, o, STR("env"), value_object(env));
	vobject_set(a, o, STR("vars"), vars_context(a, run->vars));
	vobject_set(a, o, STR("secrets"), secrets_context(a, run->secrets));
	vobject_set(a, o, STR("inputs"), workflow->inputs);
	vobject_set(a, o, STR("job"), success(a));
	vobject_set(a, o, STR("steps"), empty);
	vobject_set(a, o, STR("runner"), runner(a));
	vobject_set(a, o, STR("strategy"), strategy_context(a, true, 0, 1, 1));
	vobject_set(a, o, STR("matrix"), value_null());
	vobject_set(a, o, STR("needs"), empty);
	return o;
}
