/* test_repo.c - facts about real git repositories. */
#include "git_scratch.h"

TestSuite(repo, .init = scratch_open, .fini = scratch_close);

static const char one_commit[] = "git init -q r; cd r; echo 1 > a; git add a; git commit -qm one; ";

Test(repo, reads_branch_head_and_paths)
{
	(void)sh("%s", one_commit);
	(void)sh("mkdir -p r/sub/dir");

	struct repo_facts f = facts_of("r/sub/dir");

	cr_assert(f.found);
	assert_str(f.root, at("r").p);
	assert_str(f.git_dir, at("r/.git").p);
	assert_str(f.common_dir, at("r/.git").p);
	assert_str(f.ref, "refs/heads/main");
	assert_str(f.head, sh("cd r; git rev-parse HEAD").p);
	assert_str(f.user_name, "Ada");
	assert_str(f.user_email, "ada@example.org");
	assert_str(f.default_branch, "main");
	assert_str(f.owner, "local");
	assert_str(f.name, "r");
	assert_str(f.server, "https://github.com");
	assert_str(f.upstream, "");
}

Test(repo, no_repository_is_no_error)
{
	struct repo_facts f = facts_of("");

	cr_assert(!f.found);
	assert_str(f.root, "");
	assert_str(f.default_branch, "");
}

Test(repo, a_directory_that_is_not_there_is_an_error)
{
	struct err err = ERR_INIT;
	struct repo_facts f;

	cr_assert(!repo_read(&scratch.arena, at("nowhere"), STR_EMPTY, &f, &err));
	cr_assert_eq(err.kind, ERR_NOT_FOUND);
	err_release(&err);
}

Test(repo, no_commits)
{
	(void)sh("git init -q r; cd r; git symbolic-ref HEAD refs/heads/trunk");

	struct repo_facts f = facts_of("r");

	cr_assert(f.found);
	assert_str(f.ref, "refs/heads/trunk");
	assert_str(f.head, "");
	assert_str(f.default_branch, "trunk");
}

Test(repo, detached_head_has_a_ref_only_if_a_tag_points_there)
{
	(void)sh("%s git checkout -q --detach", one_commit);
	assert_str(facts_of("r").ref, "");
	(void)sh("cd r; git tag v1; git tag -a -m x v1.2.3; git tag v1.2");
	assert_str(facts_of("r").ref, "refs/tags/v1.2.3");
	assert_str(facts_of("r").head, sh("cd r; git rev-parse HEAD").p);
}

Test(repo, a_linked_worktree_has_its_own_git_dir)
{
	(void)sh("%s git worktree add -q '../w t' -b topic", one_commit);

	struct repo_facts f = facts_of("w t");

	assert_str(f.root, at("w t").p);
	assert_str(f.git_dir, at("r/.git/worktrees/w-t").p);
	assert_str(f.common_dir, at("r/.git").p);
	assert_str(f.ref, "refs/heads/topic");
}

Test(repo, a_path_with_blanks_and_other_letters)
{
	(void)sh("git init -q 'ein schöner ort'; cd 'ein schöner ort'; echo 1 > a; git add a; "
		 "git commit -qm one");

	struct repo_facts f = facts_of("ein schöner ort");

	assert_str(f.root, at("ein schöner ort").p);
	assert_str(f.name, "ein schöner ort");
}

Test(repo, a_submodule_is_a_repository_of_its_own)
{
	(void)sh("%s cd ..; git init -q s; cd s; git submodule --quiet add ../r mod", one_commit);

	struct repo_facts f = facts_of("s/mod");

	assert_str(f.root, at("s/mod").p);
	assert_str(f.git_dir, at("s/.git/modules/mod").p);
}

Test(repo, a_bare_repository_is_refused)
{
	struct err err = ERR_INIT;
	struct repo_facts f;

	(void)sh("git init -q --bare b.git");
	cr_assert(!repo_read(&scratch.arena, at("b.git"), STR_EMPTY, &f, &err));
	cr_assert_eq(err.kind, ERR_USAGE);
	cr_assert(strstr(err.msg, "bare repository"));
	err_release(&err);
}

Test(repo, a_worktree_whose_repository_is_gone_is_an_error_in_gits_words)
{
	struct err err = ERR_INIT;
	struct repo_facts f;

	(void)sh("%s git worktree add -q ../w -b topic; cd ..; rm -rf r", one_commit);
	cr_assert(!repo_read(&scratch.arena, at("w"), STR_EMPTY, &f, &err));
	cr_assert(strstr(err.msg, "not a git repository"), "%s", err.msg);
	err_release(&err);
}

Test(repo, extensions_that_git_switches_on_are_no_obstacle)
{
	(void)sh("%s git sparse-checkout init; git config extensions.partialClone origin; "
		 "git config extensions.worktreeConfig true",
		 one_commit);
	cr_assert(facts_of("r").found);
}

Test(repo, the_callers_git_variables_do_not_count)
{
	(void)sh("%s cd ..; git init -q other", one_commit);
	(void)setenv("GIT_DIR", at("other/.git").p, 1);
	(void)setenv("GIT_WORK_TREE", at("other").p, 1);
	assert_str(facts_of("r").root, at("r").p);
	(void)unsetenv("GIT_DIR");
	(void)unsetenv("GIT_WORK_TREE");
}

Test(repo, a_repository_of_someone_else_is_refused_with_the_fix)
{
	struct err err = ERR_INIT;
	struct repo_facts f;

	if (geteuid() != 0) {
		cr_skip_test("needs root to give a repository away");
	}
	/* The empty value takes back what the machine's own configuration may trust. */
	(void)sh("%s chown -R 12345 ../r; git config --global --add safe.directory ''", one_commit);
	cr_assert(!repo_read(&scratch.arena, at("r"), STR_EMPTY, &f, &err));
	cr_assert(strstr(err.msg, "dubious ownership"), "%s", err.msg);
	cr_assert(strstr(err.msg, "safe.directory"), "%s", err.msg);
	err_release(&err);

	(void)sh("git config --global --add safe.directory %s/r", scratch.dir);
	assert_str(facts_of("r").ref, "refs/heads/main");
}

static const struct {
	const char *url, *server, *owner, *name, *shown;
} urls[] = {
	{ "https://github.com/octo/hello", "https://github.com", "octo", "hello", NULL },
	{ "https://github.com/octo/hello.git", "https://github.com", "octo", "hello", NULL },
	{ "https://github.com/octo/hello.git/", "https://github.com", "octo", "hello", NULL },
	{ "https://bob:s3cret@github.com/octo/hello.git", "https://github.com", "octo", "hello",
	  "https://github.com/octo/hello.git" },
	{ "https://ghp_token@GitHub.com/octo/hello", "https://github.com", "octo", "hello",
	  "https://github.com/octo/hello" },
	{ "https://ghe.corp.example:8443/octo/hello.git", "https://ghe.corp.example:8443", "octo",
	  "hello", NULL },
	{ "http://ghe.corp.example/octo/hello", "http://ghe.corp.example", "octo", "hello", NULL },
	{ "git@github.com:octo/hello.git", "https://github.com", "octo", "hello", NULL },
	{ "github.com:octo/hello", "https://github.com", "octo", "hello", NULL },
	{ "ssh://git@github.com/octo/hello.git", "https://github.com", "octo", "hello", NULL },
	{ "ssh://git:pw@ghe.corp.example:2222/octo/hello.git", "https://ghe.corp.example", "octo",
	  "hello", "ssh://git@ghe.corp.example:2222/octo/hello.git" },
	{ "ssh://git@ssh.github.com:443/octo/hello.git", "https://github.com", "octo", "hello",
	  NULL },
	{ "git://github.com/octo/hello.git", "https://github.com", "octo", "hello", NULL },
	{ "https://[::1]:3000/octo/hello", "https://[::1]:3000", "octo", "hello", NULL },
	{ "https://gitlab.com/group/sub/hello.git", "https://gitlab.com", "sub", "hello", NULL },
	{ "/srv/git/hello.git", "https://github.com", "local", "hello", NULL },
	{ "../somewhere/hello", "https://github.com", "local", "hello", NULL },
	{ "file:///srv/git/hello.git", "https://github.com", "local", "hello", NULL },
	{ "/srv/hello/.git", "https://github.com", "local", "hello", NULL },
};

Test(repo, the_remote_says_who_the_repository_is)
{
	(void)sh("git init -q r; git -C r remote add origin x");
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		(void)sh("git -C r remote set-url origin '%s'", urls[i].url);

		struct repo_facts f = facts_of("r");
		const char *shown = urls[i].shown ? urls[i].shown : urls[i].url;

		cr_assert(str_eq(f.server, str_of(urls[i].server)), "%s: %s", urls[i].url,
			  f.server.p);
		cr_assert(str_eq(f.owner, str_of(urls[i].owner)), "%s: %s", urls[i].url, f.owner.p);
		cr_assert(str_eq(f.name, str_of(urls[i].name)), "%s: %s", urls[i].url, f.name.p);
		cr_assert(str_eq(f.remote_url, str_of(shown)), "%s: %s", urls[i].url,
			  f.remote_url.p);
	}
}

Test(repo, instead_of_expands_short_names_but_a_mirror_is_no_identity)
{
	(void)sh("git init -q r; git -C r remote add origin gh:octo/hello; "
		 "git config --global url.https://github.com/.insteadOf gh:");
	assert_str(facts_of("r").server, "https://github.com");
	assert_str(facts_of("r").owner, "octo");

	(void)sh("git -C r remote set-url origin https://github.com/octo/hello; "
		 "git config --global url.file:///mirror/.insteadOf https://github.com/");
	assert_str(facts_of("r").remote_url, "https://github.com/octo/hello");
}

Test(repo, the_remote_is_the_one_asked_for_then_origin_then_the_first)
{
	struct err err = ERR_INIT;
	struct repo_facts f;

	(void)sh("git init -q r; git -C r remote add fork https://github.com/me/x");
	assert_str(facts_of("r").owner, "me");
	assert_str(facts_of("r").remote, "fork");
	(void)sh("git -C r remote add origin https://github.com/them/x");
	assert_str(facts_of("r").owner, "them");
	cr_assert(repo_read(&scratch.arena, at("r"), STR("fork"), &f, &err));
	assert_str(f.owner, "me");
}

Test(repo, default_branch_and_upstream_of_a_clone)
{
	(void)sh("git init -q -b trunk o; cd o; echo 1 > a; git add a; git commit -qm one; "
		 "git branch main; cd ..; git clone -q o c; cd c; git checkout -q -b topic; "
		 "git commit -q --allow-empty -m two");
	assert_str(facts_of("c").default_branch, "trunk");
	assert_str(facts_of("c").upstream, "");

	(void)sh("cd c; git branch -q --set-upstream-to origin/trunk");
	assert_str(facts_of("c").upstream, sh("git -C o rev-parse trunk").p);

	(void)sh("cd c; git branch --unset-upstream; git push -q origin topic; "
		 "git commit -q --allow-empty -m three");
	assert_str(facts_of("c").upstream, sh("git -C c rev-parse origin/topic").p);
}

Test(repo, without_origin_head_the_usual_names_are_tried)
{
	(void)sh("git init -q -b topic r; cd r; echo 1 > a; git add a; git commit -qm one");
	assert_str(facts_of("r").default_branch, "topic");
	(void)sh("git -C r branch master");
	assert_str(facts_of("r").default_branch, "master");
	(void)sh("git -C r branch main");
	assert_str(facts_of("r").default_branch, "main");
}
