/* test_action_store.c - repositories of actions: which commit a reference is, how it is fetched
 * and kept. The remotes are repositories here, reached by the user's insteadOf. */
#include <fcntl.h>
#include <sys/stat.h>

#include "actc/action_store.h"
#include "actc/process.h"
#include "git_scratch.h"
#include "store/action_private.h"

/* github.com is a directory: owner/repo below hub/. */
static void open_hub(void)
{
	scratch_open();
	(void)sh("mkdir hub; git config --global url.\"$PWD/hub/\".insteadOf https://github.com/");
	(void)sh("mkdir hub/octo; cd hub/octo; git init -q act; cd act; mkdir sub; "
		 "echo one > action.yml; echo s > sub/action.yml; : > run; chmod +x run; "
		 "ln -s action.yml link; git add .; git commit -qm one; git tag v1; "
		 "git tag -a -m x v1.0; git branch side/way; echo two > action.yml; "
		 "git commit -qam two");
}

TestSuite(action_store, .init = open_hub, .fini = scratch_close);

static struct action_store *store_of(struct action_store_spec spec)
{
	spec.dir = spec.dir.p ? spec.dir : at("cache");
	spec.server = spec.server.p ? spec.server : STR_EMPTY;
	return action_store_open(&scratch.arena, &spec);
}

static struct action_fetch wish(const char *uses)
{
	struct action_fetch f = { .pin = STR_EMPTY };
	struct str why = STR_EMPTY;

	cr_assert(action_ref_parse(&scratch.arena, str_of(uses), &f.ref, &why), "%s", why.p);
	return f;
}

static struct action_fetch fetch_with(struct action_store *s, const char *uses)
{
	struct action_fetch f = wish(uses);

	(void)action_store_fetch(&scratch.arena, s, &f, 1);
	return f;
}

static struct action_fetch fetch_one(const char *uses)
{
	return fetch_with(store_of((struct action_store_spec){ 0 }), uses);
}

static struct str commit_of(const char *rev)
{
	return sh("git -C hub/octo/act rev-parse '%s^{commit}'", rev);
}

static struct str content(struct action_fetch f, const char *name)
{
	cr_assert(f.tree.len, "%s", f.error.p);
	return sh("cat %s/%s", f.tree.p, name);
}

#define assert_has(text, part)                                                            \
	cr_assert(str_find((text), str_of(part), 0) != STR_NPOS, "\"%.*s\" lacks \"%s\"", \
		  STR_ARG(text), (part))

Test(action_store, references_apart)
{
	static const struct {
		const char *uses, *owner, *repo, *path, *ref;
	} rows[] = {
		{ "a/b@v1", "a", "b", "", "v1" },
		{ "a/b/c/d@x/y", "a", "b", "c/d", "x/y" },
		{ "a/b/c/@v1", "a", "b", "c", "v1" },
		{ "a\\b\\c@v1", "a", "b", "c", "v1" },
		{ "A/B.c_d-e@0123", "A", "B.c_d-e", "", "0123" },
		{ "a@v1", NULL, NULL, NULL, NULL },
		{ "a/b", NULL, NULL, NULL, NULL },
		{ "a/b@", NULL, NULL, NULL, NULL },
		{ "a/b@c@d", NULL, NULL, NULL, NULL },
		{ "a/..@v1", NULL, NULL, NULL, NULL },
		{ "../b@v1", NULL, NULL, NULL, NULL },
		{ "a/b/../../c@v1", NULL, NULL, NULL, NULL },
		{ "a/b@../../x", NULL, NULL, NULL, NULL },
		{ "a/b@--upload-pack=x", NULL, NULL, NULL, NULL },
		{ "-a/b@v1", NULL, NULL, NULL, NULL },
		{ "a/b@v1 x", NULL, NULL, NULL, NULL },
		{ "", NULL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct action_ref r;
		struct str why = STR_EMPTY;
		bool ok = action_ref_parse(&scratch.arena, str_of(rows[i].uses), &r, &why);

		cr_assert_eq(ok, rows[i].owner != NULL, "%s", rows[i].uses);
		if (!ok) {
			assert_has(why, "Expected format {org}/{repo}[/path]@ref. Actual '");
			continue;
		}
		assert_str(r.owner, rows[i].owner);
		assert_str(r.repo, rows[i].repo);
		assert_str(r.path, rows[i].path);
		assert_str(r.ref, rows[i].ref);
	}
}

Test(action_store, a_tag_a_branch_and_a_commit)
{
	const char *const refs[] = {
		"v1", "v1.0", "side/way", "main", "refs/heads/main", commit_of("v1").p
	};

	const char *const full[] = { "refs/tags/v1",    "refs/tags/v1.0",  "refs/heads/side/way",
				     "refs/heads/main", "refs/heads/main", refs[5] };

	for (size_t i = 0; i < sizeof(refs) / sizeof(*refs); i++) {
		struct action_fetch f =
			fetch_one(arena_printf(&scratch.arena, "octo/act/sub@%s", refs[i]).p);
		bool main = strstr(refs[i], "main");

		assert_str(content(f, "action.yml"), main ? "two" : "one");
		assert_str(f.commit, commit_of(main ? "main" : "v1").p);
		assert_str(f.server, "https://github.com");
		assert_str(f.full, full[i]);
		assert_str(content(f, "sub/action.yml"), "s");
		assert_str(sh("cd %s; ls -A; stat -c %%a run action.yml; readlink link", f.tree.p),
			   "action.yml\nlink\nrun\nsub\n755\n644\naction.yml");
		/* One tree a commit. */
		cr_assert_eq(f.fetched, i == 0 || i == 3, "%s", refs[i]);
	}
	assert_str(sh("cd cache/trees/github.com/octo/act; ls -A | wc -l"), "2");
}

Test(action_store, a_tag_goes_before_a_branch)
{
	(void)sh("cd hub/octo/act; git branch v1");
	assert_str(fetch_one("octo/act@v1").commit, commit_of("v1.0").p);
}

Test(action_store, what_is_not_there)
{
	assert_str(fetch_one("octo/act@v9").error,
		   "Unable to resolve action `octo/act@v9`, unable to find version `v9`");
	assert_has(fetch_one("octo/act@0123456").error,
		   "the provided ref `0123456` is the shortened version of a commit SHA");
	assert_has(fetch_one("octo/none@v1").error,
		   "Unable to resolve action octo/none, repository not found");
	cr_assert(fetch_one("octo/act@0123456789012345678901234567890123456789").error.len > 0);
	assert_str(sh("find cache -name '*.[0-9]*' -o -name '*.git'"), "");
}

Test(action_store, a_kept_tag_is_not_asked_again_before_its_time)
{
	struct action_fetch f = fetch_one("octo/act@v1");
	struct str old = commit_of("v1");

	(void)sh("git -C hub/octo/act tag -f v1 main");
	f = fetch_one("octo/act@v1");
	assert_str(f.commit, old.p);
	cr_assert_not(f.fetched);
	(void)sh("touch -d '2 days ago' cache/refs/github.com/octo/act/v1");
	assert_str(fetch_one("octo/act@v1").commit, commit_of("main").p);
}

Test(action_store, refresh_asks_once_per_store)
{
	(void)fetch_one("octo/act@v1");
	(void)sh("touch -d '1 minute ago' cache/refs/github.com/octo/act/v1; "
		 "git -C hub/octo/act tag -f v1 main");

	struct action_store *s = store_of((struct action_store_spec){ .refresh = true });

	assert_str(fetch_with(s, "octo/act@v1").commit, commit_of("main").p);
	(void)sh("mv hub gone");
	assert_str(fetch_with(s, "octo/act@v1").note, "");
}

Test(action_store, an_old_answer_serves_where_the_remote_gives_none)
{
	(void)fetch_one("octo/act@v1");
	(void)sh("touch -d '3 days ago' cache/refs/github.com/octo/act/v1; "
		 "git config --global url.\"https://127.0.0.1:1/\".insteadOf https://github.com/; "
		 "git config --global --unset-all url.\"$PWD/hub/\".insteadOf");

	struct action_fetch f = fetch_one("octo/act@v1");

	assert_str(content(f, "action.yml"), "one");
	assert_has(f.note, "octo/act@v1 could not be asked for (");
	assert_has(f.note, "what it was 3 days ago is used");
}

Test(action_store, offline_says_what_is_missing)
{
	struct action_store *off = store_of((struct action_store_spec){ .offline = true });

	assert_str(fetch_with(off, "octo/act@v1").error,
		   "octo/act@v1 is not in the cache, and --offline forbids to fetch it; "
		   "`act-c actions fetch octo/act@v1` does where there is a network");
	(void)fetch_one("octo/act@v1");
	(void)sh("touch -d '99 days ago' cache/refs/github.com/octo/act/v1; mv hub gone");
	assert_str(content(fetch_with(off, "octo/act@v1"), "action.yml"), "one");
	cr_assert(fetch_with(off, "octo/act@main").error.len > 0);
}

Test(action_store, a_full_commit_is_never_asked_for_again)
{
	const char *uses = arena_printf(&scratch.arena, "octo/act@%s", commit_of("main").p).p;

	cr_assert(fetch_one(uses).fetched);
	(void)sh("mv hub gone");

	struct action_store *s =
		store_of((struct action_store_spec){ .refresh = true, .max_age_s = -1 });

	assert_str(content(fetch_with(s, uses), "action.yml"), "two");
}

Test(action_store, a_directory_stands_for_a_repository)
{
	(void)sh("mkdir mine all; echo mine > mine/action.yml; echo all > all/action.yml");

	struct local_repository local[] = { { STR("octo/act"), at("all") },
					    { STR("Octo/Act@v1"), at("mine") },
					    { STR("octo/x"), at("nowhere") } };
	struct action_store *s =
		store_of((struct action_store_spec){ .nlocal = 3, .local = local });

	assert_str(content(fetch_with(s, "octo/act@v1"), "action.yml"), "mine");
	assert_str(content(fetch_with(s, "octo/act/sub@v2"), "action.yml"), "all");
	assert_has(fetch_with(s, "octo/x@v2").error, "there is no directory");
	assert_str(fetch_with(s, "octo/act@v1").commit, "");
	assert_str(sh("ls -d cache 2>/dev/null || echo none"), "none");
}

Test(action_store, many_at_once_and_each_with_its_own_error)
{
	enum { MANY = 30 };
	struct action_fetch v[MANY];

	for (int i = 0; i < MANY; i++) {
		(void)sh("git -C hub/octo/act tag t%d main", i);
		v[i] = wish(
			arena_printf(&scratch.arena, i % 10 ? "octo/act@t%d" : "octo/act@no%d", i)
				.p);
	}
	cr_assert_not(action_store_fetch(&scratch.arena, store_of((struct action_store_spec){ 0 }),
					 v, MANY));
	for (int i = 0; i < MANY; i++) {
		cr_assert_eq(v[i].tree.len > 0, i % 10 != 0, "%d %s", i, v[i].error.p);
		cr_assert_eq(v[i].error.len > 0, i % 10 == 0);
	}
	assert_str(sh("ls cache/trees/github.com/octo/act | wc -l"), "1");
}

Test(action_store, a_pin_goes_before_the_ref_and_tells_of_its_move)
{
	struct action_fetch f = wish("octo/act@v1");

	f.pin = commit_of("main");
	cr_assert(action_store_fetch(&scratch.arena, store_of((struct action_store_spec){ 0 }), &f,
				     1),
		  "%s", f.error.p);
	assert_str(content(f, "action.yml"), "two");
	assert_str(f.drift, commit_of("v1").p);
	/* From the cache too. */
	cr_assert(action_store_fetch(&scratch.arena, store_of((struct action_store_spec){ 0 }), &f,
				     1));
	assert_str(f.drift, commit_of("v1").p);
	cr_assert_not(f.fetched);
}

Test(action_store, another_server_is_asked_first)
{
	(void)sh("mkdir -p ghes/octo; git clone -q hub/octo/act ghes/octo/own; "
		 "git config --global url.\"$PWD/ghes/\".insteadOf https://ghes.example/");

	struct action_store *s =
		store_of((struct action_store_spec){ .server = STR("https://ghes.example/") });

	assert_str(fetch_with(s, "octo/own@main").server, "https://ghes.example");
	assert_str(fetch_with(s, "octo/act@main").server, "https://github.com");
	assert_str(content(fetch_with(s, "octo/act@main"), "action.yml"), "two");
}

Test(action_store, what_killed_fetches_left_goes_with_the_next)
{
	(void)fetch_one("octo/act@v1");
	(void)sh("cd cache/trees/github.com/octo/act; mkdir -p abc.1 abc.1.git/objects; : > "
		 "abc.1.tar.gz; chmod 555 abc.1.git");
	(void)fetch_one("octo/act@main");
	assert_str(sh("ls cache/trees/github.com/octo/act | wc -l"), "2");
}

Test(action_store, links_that_leave_the_tree_are_refused)
{
	static const char *const links[] = {
		"ln -s /etc/passwd x",
		"ln -s ../../../../etc/passwd x",
		"ln -s .. x",
		"ln -s sub s; ln -s s/../.. x",
		/* Harmless by their letters, but the first leads up. */
		"mkdir -p d/e; ln -s ../.. d/e/up; ln -s d/e/up/../out x",
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		(void)sh("cd hub/octo/act; git checkout -qb bad%zu; %s; git add .; git commit -qm "
			 "bad; git checkout -q main",
			 i, links[i]);
		assert_has(fetch_one(arena_printf(&scratch.arena, "octo/act@bad%zu", i).p).error,
			   "the archive is refused: a link that leaves the tree");
	}
	assert_str(sh("find cache/trees -type l"), "");
	(void)sh("cd hub/octo/act; ln -s sub/../action.yml fine; mkdir -p a/b; ln -s ../b a/b/me; "
		 "ln -s a/b/me/me/../../action.yml far; git add .; git commit -qm fine");
	assert_str(content(fetch_one("octo/act@main"), "far"), "two");
}

/* --- a server of tarballs -----------------------------------------------------------------------
 */

/* A server of files that writes down what was asked for; its address is in the file `url`. A
 * request with a token that is not "good" is refused, as GitHub does. */
static void serve(struct child *server)
{
	const char *argv[] = { "python3", "server.py", NULL };
	struct child_spec spec = { .argv = argv,
				   .cwd = scratch.dir,
				   .in = CHILD_NULL,
				   .out = CHILD_NULL,
				   .err = CHILD_NULL };
	struct err err = ERR_INIT;

	(void)sh(
		"cat > server.py <<'E'\n"
		"import http.server, os\n"
		"class H(http.server.SimpleHTTPRequestHandler):\n"
		"    def do_GET(self):\n"
		"        auth = self.headers.get('Authorization', '')\n"
		"        open('../log', 'a').write(self.path + ' [' + auth + ']\\n')\n"
		"        if auth.startswith('Bearer') and auth != 'Bearer good':\n"
		"            return self.send_error(401)\n"
		"        if self.path.startswith('/api/v3/'):\n"
		"            self.send_response(302)\n"
		"            self.send_header('Location', 'http://localhost:%%d/%%s' %% (\n"
		"                self.server.server_port, self.path.rsplit('/', 1)[1] + '.tgz'))\n"
		"            return self.end_headers()\n"
		"        super().do_GET()\n"
		"os.chdir('hub')\n"
		"s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)\n"
		"open('../url.new', 'w').write('http://127.0.0.1:%%d' %% s.server_port)\n"
		"os.rename('../url.new', '../url')\n"
		"s.serve_forever()\nE\n"
		"git -C hub/octo/act update-server-info; mkdir hub/octo/act/info; "
		"cp hub/octo/act/.git/info/refs hub/octo/act/info; cp hub/octo/act/.git/HEAD "
		"hub/octo/act; ln -s .git/objects hub/octo/act/objects; mkdir "
		"hub/octo/act/archive; "
		"cd hub/octo/act; for c in main v1; do git archive --prefix=act-x/ --format=tar.gz "
		"-o archive/$(git rev-parse $c).tar.gz $c; cp archive/$(git rev-parse $c).tar.gz "
		"../../$(git rev-parse $c).tgz; done");
	cr_assert(child_start(&spec, server, &err), "%s", err.msg);
	(void)sh("for i in $(seq 1200); do test -e url && break; sleep 0.05; done; test -e url; "
		 ": > log");
}

static struct action_store *store_at_server(const char *token)
{
	struct action_store *s = store_of((struct action_store_spec){ .server = sh("cat url") });

	action_store_token(s, str_of(token));
	return s;
}

Test(action_store, a_tarball_where_there_is_one)
{
	struct child server = CHILD_INIT;

	serve(&server);
	assert_str(content(fetch_with(store_at_server(""), "octo/act@v1"), "action.yml"), "one");
	assert_has(sh("cat log"),
		   arena_printf(&scratch.arena, "/octo/act/archive/%s.tar.gz []", commit_of("v1").p)
			   .p);
	cr_assert_eq(str_find(sh("cat log"), STR("/objects/"), 0), STR_NPOS);
	/* Where there is none, git fetches. */
	(void)sh("rm hub/octo/act/archive/*");
	assert_str(content(fetch_with(store_at_server(""), "octo/act@main"), "action.yml"), "two");
	assert_has(sh("cat log"), "/objects/");
	child_end(&server);
}

Test(action_store, a_token_goes_to_its_own_server_only)
{
	struct child server = CHILD_INIT;
	struct str log;

	serve(&server);
	assert_str(content(fetch_with(store_at_server("good"), "octo/act@v1"), "action.yml"),
		   "one");
	log = sh("cat log");
	/* git's way of saying it, then the API's; none to where that redirects. */
	assert_has(log, "/octo/act/info/refs?service=git-upload-pack [basic ");
	assert_has(log, arena_printf(&scratch.arena,
				     "/api/v3/repos/octo/act/tarball/%s [Bearer good]\n/%s.tgz []",
				     commit_of("v1").p, commit_of("v1").p)
				.p);
	/* One that has expired does not keep away what is public. */
	assert_str(content(fetch_with(store_at_server("bad"), "octo/act@main"), "action.yml"),
		   "two");
	child_end(&server);
}

Test(action_store, a_token_is_on_no_command_line)
{
	struct child server = CHILD_INIT;

	/* "x-access-token:good" in base64 is how git sends it. */
	serve(&server);
	(void)sh("rm hub/octo/act/archive/* hub/*.tgz; mkdir bin; printf '#!/bin/sh\\necho \"$@\" "
		 ">> "
		 "'$PWD'/args\\nexec '$(command -v git)' \"$@\"\\n' > bin/git; chmod +x bin/git");
	(void)setenv("PATH",
		     arena_printf(&scratch.arena, "%s/bin:%s", scratch.dir, getenv("PATH")).p, 1);
	assert_str(content(fetch_with(store_at_server("good"), "octo/act@v1"), "action.yml"),
		   "one");
	assert_has(sh("cat log"), "[basic eC1hY2Nlc3MtdG9rZW46Z29vZA==]");
	assert_has(sh("cat args"), "fetch -q");
	assert_str(sh("grep -e good -e eC1hY2Nlc3M args || true"), "");
	child_end(&server);
}

Test(action_store, the_token_of_a_server_is_not_for_github)
{
	struct child server = CHILD_INIT;
	struct action_store *s;

	/* What the server does not have is asked of github.com, which is the same one here. */
	serve(&server);
	(void)sh(
		"git config --global url.\"$(cat url)/\".insteadOf https://github.com/; git config "
		"--global --unset-all url.\"$PWD/hub/\".insteadOf");
	s = store_of((struct action_store_spec){ .server = STR("http://127.0.0.1:1") });
	action_store_token(s, STR("good"));
	(void)fetch_with(s, "octo/act@v1");
	s = store_of((struct action_store_spec){
		.server = arena_printf(&scratch.arena, "%s/none", sh("cat url").p) });
	action_store_token(s, STR("good"));
	assert_str(content(fetch_with(s, "octo/act@v1"), "action.yml"), "one");
	assert_has(sh("cat log"), "/none/octo/act/info/refs?service=git-upload-pack [basic ");
	assert_str(sh("grep ' \\[[bB]' log | grep -v ^/none || true"), "");
	child_end(&server);
}

Test(action_store, a_tarball_that_reaches_out_is_the_end)
{
	struct child server = CHILD_INIT;

	serve(&server);
	(void)sh("cd hub/octo/act; echo x > x; tar -czPf archive/$(git rev-parse v1).tar.gz "
		 "--transform 's,^x,top/../../x,' x");
	assert_has(fetch_with(store_at_server(""), "octo/act@v1").error,
		   "the archive is refused: a path with '..'");
	assert_str(sh("find cache/trees -type f"), "");
	child_end(&server);
}

/* What Python's tarfile writes for one entry, unpacked. */
static struct str unpack(const char *entry)
{
	struct err err = ERR_INIT;

	(void)sh("cat > mk.py <<'E'\nimport tarfile, io\nt = tarfile.open('t.tgz', 'w:gz')\n"
		 "def add(name, data=b'x', **kw):\n"
		 "    i = tarfile.TarInfo(name)\n"
		 "    i.size = len(data)\n"
		 "    for k, v in kw.items():\n        setattr(i, k, v)\n"
		 "    t.addfile(i, io.BytesIO(data))\n"
		 "add('top/a')\n%s\nt.close()\nE\npython3 mk.py; rm -rf out",
		 entry);

	int fd = open(at("t.tgz").p, O_RDONLY | O_CLOEXEC);
	bool ok = action_unpack(fd, at("out"), 1, &err);
	struct str said = ok ? STR("ok") : arena_str(&scratch.arena, str_of(err.msg));

	(void)close(fd);
	err_release(&err);
	return said;
}

Test(action_store, archives_that_reach_out_are_refused)
{
	assert_str(unpack("add('top/b/c')"), "ok");
	assert_str(sh("cd out; find . -type f | sort"), "./a\n./b/c");
	assert_has(unpack("add('/etc/x')"), "an absolute path: '/etc/x'");
	assert_has(unpack("add('top/../../x')"), "a path with '..'");
	assert_has(unpack("add('top/l', b'', type=tarfile.SYMTYPE, linkname='/etc')"),
		   "a link that leaves the tree: 'l'");
	assert_has(unpack("add('top/p', b'', type=tarfile.FIFOTYPE)"), "a device file");
	assert_has(unpack("add('top/n', b'', type=tarfile.CHRTYPE, devmajor=1, devminor=3)"),
		   "a device file");
	assert_has(unpack("add('top/h', b'', type=tarfile.LNKTYPE, linkname='/etc/passwd')"),
		   "an absolute path");
	assert_has(unpack("add('top/h', b'', type=tarfile.LNKTYPE, linkname='top/../../x')"),
		   "a path with '..'");
	assert_str(unpack("add('top/h', b'', type=tarfile.LNKTYPE, linkname='top/a')"), "ok");
	/* Through a link that the archive made before. */
	cr_assert_not(str_eq(unpack("add('top/d', b'', type=tarfile.SYMTYPE, linkname='b')\n"
				    "add('top/d/x')"),
			     STR("ok")));
	assert_str(sh("find . -path ./out -prune -o -name x -print"), "");
}

Test(action_store, a_truncated_archive_is_an_error)
{
	struct err err = ERR_INIT;

	assert_str(unpack("add('top/big', __import__('os').urandom(100000))"), "ok");
	(void)sh("head -c 50000 t.tgz > cut; rm -rf out");

	int fd = open(at("cut").p, O_RDONLY | O_CLOEXEC);

	cr_assert_not(action_unpack(fd, at("out"), 1, &err));
	err_release(&err);
	(void)close(fd);
}
