/* oidc.h - identity tokens (SEMANTICS 7.5), signed with a key of this machine. */
#ifndef SERVE_OIDC_H
#define SERVE_OIDC_H

#include "actc/serve.h"

struct oidc;

struct oidc *oidc_open(struct arena *a, const struct serve_spec *spec);
void oidc_close(struct oidc *o);

#endif
