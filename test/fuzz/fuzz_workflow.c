/*
 * fuzz_workflow.c - any bytes as a workflow file: read, checked, and what is wrong with them
 * printed, which looks every place up in the source again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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
	const struct workflow *w = workflow_load(&a, file, &diags);

	diags_print(&diags, out, false);
	(void)fclose(out);
	/* A file is either read or told why not. */
	if ((w != NULL) != (diags.nerrors == 0)) {
		abort();
	}
	free(text);
	arena_release(&a);
	return 0;
}
