/*
 * docker_service_options.c - which of docker's options a workflow may give to its containers.
 *
 * A list of what is known to stay inside, not of what is known to leave: a workflow's own text must
 * not reach the machine it is rehearsed on (DESIGN decision 12) unless the user said --privileged.
 * Not for the user's own --container-options, which are taken as they are.
 */
#include "docker.h"

enum how {
	PASS,      /* as it is, with its value */
	FLAG,      /* as it is, no value */
	DROP,      /* act-c has its own way: without effect */
	DROP_FLAG, /* the same, no value */
	USER,      /* of the steps, or of the service */
	NAME,      /* another name on the network */
	VALUE,     /* only NAME=VALUE: a name alone would read the user's environment */
	VOLUME,
	CAPABILITY,
	PRIVILEGED, /* no value; the user decides */
	ENTRYPOINT, /* services only */
};

static const struct rule {
	struct str name; /* without dashes */
	char letter;     /* or 0 */
	enum how how;
} rules[] = {
	{ STR_INIT("add-host"), 0, PASS },
	{ STR_INIT("blkio-weight"), 0, PASS },
	{ STR_INIT("cap-add"), 0, CAPABILITY },
	{ STR_INIT("cap-drop"), 0, PASS },
	{ STR_INIT("cpu-count"), 0, PASS },
	{ STR_INIT("cpu-period"), 0, PASS },
	{ STR_INIT("cpu-quota"), 0, PASS },
	{ STR_INIT("cpu-shares"), 'c', PASS },
	{ STR_INIT("cpus"), 0, PASS },
	{ STR_INIT("cpuset-cpus"), 0, PASS },
	{ STR_INIT("cpuset-mems"), 0, PASS },
	{ STR_INIT("detach"), 'd', DROP_FLAG },
	{ STR_INIT("dns"), 0, PASS },
	{ STR_INIT("dns-option"), 0, PASS },
	{ STR_INIT("dns-search"), 0, PASS },
	{ STR_INIT("domainname"), 0, PASS },
	{ STR_INIT("entrypoint"), 0, ENTRYPOINT },
	{ STR_INIT("env"), 'e', VALUE },
	{ STR_INIT("expose"), 0, PASS },
	{ STR_INIT("group-add"), 0, PASS },
	{ STR_INIT("health-cmd"), 0, PASS },
	{ STR_INIT("health-interval"), 0, PASS },
	{ STR_INIT("health-retries"), 0, PASS },
	{ STR_INIT("health-start-interval"), 0, PASS },
	{ STR_INIT("health-start-period"), 0, PASS },
	{ STR_INIT("health-timeout"), 0, PASS },
	{ STR_INIT("hostname"), 'h', PASS },
	{ STR_INIT("init"), 0, FLAG },
	{ STR_INIT("interactive"), 'i', DROP_FLAG },
	{ STR_INIT("label"), 'l', PASS },
	{ STR_INIT("mac-address"), 0, PASS },
	{ STR_INIT("memory"), 'm', PASS },
	{ STR_INIT("memory-reservation"), 0, PASS },
	{ STR_INIT("memory-swap"), 0, PASS },
	{ STR_INIT("memory-swappiness"), 0, PASS },
	{ STR_INIT("name"), 0, NAME },
	{ STR_INIT("network-alias"), 0, PASS },
	{ STR_INIT("no-healthcheck"), 0, FLAG },
	{ STR_INIT("oom-kill-disable"), 0, FLAG },
	{ STR_INIT("oom-score-adj"), 0, PASS },
	{ STR_INIT("pids-limit"), 0, PASS },
	{ STR_INIT("platform"), 0, PASS },
	{ STR_INIT("privileged"), 0, PRIVILEGED },
	{ STR_INIT("pull"), 0, DROP },
	{ STR_INIT("read-only"), 0, FLAG },
	{ STR_INIT("restart"), 0, DROP },
	{ STR_INIT("rm"), 0, DROP_FLAG },
	{ STR_INIT("shm-size"), 0, PASS },
	{ STR_INIT("stop-signal"), 0, PASS },
	{ STR_INIT("stop-timeout"), 0, PASS },
	{ STR_INIT("sysctl"), 0, PASS },
	{ STR_INIT("tmpfs"), 0, PASS },
	{ STR_INIT("tty"), 't', DROP_FLAG },
	{ STR_INIT("ulimit"), 0, PASS },
	{ STR_INIT("user"), 'u', USER },
	{ STR_INIT("volume"), 'v', VOLUME },
	{ STR_INIT("workdir"), 'w', PASS },
};

/* Capabilities that a container may have without any power over the machine. */
static const struct str harmless[] = {
	STR_INIT("AUDIT_WRITE"), STR_INIT("IPC_LOCK"), STR_INIT("NET_ADMIN"),
	STR_INIT("NET_RAW"),     STR_INIT("SYS_NICE"), STR_INIT("SYS_PTRACE"),
};

struct options {
	struct docker_args *args;
	const struct container_spec *c;
	struct docker_options *out;
	size_t at; /* next word */
};

static const struct rule *by_name(struct str name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (str_eq(rules[i].name, name)) {
			return &rules[i];
		}
	}
	return NULL;
}

static const struct rule *by_letter(char letter)
{
	for (size_t i = 0; letter && i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].letter == letter) {
			return &rules[i];
		}
	}
	return NULL;
}

static bool refuse(struct str word, struct err *err)
{
	return err_set(
		err, ERR_INVALID,
		"the container option \"%.*s\" is not given to docker: it is unknown here, or "
		"would reach beyond the job's own containers (act-c run --privileged lets a "
		"workflow use all of them)",
		STR_ARG(word));
}

static bool is_harmless(struct str capability)
{
	if (str_starts(capability, STR("CAP_"))) {
		capability = str_slice(capability, 4, capability.len);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (str_ieq(harmless[i], capability)) {
			return true;
		}
	}
	return false;
}

static void pass(struct options *o, const struct rule *rule, struct str value)
{
	docker_argf(o->args, "--%.*s=%.*s", STR_ARG(rule->name), STR_ARG(value));
}

/* The steps of a job's own container run as that user; the agent in it is root. */
static void take_user(struct options *o, const struct rule *rule, struct str value)
{
	if (o->c->id.len) {
		pass(o, rule, value);
	} else {
		o->out->user = value;
	}
}

static bool apply(struct options *o, const struct rule *rule, struct str word, struct str value,
		  struct err *err)
{
	bool service = o->c->id.len > 0;

	switch (rule->how) {
	case PASS:
		o->out->health = o->out->health || str_starts(rule->name, STR("health-"));
		pass(o, rule, value);
		return true;
	case FLAG:
		if (service || !str_eq(rule->name, STR("no-healthcheck"))) {
			docker_argf(o->args, "--%.*s", STR_ARG(rule->name));
		}
		return true;
	case DROP:
	case DROP_FLAG:
		return true;
	case USER:
		take_user(o, rule, value);
		return true;
	case NAME:
		docker_argf(o->args, "--network-alias=%.*s", STR_ARG(value));
		return true;
	case VALUE:
		if (str_chr(value, '=', 0) == STR_NPOS) {
			return refuse(word, err);
		}
		pass(o, rule, value);
		return true;
	case VOLUME:
		return true; /* docker_pod_volumes() */
	case CAPABILITY:
		if (!o->out->trusted && !is_harmless(value)) {
			return refuse(word, err);
		}
		pass(o, rule, value);
		return true;
	case PRIVILEGED:
		if (!o->out->trusted) {
			return refuse(word, err);
		}
		docker_arg(o->args, "--privileged");
		return true;
	case ENTRYPOINT:
		if (!service) {
			return refuse(word, err);
		}
		pass(o, rule, value);
		return true;
	}
	return false;
}

static bool has_value(const struct rule *rule)
{
	return rule->how != FLAG && rule->how != DROP_FLAG && rule->how != PRIVILEGED;
}

/* Splits "--name=value", "--name value", "-nvalue", "-n value"; NULL = not to be had. */
static const struct rule *next(struct options *o, struct str *word, struct str *value)
{
	const struct rule *rule = NULL;
	struct str rest = STR_EMPTY;

	*word = o->c->options[o->at++];
	if (str_starts(*word, STR("--"))) {
		rest = str_slice(*word, 2, word->len);
		rule = by_name(str_cut(&rest, '='));
	} else if (str_starts(*word, STR("-")) && word->len > 1) {
		rule = by_letter(word->p[1]);
		rest = str_slice(*word, 2, word->len);
		rest = rest.len ? rest : (struct str){ NULL, 0 };
		if (rest.p && rest.p[0] == '=') {
			rest = str_slice(rest, 1, rest.len);
		}
	}
	if (!rule || (!has_value(rule) && rest.p && !str_eq(rest, STR("true")))) {
		return NULL;
	}
	*value = rest.p ? rest : STR_EMPTY;
	if (!rest.p && has_value(rule)) {
		if (o->at == o->c->noptions) {
			return NULL;
		}
		*value = o->c->options[o->at++];
	}
	return rule;
}

/* "8080:80/udp" as "127.0.0.1:8080:80/udp", "80" as "127.0.0.1::80"; another address of the machine
 * that the workflow names is not taken. */
static void publish(struct docker_args *args, struct str port)
{
	struct str host = STR_EMPTY;

	for (size_t colon = str_chr(port, ':', 0); colon != STR_NPOS;
	     colon = str_chr(port, ':', 0)) {
		host = str_slice(port, 0, colon);
		port = str_slice(port, colon + 1, port.len);
	}
	docker_argf(args, "--publish=127.0.0.1:%.*s:%.*s", STR_ARG(host), STR_ARG(port));
}

struct str docker_published(struct arena *a, const struct docker_program *d, const char *name)
{
	struct docker_args args;
	struct strbuf out = STRBUF_INIT(64 * 1024);
	struct err ignored = ERR_INIT;
	struct str lines = STR_EMPTY;

	docker_args_init(&args, a, d, "port");
	docker_arg(&args, name);
	if (docker_call(&args, NULL, &out, DOCKER_CALL_MS, &ignored)) {
		lines = arena_str(a, str_trim(strbuf_str(&out)));
	}
	err_release(&ignored);
	strbuf_release(&out);
	return lines;
}

bool docker_options(struct docker_args *args, const struct container_spec *c,
		    struct docker_options *out, struct err *err)
{
	struct options o = { args, c, out, 0 };

	for (size_t i = 0; out->publish && i < c->nports; i++) {
		publish(args, c->ports[i]);
	}
	while (o.at < c->noptions) {
		struct str word, value;
		const struct rule *rule = next(&o, &word, &value);

		if (rule) {
			if (!apply(&o, rule, word, value, err)) {
				return false;
			}
		} else if (!out->trusted) {
			return refuse(word, err);
		} else {
			docker_arg(args, arena_cstr(args->a, word));
		}
	}
	return true;
}

void docker_option_hosts(struct docker_args *args, const struct container_spec *c,
			 struct str address)
{
	struct options o = { args, c, NULL, 0 };

	while (o.at < c->noptions) {
		struct str word, value;
		const struct rule *rule = next(&o, &word, &value);

		if (rule && (rule->how == NAME || str_eq(rule->name, STR("network-alias")))) {
			docker_argf(args, "--add-host=%.*s:%.*s", STR_ARG(value), STR_ARG(address));
		}
	}
}

bool docker_pod_volumes(struct docker_pod *pod, struct docker_args *args,
			const struct container_spec *c, bool trusted, struct err *err)
{
	struct docker_options ignored = { .trusted = trusted };
	struct options o = { args, c, &ignored, 0 };

	for (size_t i = 0; i < c->nvolumes; i++) {
		if (!docker_pod_volume(pod, args, c->volumes[i], trusted, err)) {
			return false;
		}
	}
	while (o.at < c->noptions) {
		struct str word, value;
		const struct rule *rule = next(&o, &word, &value);

		if (rule && rule->how == VOLUME &&
		    !docker_pod_volume(pod, args, value, trusted, err)) {
			return false;
		}
	}
	return true;
}
