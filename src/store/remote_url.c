/*
 * remote_url.c - from a remote's URL to server, owner and name.
 *
 * Which remote counts is decided in repo.c. Nothing here looks at the network or at files.
 */
#include "remote_url.h"

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z') {
			p[i] = (char)(p[i] - 'A' + 'a');
		}
	}
	return str_mk(p, s.len);
}

static size_t last_chr(struct str s, char c)
{
	for (size_t i = s.len; i > 0; i--) {
		if (s.p[i - 1] == c) {
			return i - 1;
		}
	}
	return STR_NPOS;
}

/* The last component of the path, cut off from it. */
static struct str pop(struct str *path)
{
	size_t slash = last_chr(*path, '/');
	struct str last = slash == STR_NPOS ? *path : str_slice(*path, slash + 1, path->len);

	*path = slash == STR_NPOS ? STR_EMPTY : str_slice(*path, 0, slash);
	return last;
}

static struct str trim_slashes(struct str s)
{
	while (s.len > 0 && s.p[s.len - 1] == '/') {
		s.len--;
	}
	return s;
}

/* Owner and name are the last two components: a server may sit below a path of its own. */
static void split_path(struct arena *a, struct str path, struct remote_url *out)
{
	path = trim_slashes(path);
	if (str_ends(path, STR("/.git"))) {
		path = trim_slashes(str_slice(path, 0, path.len - 5));
	} else if (str_ends(path, STR(".git"))) {
		path.len -= 4;
	}

	struct str name = pop(&path);
	struct str owner = out->host.len ? pop(&path) : STR_EMPTY;

	out->name = arena_str(a, name.len ? name : STR("repository"));
	out->owner = arena_str(a, owner.len ? owner : STR("local"));
}

/* "host:port" and "[::1]:port" without the port. */
static struct str without_port(struct str host)
{
	size_t colon = last_chr(host, ':');
	size_t bracket = last_chr(host, ']');

	if (colon == STR_NPOS || (bracket != STR_NPOS && bracket > colon)) {
		return host;
	}
	return str_slice(host, 0, colon);
}

/* github.com lets ssh in by port 443 at a host of its own. */
static struct str web_host(struct str host)
{
	return str_eq(host, STR("ssh.github.com")) ? STR("github.com") : host;
}

static void parse_scheme(struct arena *a, struct str scheme, struct str rest,
			 struct remote_url *out)
{
	size_t slash = str_chr(rest, '/', 0);
	struct str authority = str_slice(rest, 0, slash);
	struct str path = slash == STR_NPOS ? STR_EMPTY : str_slice(rest, slash, rest.len);
	size_t at = last_chr(authority, '@');
	struct str user = at == STR_NPOS ? STR_EMPTY : str_slice(authority, 0, at);
	struct str host = at == STR_NPOS ? authority : str_slice(authority, at + 1, authority.len);
	bool web = str_ieq(scheme, STR("https")) || str_ieq(scheme, STR("http"));

	host = lower(a, host);
	out->host = arena_str(a, web_host(without_port(host)));
	out->server = web ? arena_printf(a, "%.*s://%.*s", STR_ARG(lower(a, scheme)), STR_ARG(host))
			  : arena_printf(a, "https://%.*s", STR_ARG(out->host));
	/* An ssh user is part of the address, a password never; in a web URL both are secret. */
	user = web ? STR_EMPTY : str_slice(user, 0, str_chr(user, ':', 0));
	out->url = arena_printf(a, "%.*s://%.*s%s%.*s%.*s", STR_ARG(scheme), STR_ARG(user),
				user.len ? "@" : "", STR_ARG(host), STR_ARG(path));
	split_path(a, path, out);
}

/* "git@host:owner/name": a colon before any slash. */
static bool parse_scp(struct arena *a, struct str url, struct remote_url *out)
{
	size_t from = str_starts(url, STR("[")) ? str_chr(url, ']', 0) : 0;
	size_t colon = str_chr(url, ':', from);
	size_t slash = str_chr(url, '/', 0);

	if (colon == STR_NPOS || colon == 0 || slash < colon) {
		return false;
	}

	struct str host = str_slice(url, 0, colon);
	size_t at = last_chr(host, '@');

	host = at == STR_NPOS ? host : str_slice(host, at + 1, host.len);
	out->host = arena_str(a, web_host(lower(a, host)));
	out->server = arena_printf(a, "https://%.*s", STR_ARG(out->host));
	out->url = arena_str(a, url);
	split_path(a, str_slice(url, colon + 1, url.len), out);
	return true;
}

struct remote_url remote_url_parse(struct arena *a, struct str url)
{
	struct remote_url out = { STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY };

	url = str_trim(url);

	size_t scheme = str_find(url, STR("://"), 0);

	if (scheme != STR_NPOS && !str_starts(url, STR("file:"))) {
		parse_scheme(a, str_slice(url, 0, scheme), str_slice(url, scheme + 3, url.len),
			     &out);
	} else if (scheme != STR_NPOS || !parse_scp(a, url, &out)) {
		out.url = arena_str(a, url);
		split_path(a, url, &out);
	}
	return out;
}
