/* test_plan.c - which workflows and jobs are chosen, and which image serves a label. */
#include <criterion/criterion.h>

#include "actc/plan.h"

#define STEPS "    runs-on: ubuntu-latest\n    steps:\n      - run: x\n"

static const struct {
	const char *path, *text;
	bool named;
} texts[] = {
	{ "ci.yml",
	  "on:\n  push:\n    branches: [main]\n    paths-ignore: [docs]\n  pull_request:\n"
	  "jobs:\n  lint:\n" STEPS "  build:\n" STEPS "  test:\n    needs: [build]\n" STEPS
	  "  deploy:\n    needs: [test, lint]\n" STEPS,
	  false },
	{ "deploy.yml", "on: workflow_dispatch\njobs:\n  ship:\n" STEPS "  lint:\n" STEPS, false },
	{ "called.yml", "on: workflow_call\njobs:\n  inner:\n" STEPS, false },
	{ "bad.yml", "on: [issues]\njobs:\n  triage:\n    runs_on: x\n    steps: []\n", false },
	{ "named.yml", "on: push\njobs:\n  a:\n    runs_on: x\n", true },
	{ "broken.yml", "on:\n  release: # push\njobs:\n  'pack': {\n", false },
	{ "only.yml", "on: [schedule, workflow_call]\njobs:\n  sweep:\n" STEPS, false },
};
enum { CI, DEPLOY, CALLED, BAD, NAMED, BROKEN, ONLY };

struct world {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct workflow_file v[4];
	struct workflow_files files;
};

static void load(struct world *p, const int *which)
{
	*p = (struct world){ .a = ARENA_INIT };
	p->sources.arena = p->diags.arena = &p->a;
	p->diags.sources = &p->sources;
	for (size_t i = 0; which[i] >= 0; i++) {
		struct str path = str_of(texts[which[i]].path);
		uint32_t file = sources_add(&p->sources, path, str_of(texts[which[i]].text));

		p->v[i] = (struct workflow_file){
			.file = file,
			.path = path,
			.workflow = workflow_load(&p->a, file, &p->diags),
			.named = texts[which[i]].named,
		};
		p->files.n++;
	}
	p->files.v = p->v;
	p->files.where = STR("here");
}

/* "push: ci.yml(lint build); note; note", or "3: message". */
static struct str outcome(struct world *p, const char *event, const char *const *jobs)
{
	struct str ids[2];
	struct selection_request r = { .event = str_of(event), .jobs = ids };
	struct selection s = { 0 };
	struct err err = ERR_INIT;

	for (; jobs[r.njobs]; r.njobs++) {
		ids[r.njobs] = str_of(jobs[r.njobs]);
	}
	if (!plan_select(&p->a, &p->files, &p->sources, &r, &s, &err)) {
		struct str out = arena_printf(&p->a, "%d: %s", err.kind, err.msg);

		err_release(&err);
		return out;
	}

	struct str out = arena_printf(&p->a, "%.*s:", STR_ARG(s.event));

	for (size_t i = 0; i < s.n; i++) {
		const struct workflow *w = s.v[i].workflow;
		size_t n = 0;

		out = arena_printf(&p->a, "%.*s %.*s(", STR_ARG(out), STR_ARG(w->path));
		for (size_t j = 0; j < w->njobs; j++) {
			if (s.v[i].jobs[j]) {
				out = arena_printf(&p->a, "%.*s%s%.*s", STR_ARG(out),
						   n++ ? " " : "", STR_ARG(w->jobs[j].id.s));
			}
		}
		cr_expect_eq(n, s.v[i].njobs);
		out = arena_printf(&p->a, "%.*s)", STR_ARG(out));
	}
	for (size_t i = 0; i < s.nnotes; i++) {
		out = arena_printf(&p->a, "%.*s; %.*s", STR_ARG(out), STR_ARG(s.notes[i]));
	}
	return out;
}

static const struct {
	const char *what;
	int files[5];
	const char *event;
	const char *jobs[3];
	const char *want;
} selections[] = {
	{ "by event",
	  { CI, DEPLOY, -1 },
	  "pull_request",
	  { NULL },
	  "pull_request: ci.yml(lint build test deploy)" },
	{ "filters are another's business",
	  { CI, -1 },
	  "push",
	  { NULL },
	  "push: ci.yml(lint build test deploy)" },
	{ "several events: push",
	  { CI, -1 },
	  "",
	  { NULL },
	  "push: ci.yml(lint build test deploy)" },
	{ "the only event",
	  { DEPLOY, -1 },
	  "",
	  { NULL },
	  "workflow_dispatch: deploy.yml(ship lint)" },
	{ "workflow_call does not count beside others",
	  { ONLY, CALLED, -1 },
	  "",
	  { NULL },
	  "schedule: only.yml(sweep)" },
	{ "alone it does", { CALLED, -1 }, "", { NULL }, "workflow_call: called.yml(inner)" },
	{ "-j with its needs, without filters",
	  { CI, DEPLOY, -1 },
	  "push",
	  { "test" },
	  "push: ci.yml(build test)" },
	{ "-j ignores the event and case",
	  { CI, -1 },
	  "issues",
	  { "DEPLOY" },
	  "issues: ci.yml(lint build test deploy)" },
	{ "-j in every workflow that has it",
	  { CI, DEPLOY, -1 },
	  "push",
	  { "lint" },
	  "push: ci.yml(lint) deploy.yml(lint)" },
	{ "-j twice",
	  { CI, DEPLOY, -1 },
	  "push",
	  { "ship", "build" },
	  "push: ci.yml(build) deploy.yml(ship)" },
	{ "-j without an event: that of its file",
	  { CI, DEPLOY, -1 },
	  "",
	  { "ship" },
	  "workflow_dispatch: deploy.yml(ship)" },
	{ "no such event",
	  { CI, DEPLOY, -1 },
	  "pull_requests",
	  { NULL },
	  "4: no workflow in here is started by 'pull_requests'; did you mean 'pull_request'? "
	  "There "
	  "are: push, pull_request, workflow_dispatch" },
	{ "events have their case",
	  { CI, -1 },
	  "PUSH",
	  { NULL },
	  "4: no workflow in here is started by 'PUSH'; did you mean 'push'? There are: push, "
	  "pull_request" },
	{ "no such job",
	  { DEPLOY, -1 },
	  "",
	  { "shop" },
	  "4: no workflow in here has a job 'shop'; did you mean 'ship'? There are: ship, lint" },
	{ "one of two jobs is not there",
	  { DEPLOY, -1 },
	  "",
	  { "ship", "zzzz" },
	  "4: no workflow in here has a job 'zzzz'; there are: ship, lint" },
	{ "an invalid file of another event is left out",
	  { CI, BAD, -1 },
	  "pull_request",
	  { NULL },
	  "pull_request: ci.yml(lint build test deploy); bad.yml is invalid and left out" },
	{ "one of this event ends it",
	  { CI, BAD, -1 },
	  "issues",
	  { NULL },
	  "2: bad.yml is not a valid workflow" },
	{ "one that has the job ends it",
	  { CI, BAD, -1 },
	  "push",
	  { "triage" },
	  "2: bad.yml is not a valid workflow" },
	{ "one that has another job does not",
	  { CI, BAD, -1 },
	  "issues",
	  { "lint" },
	  "issues: ci.yml(lint); bad.yml is invalid and left out" },
	{ "one that was named ends it",
	  { CI, NAMED, -1 },
	  "pull_request",
	  { NULL },
	  "2: named.yml is not a valid workflow" },
	{ "no YAML, but the event can be read",
	  { CI, BROKEN, -1 },
	  "release",
	  { NULL },
	  "2: broken.yml is not a valid workflow" },
	{ "not in a comment",
	  { CI, BROKEN, -1 },
	  "push",
	  { NULL },
	  "push: ci.yml(lint build test deploy); broken.yml is invalid and left out" },
	{ "a quoted job",
	  { CI, BROKEN, -1 },
	  "push",
	  { "pack" },
	  "2: broken.yml is not a valid workflow" },
	{ "none is valid", { BAD, BROKEN, -1 }, "", { NULL }, "2: no workflow in here is valid" },
};

Test(plan, selections)
{
	for (size_t i = 0; i < sizeof(selections) / sizeof(selections[0]); i++) {
		struct world p;

		load(&p, selections[i].files);

		struct str got = outcome(&p, selections[i].event, selections[i].jobs);

		cr_expect_str_eq(got.p, selections[i].want, "%s\n  got  %s\n  want %s",
				 selections[i].what, got.p, selections[i].want);
		arena_release(&p.a);
	}
}

/* --- labels --- */

static const struct {
	const char *what, *runs_on, *want;
} labels[] = {
	{ "built in", "'ubuntu-latest'", "image catthehacker/ubuntu:act-latest by ubuntu-latest" },
	{ "without case", "'Ubuntu-24.04'", "image catthehacker/ubuntu:act-24.04 by Ubuntu-24.04" },
	{ "the configuration is before it", "'ubuntu-22.04'", "image configured by ubuntu-22.04" },
	{ "the last given is before both", "'mine'", "image second by mine" },
	{ "this machine", "'here'", "host by here" },
	{ "the first known of several", "['self-hosted', 'MINE', 'ubuntu-latest']",
	  "image second by MINE" },
	{ "labels of a mapping", "{'group': 'g', 'labels': 'mine'}", "image second by mine" },
	{ "a list in a mapping", "{'labels': ['x', 'here']}", "host by here" },
	{ "not known", "'windows-latest'",
	  "no image serves windows-latest, try -P windows-latest=IMAGE" },
	{ "several not known", "['self-hosted', 'linux', 'gpu']",
	  "no image serves self-hosted, linux, gpu, try -P gpu=IMAGE" },
	{ "only common ones", "['self-hosted', 'Linux']",
	  "no image serves self-hosted, Linux, try -P self-hosted=IMAGE" },
	{ "a group", "{'group': 'big'}",
	  "nothing serves the runner group big, try give the job a label, and map it with -P "
	  "LABEL=IMAGE" },
	{ "a number is a label", "1.5", "no image serves 1.5, try -P 1.5=IMAGE" },
	{ "empty", "''", "error Unexpected value ''" },
	{ "no label", "[]", "error runs-on names no label" },
	{ "a list in a list", "[['a']]", "error A sequence was not expected" },
};

static struct str resolve(struct arena *a, const char *runs_on)
{
	struct label_image given[] = { { STR("mine"), STR("first") },
				       { STR("here"), STR("-self-hosted") },
				       { STR("mine"), STR("second") } };
	struct label_image config[] = { { STR("ubuntu-22.04"), STR("configured") },
					{ STR("mine"), STR("configured") } };
	struct label_images g = { 3, 3, given }, c = { 2, 2, config };
	struct label_match m = { 0 };
	struct value v = value_null();
	struct str why = STR_EMPTY;
	size_t at = 0;

	cr_assert(value_from_json(a, str_of(runs_on), &v, &why, &at), "%s", runs_on);
	if (!labels_resolve(a, v, &g, &c, &m, &why)) {
		return arena_printf(a, "error %.*s", STR_ARG(why));
	}
	if (m.how == LABEL_NOT_SERVED) {
		return arena_printf(a, "%.*s, try %.*s", STR_ARG(m.reason), STR_ARG(m.hint));
	}
	return m.how == LABEL_HOST
		       ? arena_printf(a, "host by %.*s", STR_ARG(m.label))
		       : arena_printf(a, "image %.*s by %.*s", STR_ARG(m.image), STR_ARG(m.label));
}

Test(plan, labels)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = resolve(&a, labels[i].runs_on);

		cr_expect_str_eq(got.p, labels[i].want, "%s: got '%s', want '%s'", labels[i].what,
				 got.p, labels[i].want);
		arena_release(&a);
	}
}
