/* content.h - workflow files that are not those of the working tree: what is staged, a commit. */
#ifndef ACTC_CLI_CONTENT_H
#define ACTC_CLI_CONTENT_H

#include "actc/hook.h"
#include "cli.h"

struct content_place {
	int back; /* the directory that was left; -1 = none was */
	struct str path;
};

/* Makes a private directory that holds the content's workflow files (below .github/workflows, and
 * what -W names), and enters it; *n is how many there are. With none, or on an error, nothing is
 * entered. */
bool content_enter(struct options *o, const struct content *content, struct content_place *place,
		   size_t *n, struct err *err);
/* Goes back and removes it. */
void content_leave(struct content_place *place);

#endif
