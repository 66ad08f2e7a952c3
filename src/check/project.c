/*
 * project.c - what the repository says about its own checks: .github/actionlint.yaml, with the
 * labels of its own runners, its configuration variables, and what to ignore in which files.
 */
#include "check.h"

bool check_project_open(struct arena *a, struct str root, struct check_project **out,
			struct err *err)
{
	struct check_project *p = arena_new(a, struct check_project);

	(void)err;
	p->a = a;
	p->root = root;
	p->sources.arena = a;
	p->diags.arena = a;
	p->diags.sources = &p->sources;
	*out = p;
	return true;
}

void check_ignore(struct check_project *project, struct diags *diags, size_t from)
{
	(void)project;
	(void)diags;
	(void)from;
}
