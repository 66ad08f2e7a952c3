/*
 * docker_service_login.c - a registry's credentials from a workflow, for one pull.
 *
 * docker keeps what it logs in with in its configuration directory, podman in a file; so a
 * directory is made for it in the run's own (mode 0700) and removed after the pull. The user's own
 * configuration is not touched, but which daemon is meant is known only there: its contexts are
 * linked in. The password goes through stdin.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/value.h"
#include "docker.h"

enum { CONFIG_MAX = 1024 * 1024, TRIES = 3 };

struct str docker_registry(struct str image)
{
	size_t slash = str_chr(image, '/', 0);

	if (slash == STR_NPOS) {
		return STR_EMPTY;
	}

	struct str first = str_slice(image, 0, slash);
	bool host = str_chr(first, '.', 0) != STR_NPOS || str_chr(first, ':', 0) != STR_NPOS;

	return host || str_chr(image, '/', slash + 1) != STR_NPOS ? first : STR_EMPTY;
}

static const char *user_config(struct arena *a)
{
	const char *own = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	return own && *own ? own : arena_printf(a, "%s/.docker", home ? home : "").p;
}

/* {"currentContext": "…"} as the user has chosen it, so that the same daemon answers. */
static struct str keep_context(struct arena *a, const char *from)
{
	struct strbuf text = STRBUF_INIT(CONFIG_MAX), line = STRBUF_INIT(0);
	struct vobject *kept = vobject_new(a, true);
	struct value config = value_null();
	struct err ignored = ERR_INIT;
	const struct str key = STR("currentContext");

	if (read_file(arena_printf(a, "%s/config.json", from).p, &text, &ignored) &&
	    value_from_json_strict(a, strbuf_str(&text), &config, &ignored)) {
		struct value context = value_get(config, key);

		if (context.kind == VALUE_STRING) {
			vobject_set(a, kept, key, context);
		}
	}
	value_to_json_line(&line, value_object(kept));

	struct str json = arena_str(a, strbuf_str(&line));

	err_release(&ignored);
	strbuf_release(&text);
	strbuf_release(&line);
	return json;
}

/* "VARIABLE=DIRECTORY", or "VARIABLE=DIRECTORY/FILE". */
static const char *make_config(struct arena *a, const struct docker_program *d,
			       const struct machine_spec *spec, struct err *err)
{
	struct str name = arena_printf(a, "%.*s/login-XXXXXX", STR_ARG(spec->rundir->tmp));
	char *dir = arena_cstr(a, name);
	const char *from = user_config(a);

	if (!mkdtemp(dir)) {
		(void)err_sys(err, errno, "make %s", dir);
		return NULL;
	}

	const char *variable = arena_printf(a, "%s=%s%s%s", d->login, dir, d->auth_file ? "/" : "",
					    d->auth_file ? d->auth_file : "")
				       .p;

	if (d->auth_file) {
		return variable;
	}
	(void)!symlink(arena_printf(a, "%s/contexts", from).p,
		       arena_printf(a, "%s/contexts", dir).p);
	if (!write_file(arena_printf(a, "%s/config.json", dir).p, keep_context(a, from), 0600,
			err)) {
		docker_logout(d, variable);
		return NULL;
	}
	return variable;
}

const char *docker_login(struct arena *a, const struct docker_program *d,
			 const struct machine_spec *spec, struct err *err)
{
	struct str registry = docker_registry(spec->image);
	const char *config = make_config(a, d, spec, err);
	bool ok = false;

	for (int i = 0; config && !ok && i < TRIES; i++) {
		struct docker_args args;

		err_release(err);
		docker_args_init(&args, a, d, "login");
		args.config = config;
		if (registry.len || d->auth_file) {
			docker_arg(&args, registry.len ? arena_cstr(a, registry) : "docker.io");
		}
		docker_argf(&args, "--username=%.*s", STR_ARG(spec->username));
		docker_arg(&args, "--password-stdin");
		ok = docker_call(&args, &spec->password, NULL, DOCKER_CALL_MS, err);
		if (spec->cancelled && spec->cancelled(spec->ctx)) {
			break;
		}
	}
	if (config && !ok) {
		docker_logout(d, config);
		config = NULL;
	}
	return config;
}

void docker_logout(const struct docker_program *d, const char *config)
{
	struct str path = config ? str_of(config + strlen(d->login) + 1) : STR_EMPTY;
	struct err ignored = ERR_INIT;
	char *dir;

	if (!config) {
		return;
	}
	dir = strndup(path.p, path.len - (d->auth_file ? strlen(d->auth_file) + 1 : 0));
	BUG_ON(!dir);
	(void)remove_tree(dir, &ignored);
	err_release(&ignored);
	free(dir);
}
