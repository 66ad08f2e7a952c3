/* labels.h - what runs-on says of the machine. */
#ifndef ACTC_CHECK_LABELS_H
#define ACTC_CHECK_LABELS_H

#include "check.h"

/* The system of literal labels; PLATFORM_ANY when they do not say. */
enum platform labels_platform(const struct tok *runs_on);

#endif
