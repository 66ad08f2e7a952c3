"""Environments: their own secrets, variables and env, and their protection rules."""
import json
import os
import pty
import select
import shutil
import signal
import time

from harness import PATIENCE, Failure, expect

HOST = ('--engine', 'host', '-P', 'ubuntu-latest=-self-hosted')
WORKFLOW = """on: push
env: {FROM: workflow}
jobs:
  staging:
    runs-on: ubuntu-latest
    environment:
      name: Staging
      url: https://${{ steps.where.outputs.host }}/${{ vars.PLACE }}
    steps:
      - id: where
        run: echo host=staging.example.com >> "$GITHUB_OUTPUT"
      - run: |
          test '${{ secrets.DEPLOY_KEY }}' = of-staging-1234
          test '${{ secrets.SHARED }}' = of-the-run-5678
          test '${{ vars.PLACE }}' = of-staging
          test "$FROM" = environment && test '${{ env.FROM }}' = environment
          echo "key ${{ secrets.DEPLOY_KEY }}"
  production:
    needs: staging
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: |
          test '${{ secrets.DEPLOY_KEY }}' = of-the-run-9999
          echo production-$((40 + 2))
  after:
    needs: production
    runs-on: ubuntu-latest
    steps: [{run: echo after}]
  notify:
    needs: production
    if: failure()
    runs-on: ubuntu-latest
    steps: [{run: echo notified-$((40 + 2))}]
"""
RULES = """environments:
  staging: {secrets-file: .secrets.staging, vars-file: .vars.staging, env-file: .env.staging}
  production: {reviewers: [octocat], wait: 30, branches: [main], secrets-file: .secrets.gone}
"""
GIVEN = ('-s', 'DEPLOY_KEY=of-the-run-9999', '-s', 'SHARED=of-the-run-5678')


def prepare(box):
    box.init(WORKFLOW)
    box.write('.github/act-c.yml', RULES)
    box.write('.secrets.staging', 'DEPLOY_KEY=of-staging-1234\n')
    box.write('.vars.staging', 'place=of-staging\n')
    box.write('.env.staging', 'FROM=environment\n')


def ended(box):
    """What became of each job: {id: conclusion}."""
    found = {}
    for e in box.kept_events():
        if e['event'] == 'job.finished':
            found[e['job']] = e['conclusion']
        elif e['event'] in ('job.skipped', 'job.not_rehearsed'):
            found[e['job']] = e['event'][len('job.'):]
    return found


def test_approved(box):
    prepare(box)
    result = box.run(*HOST, *GIVEN, '--approve', 'production', image=None)
    result.exits(0)
    result.says('production-42', 'GitHub would wait 30 minutes', '.secrets.gone is not there',
                'https://staging.example.com/of-staging')
    result.lacks('of-staging-1234')
    staging = next(e for e in box.kept_events() if e['event'] == 'job.finished' and e['job'] == 'staging')
    expect(staging['url'] == 'https://staging.example.com/of-staging' and staging['environment'] == 'Staging',
           f'{staging}')


def test_nobody_to_ask(box):
    """Without a terminal: it and what needs it are not rehearsed, and the rest decides."""
    prepare(box)
    result = box.run(*HOST, *GIVEN, image=None)
    result.exits(0)
    result.says('approval needed', '--approve production')
    result.lacks('production-42')
    expect(ended(box) == {'staging': 'success', 'production': 'not_rehearsed', 'after': 'not_rehearsed',
                          'notify': 'not_rehearsed'}, f'{ended(box)}')


def test_rejected(box):
    prepare(box)
    result = box.run(*HOST, *GIVEN, '--approve', 'none', image=None)
    result.exits(1)
    result.says("The deployment was rejected or didn't satisfy other protection rules.", 'notified-42')
    result.lacks('production-42')
    expect(ended(box) == {'staging': 'success', 'production': 'failure', 'after': 'skipped',
                          'notify': 'success'}, f'{ended(box)}')


def test_another_branch(box):
    prepare(box)
    box.git('checkout', '-q', '-b', 'feature')
    result = box.run(*HOST, *GIVEN, '--approve', 'all', image=None)
    result.exits(1)
    result.says('Branch "feature" is not allowed to deploy to production')
    result.lacks('production-42')


def test_dry_run_asks_nobody(box):
    prepare(box)
    box.run(*HOST, *GIVEN, '-n', image=None).exits(0)
    expect(ended(box)['production'] == 'success', f'{ended(box)}')


def on_terminal(box, answer, *args, stdout=None):
    """act-c on a terminal of its own; `answer` is typed, or a signal sent, once it asks. Its stdout is the
    terminal, too, or a file."""
    command = box.command(*HOST, *GIVEN, *args, image=None)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(box.repo)
        if stdout:
            os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.execvpe(command[0], command, box.env)
    out, asked, deadline = b'', False, time.time() + 2 * PATIENCE
    while time.time() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            out += os.read(terminal, 65536)
        except OSError:                      # the other side is closed
            break
        if b'Approve deployment to production? [y/N]' in out and not asked:
            asked = True
            if isinstance(answer, bytes):
                os.write(terminal, answer)
            else:
                os.kill(pid, answer)
    else:
        os.kill(pid, signal.SIGKILL)
        raise Failure(f'it does not end\n{out.decode()}')
    os.close(terminal)
    expect(asked, f'nothing was asked\n{out.decode()}')
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()


def test_asked_on_a_terminal(box):
    prepare(box)
    for answer, status, production in ((b'y\n', 0, 'success'), (b'YES\n', 0, 'success'), (b'n\n', 1, 'failure'),
                                       (b'\n', 1, 'failure'), (b'\x04', 1, 'failure'),
                                       (signal.SIGINT, 130, 'cancelled')):
        # The newest must be the only one, whatever the clock does meanwhile.
        shutil.rmtree(f'{box.dir}/state/act-c/runs', ignore_errors=True)
        code, out = on_terminal(box, answer)
        expect(code == status, f'{answer}: exit status {code}, not {status}\n{out}')
        expect(ended(box)['production'] == production, f'{answer}: {ended(box)}\n{out}')


def test_asked_beside_json(box):
    """`act-c run --json | program`: the question is on stderr, its record among the others."""
    prepare(box)
    code, out = on_terminal(box, b'y\n', '--json', stdout=f'{box.dir}/records')
    expect(code == 0, f'exit status {code}\n{out}')
    with open(f'{box.dir}/records', encoding='utf-8') as file:
        records = [json.loads(line) for line in file]
    expect([r['job'] for r in records if 'question' in r] == ['production'], f'{records}')
    expect(ended(box)['production'] == 'success' and 'production-42' not in out, f'{ended(box)}\n{out}')


def test_files_outside_the_repository_are_not_read(box):
    box.init(WORKFLOW)
    with open(f'{box.dir}/outside', 'w', encoding='ascii') as out:
        out.write('DEPLOY_KEY=of-the-user-1234\n')
    os.symlink(f'{box.dir}/outside', f'{box.repo}/link')
    for name in (f'{box.dir}/outside', '../outside', 'link'):
        box.write('.github/act-c.yml', f'environments: {{staging: {{secrets-file: {name}}}}}\n')
        result = box.run(*HOST, *GIVEN, '-j', 'staging', image=None)
        result.says('is outside the repository')
        result.lacks('of-the-user-1234')


def test_token_from_gh(box):
    """The token of gh goes to jobs, masked; one that is given wins, and gh is not asked."""
    box.init("""on: push
jobs:
  show:
    runs-on: ubuntu-latest
    steps: [{run: 'echo "${{ secrets.GITHUB_TOKEN }}" | cut -c1-8; echo ${{ github.token }}'}]
""")
    box.write('.git/tools/gh', '#!/bin/sh\necho "$*" >>"$0.asked"\necho gho_123456789abcdef\n', 0o755)
    env = {'PATH': f'{box.repo}/.git/tools:{box.env["PATH"]}'}
    result = box.run(*HOST, '--token-from-gh', image=None, env=env)
    result.exits(0)
    result.says('gho_1234')
    result.lacks('gho_123456789abcdef')
    with open(f'{box.repo}/.git/tools/gh.asked', encoding='ascii') as asked:
        expect(asked.read() == 'auth token --hostname github.com\n', 'gh was asked something else')
    result = box.run(*HOST, '--token-from-gh', '-s', 'GITHUB_TOKEN=given-1234567', image=None, env=env)
    result.exits(0)
    result.says('given-12')
    with open(f'{box.repo}/.git/tools/gh.asked', encoding='ascii') as asked:
        expect(len(asked.readlines()) == 1, 'gh was asked for nothing')
    box.write('.git/tools/gh', '#!/bin/sh\necho "not logged in" >&2\nexit 1\n', 0o755)
    result = box.run(*HOST, '--token-from-gh', image=None, env=env)
    result.exits(2)
    result.says('gh has no token for github.com')
