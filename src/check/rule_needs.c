/* rule_needs.c - jobs that are named in `needs` twice. (Unknown ones and circles GitHub refuses.)
 */
#include "check.h"

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *needs = check_get(job->map, "needs");

	for (size_t i = 0; needs && needs->kind == TOK_SEQ && i < needs->u.seq.n; i++) {
		struct str id = check_literal(needs->u.seq.items[i]);

		for (size_t k = 0; id.p && k < i; k++) {
			if (str_ieq(check_literal(needs->u.seq.items[k]), id)) {
				(void)check_warn(c, needs->u.seq.items[i]->at, "job-needs",
						 "job \"%.*s\" is needed twice", STR_ARG(id));
				break;
			}
		}
	}
}

const struct rule rule_needs = { NULL, check_job, NULL };
