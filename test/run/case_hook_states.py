"""The hooks in git's odd states: what the job gets to see is the tree that git then commits, or the commit that it
pushes, and nothing of the repository is changed by it."""
import os
import subprocess

from harness import expect

WORKFLOW = '''\
on: push
jobs:
  see:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "$GITHUB_REF $(git rev-parse 'HEAD^{tree}') $(git rev-list --parents -1 HEAD | wc -w)" >> "$SEEN"
      - run: test -z "${GIT_DIR:-}${GIT_INDEX_FILE:-}${GIT_WORK_TREE:-}${GIT_PREFIX:-}"
'''


class Repository:
    def __init__(self, box, place='demo'):
        self.box, self.dir = box, f'{box.dir}/{place}'
        self.seen = f'{box.dir}/seen'
        self.env = dict(box.env, GIT_EDITOR='true', GIT_MERGE_AUTOEDIT='no')

    def sh(self, script, fails=False, **env):
        done = subprocess.run(['sh', '-ec', script], cwd=self.dir, env=dict(self.env, **env), capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=300)
        expect((done.returncode != 0) == fails, f'{script}: exit {done.returncode}\n{done.stdout}{done.stderr}')
        return done.stdout.strip()

    def looks(self):
        """(ref, tree, words of the commit and its parents) of every job since the last time."""
        if not os.path.exists(self.seen):
            return []
        with open(self.seen, encoding='utf-8') as text:
            lines = [line.split() for line in text]
        os.unlink(self.seen)
        return lines

    def commits(self, script, **env):
        """A commit whose job saw just what was committed, once."""
        self.looks()
        self.sh(script, **env)
        tree = self.sh("git rev-parse 'HEAD^{tree}'")
        looks = self.looks()
        expect([look[1] for look in looks] == [tree], f'{script}: {tree} is not what was seen: {looks}')

    def pushes(self, script, **refs):
        """A push whose jobs saw these commits of refs."""
        self.looks()
        self.sh(script)
        looks = sorted((ref, tree) for ref, tree, _ in self.looks())
        wanted = sorted((ref.replace('__', '/'), self.sh(f"git rev-parse '{commit}^{{tree}}'"))
                        for ref, commit in refs.items())
        expect(looks == wanted, f'{script}: {wanted} is not what was seen: {looks}')


def start(box):
    box.init()
    with open(f'{box.env["HOME"]}/.actrc', 'w', encoding='utf-8') as text:
        text.write(f'--engine host\n-P ubuntu-latest=-self-hosted\n--env SEEN={box.dir}/seen\n')
    box.git('init', '-q', '--bare', f'{box.dir}/remote.git')
    box.git('remote', 'add', 'up', f'{box.dir}/remote.git')
    repo = Repository(box)
    for kind in ('--pre-commit', '--pre-push'):
        repo.sh(f"'{box.act_c}' hook install {kind}")
    return repo


def test_commits(box):
    repo = start(box)
    box.write('.github/workflows/ci.yml', WORKFLOW)
    box.write('a b/ü "x".txt', 'one\n')
    repo.commits('git add -A; git commit -qm "Some, with blanks"')
    repo.commits('echo two > f; git add f; echo unstaged >> "a b/ü \\"x\\".txt"; git commit -qm staged')
    repo.commits('echo three >> f; git commit -qam "All that changed"')
    repo.commits('echo four >> f; echo g > g; git add g; git commit -qm "One file" f')
    repo.commits('git commit -qm "The other"')
    repo.commits('printf "1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n" > h; git add h; git commit -qm h')
    repo.commits('sed -i "1s/.*/first/; 9s/.*/last/" h; printf "s\\ny\\nn\\n" > .git/say; '
                 'git commit -qpm "Patch of a file" < .git/say; git checkout -q h')
    repo.commits('echo five >> f; git commit -qa --amend --no-edit')
    repo.commits('git rm -q g; git mv h i; git commit -qm "Gone and moved"')
    repo.commits('git commit -q --allow-empty -m empty')
    repo.commits('cd "a b"; echo deep > deep; git add deep; git commit -qm "From below"')


def test_commits_of_merges_and_picks(box):
    repo = start(box)
    box.write('.github/workflows/ci.yml', WORKFLOW)
    repo.sh('echo base > f; git add -A; git commit -qnm base; git checkout -qb side; echo side > f; '
            'git commit -qnam side; echo more > s; git add s; git commit -qnm more; '
            'git checkout -q main; echo main > f; git commit -qnam main')
    repo.sh('git merge -q side', fails=True)
    repo.commits('echo both > f; git add f; git commit -qm resolved')
    expect(repo.sh('git log -1 --format=%P').count(' ') == 1, 'the merge has two parents')
    repo.sh('git reset -q --hard HEAD^1; git cherry-pick side~1', fails=True)
    repo.commits('echo picked > f; git add f; git commit -qm picked')
    repo.commits('git reset -q --hard HEAD~1; git checkout -q side; git merge -q -s ours --no-edit main')
    repo.commits('git checkout -q --detach; echo apart > apart; git add apart; git commit -qm apart')
    repo.sh('git checkout -q main; git reset -q --hard; git checkout -qb again side~2')
    repo.sh('git rebase -q main', fails=True)
    repo.looks()
    repo.sh('echo rebased > f; git add f; git rebase --continue')
    expect(repo.sh('git status --porcelain') == '', 'the rebase has left something')


def test_commits_elsewhere(box):
    repo = start(box)
    box.write('.github/workflows/ci.yml', WORKFLOW)
    repo.sh('git add -A; git commit -qnm base; git branch tree; git worktree add -q "../w t" tree')
    Repository(box, 'w t').commits('echo w > w; git add w; git commit -qm "In a worktree"')
    repo.sh('git push -q --no-verify up main; git clone -q --depth 1 -b main "file://$PWD/../remote.git" ../shallow')
    shallow = Repository(box, 'shallow')
    shallow.sh(f"'{box.act_c}' hook install --pre-commit")
    shallow.commits('echo s > s; git add s; git commit -qm "In a shallow clone"')
    repo.sh('git -c protocol.file.allow=always submodule --quiet add -b main "$PWD/../remote.git" sub; git commit -qnm sub')
    sub = Repository(box, 'demo/sub')
    sub.sh(f"'{box.act_c}' hook install --pre-commit")
    sub.commits('echo m > m; git checkout -q -B main; git add m; git commit -qm "In a submodule"')
    repo.commits('git add sub; git commit -qm "The submodule"')
    repo.sh('mkdir hooks; git config core.hooksPath hooks')
    repo.sh(f"'{box.act_c}' hook install --pre-commit")
    repo.commits('echo h > h; git add h; git commit -qm hooksPath')
    repo.commits('cd /; git commit -q --allow-empty -m GIT_DIR', GIT_DIR=f'{repo.dir}/.git', GIT_WORK_TREE=repo.dir)
    repo.commits('cp .git/index .git/other; echo o > o; git add o; git commit -qm "Another index"',
                 GIT_INDEX_FILE=f'{repo.dir}/.git/other')


def test_pushes(box):
    repo = start(box)
    box.write('.github/workflows/ci.yml', WORKFLOW)
    repo.sh('git add -A; git commit -qnm one; echo 2 > f; git add f; git commit -qnm two; git tag v1; '
            'git branch topic HEAD~1; echo dirty > f; echo new > untracked')
    repo.pushes('git push -q up main', refs__heads__main='main')
    repo.pushes('git push -q up main')
    repo.pushes('git push -q up topic v1 main:other', refs__heads__topic='topic', refs__tags__v1='v1',
                refs__heads__other='main')
    repo.pushes('git push -q up :other')
    repo.pushes('git push -q --force up main~1:main', refs__heads__main='main~1')
    repo.pushes('git tag -am annotated v2; git push -q up v2', refs__tags__v2='v2')
    repo.pushes('git checkout -q --detach; git push -q up HEAD:refs/heads/apart', refs__heads__apart='HEAD')
    repo.pushes('git push -q up main HEAD:refs/notes/x', refs__heads__main='main')
    repo.sh('git checkout -q main; sed -i "s/test -z.*/exit 7/" .github/workflows/ci.yml; git commit -qnam bad')
    repo.sh('git push -q up main', fails=True)
    expect(repo.sh('git ls-remote up refs/heads/main').split()[0] == repo.sh('git rev-parse main~1'), 'it was pushed')


def test_commits_of_a_partial_clone(box):
    """The job's tree is whole, whatever the clone lacks; git brings that into the snapshot."""
    repo = start(box)
    box.write('.github/workflows/ci.yml', WORKFLOW.replace('actions/checkout@v4', 'actions/checkout@v4\n'
              '        with: {fetch-depth: 0}\n      - run: test "$(git show HEAD~2:o/f)$(cat o/f)" = 12'))
    repo.sh('git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true; '
            'mkdir o p; echo 0 > o/f; git add -A; git commit -qnm zero; echo 1 > o/f; git commit -qnam one; '
            'echo 2 > o/f; echo 2 > p/g; git add -A; git commit -qnm two')
    for kind in ('blob:none', 'tree:0'):
        repo.sh(f'rm -rf ../part; git clone -q --filter={kind} --sparse "file://$PWD" ../part')
        part = Repository(box, 'part')
        part.sh(f"git sparse-checkout set p .github; '{box.act_c}' hook install --pre-commit; '{box.act_c}' hook install")
        part.sh('git commit -qnm again --allow-empty')
        missing = part.sh('git rev-list --objects --missing=print --all | grep -c "^?" || true')
        part.pushes('git push -q origin main:' + kind[:4], **{'refs__heads__' + kind[:4]: 'main'})
        expect(part.sh('git rev-list --objects --missing=print --all | grep -c "^?" || true') == missing,
               'the clone has got more objects')


def test_commits_where_names_are_odd(box):
    start(box)
    repo = Repository(box, 'we ird\n\'"$x')
    os.makedirs(repo.dir)
    repo.sh(f"git init -q -b main; git remote add up '{box.dir}/remote.git'; '{box.act_c}' hook install --pre-commit; "
            f"'{box.act_c}' hook install; mkdir -p .github/workflows")
    with open(f'{repo.dir}/.github/workflows/ci.yml', 'w', encoding='utf-8') as text:
        text.write(WORKFLOW)
    repo.commits("printf x > 'a\nb'; printf y > ' lead'; printf z > -dash; mkdir 'd\n'; echo q > 'd\n/.github'; "
                 'git add -A; git commit -qm first')
    repo.pushes('git push -q up main', refs__heads__main='main')


def test_hooks_of_husky_are_not_moved(box):
    """They go by their own name, and the newer ones say nothing of husky."""
    repo = start(box)
    repo.sh(r'''mkdir -p .husky/_; printf '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n' > .husky/_/pre-commit
        chmod +x .husky/_/pre-commit; git config core.hooksPath .husky/_''')
    done = subprocess.run([box.act_c, 'hook', 'install', '--pre-commit'], cwd=repo.dir, env=repo.env,
                          capture_output=True, text=True)
    expect(done.returncode != 0 and 'put this line into .husky/pre-commit instead' in done.stderr, done.stderr)
    expect(os.listdir(f'{repo.dir}/.husky/_') == ['pre-commit'], 'something was written')


def test_repositories_that_github_does_not_have(box):
    start(box)
    box.write('.github/workflows/ci.yml', WORKFLOW)
    repo = Repository(box, 'longer')
    os.makedirs(repo.dir)
    repo.sh('git init -q --object-format=sha256 -b main; git commit -qm first --allow-empty; '
            'mkdir -p .github; cp -r ../demo/.github/workflows .github; : > README.md')
    done = subprocess.run([box.act_c, 'run'], cwd=repo.dir, env=repo.env, capture_output=True, text=True)
    expect(done.returncode != 0 and 'GitHub has no such repositories' in done.stderr, done.stderr)
