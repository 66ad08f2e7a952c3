"""Exit statuses, and workflow files and repositories in every odd state."""
import os
import subprocess

from harness import docker, expect

OK = '''on: push
jobs:
  ok:
    runs-on: ubuntu-latest
    steps: [{run: 'test "$GITHUB_SHA" = "${{ github.sha }}" && echo fine-$((40 + 2))'}]
'''


def test_usage_errors_exit_2(box):
    box.init(OK)
    for args in (['--no-such-option'], ['push', 'extra'], ['--jobs', 'many'], ['--engine', 'nonsense'],
                 ['-e']):
        result = box.run(*args)
        result.exits(2)
        expect(result.err.strip(), f'{args}: nothing on stderr')
    box.run('--netwrok', 'none').says('--network')
    expect(not box.at_engine(), 'a usage error reached the engine')


def test_invalid_workflow_exits_3_when_selected(box):
    box.init(OK)
    box.write('.github/workflows/bad.yml', 'on: push\njobs:\n  a:\n    runs-on: x\n    stpes: []\n')
    named = box.run('push', '-W', '.github/workflows/bad.yml')
    named.exits(3)
    named.says('bad.yml:5:5:', 'stpes', '^')
    selected = box.run('push')
    selected.exits(3)
    selected.says('bad.yml:5:5:')
    other = box.run('push', '-W', '.github/workflows/test.yml')
    other.exits(0)
    other.says('fine-42')


def test_bad_file_of_another_event_only_warns(box):
    box.init(OK)
    box.write('.github/workflows/bad.yml', 'on: issues\njobs:\n  a:\n    runs-on: x\n    needs: b\n'
              '    steps: [{run: x}]\n')
    result = box.run('push')
    result.exits(0)
    result.says('fine-42', 'bad.yml')


def test_no_engine_exits_4(box):
    box.init(OK)
    for env in ({'DOCKER_HOST': f'unix://{box.dir}/none.sock'}, {'PATH': '/nowhere'}):
        result = box.run('push', '--engine', 'docker', env=env)
        result.exits(4)
        expect('docker' in result.err, f'does not name docker: {result.err}')


def test_nothing_matched_exits_5(box):
    box.init(OK)
    result = box.run('release')
    result.exits(5)
    result.says('push')
    result = box.run('push', '-j', 'oky')
    result.exits(5)
    result.says('ok')
    box.run('push', '--matrix', 'os:none').exits(0, 5)
    subprocess.run(['rm', '-r', f'{box.repo}/.github'], check=True)
    box.run('push').exits(5)


def test_the_only_event_is_the_default(box):
    box.init(OK.replace('on: push', 'on: [workflow_dispatch]'))
    result = box.run()
    result.exits(0)
    result.says('fine-42')


def test_run_timeout_exits_124(box):
    box.init(OK.replace('test ', 'sleep 300; test '))
    box.run('push', '--timeout', '3s').exits(124)


def test_missing_image_is_a_failed_job(box):
    box.init(OK + '''  other:
    runs-on: other
    steps: [{run: 'echo other-$((1 + 1))'}]
''')
    result = box.run('push', '-P', 'other=act-c-test:busybox', '--pull=false', image='act-c-test:none-such')
    result.exits(1)
    result.says('act-c-test:none-such', 'other-2')


def test_image_that_cannot_be_pulled_is_a_failed_job(box):
    box.init(OK)
    result = box.run('push', image='localhost:1/none-such:1')
    result.exits(1)
    result.says('localhost:1/none-such:1')


def test_no_repository(box):
    box.write('.github/workflows/w.yml', OK.replace('steps: [', 'steps: [{uses: actions/checkout@v4}, '
                                                    '{run: test -e .github/workflows/w.yml}, '))
    result = box.run('push')
    result.exits(0)
    result.says('fine-42')


def test_no_commits(box):
    box.write('.github/workflows/w.yml', OK.replace('steps: [', 'steps: [{uses: actions/checkout@v4}, '
                                                    '{run: test -e .github/workflows/w.yml}, '))
    box.git('init', '-q', '-b', 'trunk')
    result = box.run('push')
    result.exits(0)
    result.says('fine-42')
    expect(box.git('status', '--porcelain') == '?? .github/', 'the repository was written')


def test_detached_head(box):
    box.init(OK.replace('steps: [', 'steps: [{uses: actions/checkout@v4}, '
                                    '{run: test "$(git rev-parse HEAD)" = "$GITHUB_SHA"}, '))
    box.git('checkout', '-q', '--detach')
    box.run('push').exits(0)


def test_worktree_and_blanks_in_paths(box):
    box.init(OK.replace('steps: [', 'steps: [{uses: actions/checkout@v4}, '
                                    '{run: test -e "a file" && git status --porcelain}, '))
    tree = f'{box.dir}/another tree'
    box.git('worktree', 'add', '-q', '-b', 'other branch'.replace(' ', '-'), tree)
    with open(f'{tree}/a file', 'w', encoding='ascii') as out:
        out.write('x\n')
    result = box.run('push', cwd=tree)
    result.exits(0)
    result.says('fine-42')
    result = box.run('push', '-C', tree, cwd='/')
    result.exits(0)


def test_started_below_the_root(box):
    box.init(OK)
    os.makedirs(f'{box.repo}/sub/dir')
    result = box.run('push', cwd=f'{box.repo}/sub/dir')
    result.exits(0, 5)
    if result.status == 5:
        expect('.github/workflows' in result.err, 'does not say where it looked')


def test_hostile_workflow_files(box):
    box.init(OK)
    depth = 5000
    hostile = {
        'empty': b'', 'binary': bytes(range(256)) * 64, 'nul': b'on: push\0\njobs: {}\n',
        'scalar': b'just text\n', 'deep': b'[' * depth + b']' * depth,
        'big': b'# ' + b'x' * 10_000_000 + b'\non: push\n',
        'bomb': b'a: &a [x, x, x, x, x, x, x, x, x, x]\n' + b''.join(
            b'%c: &%c [%s]\n' % (c, c, b', '.join([b'*%c' % (c - 1)] * 10)) for c in range(98, 110)),
        'unknown': b'on: push\nnonsense: 1\njobs: {a: {runs-on: x, steps: [{run: x, rnu: y}]}}\n',
        'utf8': b'on: push\nname: "\xff\xfe"\njobs: {}\n', 'unclosed': b'on: push\njobs:\n  a: "\n',
        'cycle': b'on: push\njobs:\n  a: {needs: b, runs-on: x, steps: [{run: x}]}\n'
                 b'  b: {needs: a, runs-on: x, steps: [{run: x}]}\n',
    }
    for name, content in hostile.items():
        box.write(f'hostile/{name}.yml', content)
        result = box.run('push', '-W', f'hostile/{name}.yml')
        result.exits(3)
        expect(f'{name}.yml' in result.err, f'{name}: the file is not named: {result.err[:300]}')
    os.symlink('/nowhere', f'{box.repo}/hostile/dangling.yml')
    box.run('push', '-W', 'hostile/dangling.yml').exits(2, 3, 5)
    if os.getuid() != 0:
        box.write('hostile/unreadable.yml', OK, mode=0)
        box.run('push', '-W', 'hostile/unreadable.yml').exits(3)


def test_engine_host(box):
    box.init('''on: push
jobs:
  host:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          test -e README.md && test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
          echo K=v >> "$GITHUB_ENV"
      - run: test "$K" = v && echo host-$((40 + 2))
      - run: sleep 1000 & exit 0
''')
    result = box.run('push', '--engine', 'host', image=None)
    result.exits(0)
    result.says('host-42')
    box.nothing_left()
    box.run('push', '-P', 'ubuntu-latest=-self-hosted', image=None).exits(0)


def test_the_repository_cannot_leave_the_isolation(box):
    box.init(OK)
    box.write('.actrc', '-P ubuntu-latest=-self-hosted\n--engine host\n--network host\n--bind\n'
              '--container-options --privileged\n')
    result = box.run('push')
    result.exits(0)
    result.says('.actrc')
    started = [e for e in box.kept_events() if e['event'] == 'job.started']
    expect(started[0].get('engine') == 'docker', f'ran on {started[0].get("engine")}')


def test_sweep_and_clean_touch_only_their_own(box):
    box.init(OK.replace('echo fine', 'sleep 300; echo fine'))
    child = box.start('push')
    box.until('sleep 300', child)
    child.kill()
    child.wait()
    box.nothing_left()                       # its workers live a moment longer, and it with them
    runs = f'{box.dir}/state/act-c/runs'
    box.write('.github/workflows/test.yml', OK)
    # What that run could not take along: something that runs on without its agent.
    mine, other = (docker('run', '-d', '--label', f'act-c.home={home}', '--label', f'act-c.run={run}',
                          'act-c-test:busybox', 'sleep', '300')
                   for home, run in ((box.home_id(), os.listdir(runs)[0]), ('0' * 32, 'other')))
    try:
        box.run('push').exits(0)
        alive = docker('ps', '-aq', '--no-trunc').split()
        expect(mine not in alive, 'what an ended run of this home left was not swept')
        expect(other in alive, 'a container of another home was removed')
    finally:
        docker('rm', '-f', '-v', other, mine, check=False)
    expect(len(os.listdir(runs)) == 2, 'ended runs are kept')
    cleaned = subprocess.run([box.act_c, 'clean'], env=box.env, cwd=box.repo, capture_output=True, text=True)
    expect(cleaned.returncode == 0, f'clean: {cleaned.stderr}')
    expect(os.listdir(runs) == [], f'clean left {os.listdir(runs)}')


def test_at_least_twenty_runs_are_kept(box):
    box.init('on: push\njobs:\n  a:\n    if: false\n    runs-on: ubuntu-latest\n    steps: [{run: x}]\n')
    kept = []
    for _ in range(32):
        box.run('push').exits(0)
        kept.append(len(os.listdir(f'{box.dir}/state/act-c/runs')))
    expect(kept[:30] == list(range(1, 31)) and kept[30] == 21, f'run directories: {kept}')
