"""The framework pre-commit (of Debian's package) with this project's .pre-commit-hooks.yaml; jobs run on the
fake engine. Skipped, with a line that says so, where the framework is not installed."""
import os
import shutil
import subprocess

from harness import ROOT, expect

PROGRAM = os.environ.get('ACTC_TEST_PRE_COMMIT', 'pre-commit')
WORKFLOW = '''on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{run: echo first-run}]
'''


class Project:
    """A repository with the hooks installed, and a remote to push to."""

    def __init__(self, box):
        self.box = box
        hooks = f'{box.dir}/hooks'
        os.makedirs(hooks)
        shutil.copy(f'{ROOT}/.pre-commit-hooks.yaml', hooks)
        box.git('init', '-q', '-b', 'main', cwd=hooks)
        box.git('add', '-A', cwd=hooks)
        box.git('commit', '-q', '-m', 'Hooks', cwd=hooks)
        os.makedirs(f'{box.dir}/bin')
        os.symlink(box.act_c, f'{box.dir}/bin/act-c')
        box.env['PATH'] = f'{box.dir}/bin:{box.env["PATH"]}'
        with open(f'{box.env["HOME"]}/.actrc', 'w', encoding='ascii') as text:
            text.write('--engine fake\n-P ubuntu-latest=any\n')
        box.init()
        box.git('init', '-q', '--bare', f'{box.dir}/remote.git')
        box.git('remote', 'set-url', 'origin', f'{box.dir}/remote.git')
        self.config(hooks, box.git('rev-parse', 'HEAD', cwd=hooks))
        for kind in ('pre-commit', 'pre-push', 'pre-merge-commit'):
            self.succeeds(PROGRAM, 'install', '--hook-type', kind)

    def config(self, hooks, rev):
        ids = ''.join(f'  - id: {name}\n' for name in ('act-c-validate', 'act-c-run', 'act-c-run-staged'))
        self.box.write('.pre-commit-config.yaml', f'repos:\n- repo: {hooks}\n  rev: {rev}\n  hooks:\n{ids}')

    def run(self, *command):
        done = subprocess.run(command, cwd=self.box.repo, env=self.box.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def succeeds(self, *command):
        code, text = self.run(*command)
        expect(code == 0, f'{command}: exit {code}: {text}')
        return text

    def fails(self, *command):
        code, text = self.run(*command)
        expect(code != 0, f'{command} succeeded: {text}')
        return text


def test_hooks_of_the_framework(box):
    if not shutil.which(PROGRAM):
        print('skipped: the framework pre-commit is not installed')
        return
    project = Project(box)

    # A commit: what is staged counts, whatever the working tree has.
    box.write('.github/workflows/ci.yml', WORKFLOW)
    box.git('add', '-A')
    box.write('.github/workflows/ci.yml', WORKFLOW.replace('echo first-run', 'exit 7'))
    text = project.succeeds('git', 'commit', '-m', 'one')
    expect('1 succeeded' in text, f'the staged job did not run: {text}')
    expect(text.count('Passed') == 2, f'not both hooks passed: {text}')
    expect(project.run('git', 'diff', '--stat')[1].count('ci.yml') == 1, 'the working tree was changed')

    # One that fails is not made, and the hook says what to look at.
    box.git('add', '-A')
    text = project.fails('git', 'commit', '-m', 'two')
    expect('Process completed with exit code 7' in text and 'act-c run push --staged' in text, text)
    expect(box.git('log', '--format=%s', '-1') == 'one', 'the commit was made')

    # A file that GitHub would refuse is found before anything runs.
    box.write('.github/workflows/bad.yml', 'on: push\njobs: {a: {runs-on: ubuntu-latest, step: []}}\n')
    box.git('add', '-A')
    text = project.fails('git', 'commit', '-m', 'bad')
    expect('bad.yml:2:' in text, f'no position: {text}')
    box.git('rm', '-q', '-f', '.github/workflows/bad.yml')
    box.git('commit', '-q', '--no-verify', '-m', 'two')

    # A push: of the commit that fails, then of one that is well, while the tree is dirty.
    text = project.fails('git', 'push', 'origin', 'main')
    expect('Process completed with exit code 7' in text, text)
    box.write('.github/workflows/ci.yml', WORKFLOW)
    box.git('commit', '-q', '--no-verify', '-a', '-m', 'three')
    box.write('.github/workflows/ci.yml', WORKFLOW.replace('echo first-run', 'exit 8'))
    text = project.succeeds('git', 'push', 'origin', 'main')
    expect('1 succeeded' in text, text)
    expect(box.git('rev-parse', 'main', cwd=f'{box.dir}/remote.git') == box.git('rev-parse', 'HEAD'), 'not pushed')

    # Where nothing listens the push is let go at once.
    box.git('checkout', '-q', '--', '.')
    box.git('checkout', '-q', '-b', 'side')
    box.git('commit', '-q', '--no-verify', '--allow-empty', '-m', 'aside')
    text = project.succeeds('git', 'push', 'origin', 'side')
    expect('no workflow listens' in text, text)
    box.git('checkout', '-q', 'main')
    box.env['ACT_C_SKIP'] = '1'
    box.git('commit', '-q', '--allow-empty', '-m', 'four')
