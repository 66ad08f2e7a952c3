/*
 * fuzz_resolved.c - any bytes as a workflow file, resolved as GitHub's readers do: what comes out,
 * the model or the errors, must be JSON that can be read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "actc/resolved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct value resolve(struct arena *a, struct diags *diags, struct str text)
{
	struct call_places places = { .refs = STR("/nowhere") };
	struct call_rules rules = call_rules_default;
	struct resolved_options options = { .include_source = text.len % 2 == 0 };
	struct calls *calls = NULL;

	rules.staged = true;

	const struct workflow *w = workflow_load_staged(
		a, sources_add(diags->sources, STR("w.yml"), text), rules.limits, diags);

	if (!w || !calls_load(a, &w, 1, &places, &rules, diags, &calls)) {
		return resolved_errors(a, diags);
	}
	return resolved_workflow(a, diags->sources, w, calls, &options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { NULL };
	struct sources sources = { .arena = &a };
	struct diags diags = { .arena = &a, .sources = &sources };
	struct strbuf json = STRBUF_INIT(0);
	struct value again;
	struct str why;
	size_t at;

	value_to_json_line(&json, resolve(&a, &diags, str_mk((const char *)data, size)));
	if (!value_from_json(&a, strbuf_str(&json), &again, &why, &at)) {
		abort();
	}
	strbuf_release(&json);
	arena_release(&a);
	return 0;
}
