/* engine_choice.h - which engine a run uses, and what is known of its images, asked for beside the
 * reading of the repository: either takes tens of milliseconds, mostly waiting. */
#ifndef ACTC_CLI_ENGINE_CHOICE_H
#define ACTC_CLI_ENGINE_CHOICE_H

#include <pthread.h>

#include "actc/engine.h"
#include "actc/plan.h"
#include "cli.h"

enum { CHOICE_IMAGES_MAX = 4 };

struct engine_choice {
	const struct options *o;
	const struct engine *engine;
	struct engine_state state;
	struct arena arena; /* of the thread, and of what it found */
	struct str images[CHOICE_IMAGES_MAX];
	size_t nimages;
	struct engine_image known[CHOICE_IMAGES_MAX];
	size_t nknown;
	bool need; /* some job may run on it */
	bool is_auto;
	bool threaded;
	pthread_t thread;
};

/* Begins to ask; without `need` only what "auto" means. engine_choice_release() follows in any
 * case.
 */
void engine_choice_begin(struct engine_choice *c, const struct options *o,
			 const struct selection *selection, bool need);
/* Waits for the answer. False: there is no such engine, or it cannot be used. */
bool engine_choice_end(struct engine_choice *c, struct err *err);
void engine_choice_release(struct engine_choice *c);

#endif
