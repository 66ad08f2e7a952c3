/* externals_link.h - engine.bring of engines whose machines see spec->externals, read-only. */
#ifndef ACTC_ENGINE_EXTERNALS_LINK_H
#define ACTC_ENGINE_EXTERNALS_LINK_H

#include "actc/engine.h"

bool externals_link(struct machine *m, const struct machine_spec *spec, const struct shown_dir *v,
		    size_t n, struct err *err);

#endif
