/*
 * fuzz_workflow.c - any bytes as a workflow file: read, checked, and what is wrong with them
 * printed, which looks every place up in the source again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/check.h"
#include "actc/workflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { NULL };
	struct sources sources = { .arena = &a };
	struct diags diags = { .arena = &a, .sources = &sources };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	uint32_t file = sources_add(&sources, STR("w.yml"), str_mk((const char *)data, size));
	const struct workflow *w = workflow_read(&a, file, &diags);
	bool read = w && diags.nerrors == 0;
	struct check_project *project = NULL;
	struct err err = ERR_INIT;

	if (w && check_project_open(&a, STR_EMPTY, &project, &err)) {
		size_t nerrors = diags.nerrors;

		check_workflow(&a, project, w, &diags);
		check_ignore(project, &diags, 0);
		diags.nerrors = nerrors;
	}
	diags_print(&diags, out, false);
	(void)fclose(out);
	/* A file is either read or told why not. */
	if (read != (diags.nerrors == 0)) {
		abort();
	}
	free(text);
	arena_release(&a);
	return 0;
}
