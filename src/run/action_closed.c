/*
 * action_closed.c - the versions of actions that GitHub refuses to set up, since the service that
 * they were made for is gone. A rehearsal that let them run would end where they wait for it.
 */
#include "action.h"

static const char v1_and_v2[] = "https://github.blog/changelog/"
				"2024-02-13-deprecation-notice-v1-and-v2-of-the-artifact-actions/";
static const char v3[] = "https://github.blog/changelog/"
			 "2024-04-16-deprecation-notice-v3-of-the-artifact-actions/";

static const struct closed {
	struct str action;
	char major;
	const char *more;
} table[] = {
	{ STR_INIT("actions/upload-artifact"), '1', v1_and_v2 },
	{ STR_INIT("actions/upload-artifact"), '2', v1_and_v2 },
	{ STR_INIT("actions/upload-artifact"), '3', v3 },
	{ STR_INIT("actions/download-artifact"), '1', v1_and_v2 },
	{ STR_INIT("actions/download-artifact"), '2', v1_and_v2 },
	{ STR_INIT("actions/download-artifact"), '3', v3 },
};

/* "v3", "3.1", "v3-node20": of that major version. */
static bool is_major(struct str ref, char major)
{
	size_t at = str_starts(ref, STR("v")) ? 1 : 0;

	return ref.len > at && ref.p[at] == major &&
	       (ref.len == at + 1 || ref.p[at + 1] == '.' || ref.p[at + 1] == '-');
}

struct str action_closed(struct arena *a, struct str name, struct str ref)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (str_ieq(name, table[i].action) && is_major(ref, table[i].major)) {
			return arena_printf(
				a,
				"This request has been automatically failed because it uses a "
				"deprecated version of `%.*s: %.*s`. Learn more: %s",
				STR_ARG(table[i].action), STR_ARG(ref), table[i].more);
		}
	}
	return STR_EMPTY;
}
