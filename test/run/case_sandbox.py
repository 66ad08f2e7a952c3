"""The sandbox engine: what its jobs may and may not do, as root, as an ordinary user, in a container."""
import os
import pwd
import re
import shutil
import subprocess

from harness import expect

USER = 'nobody'
CONTAINER_FLAGS = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'systempaths=unconfined']


def sandboxed(box, *args, **kwargs):
    """act-c run --engine sandbox, as whoever runs the tests."""
    return box.run('push', '--engine', 'sandbox', *args, image=None, **kwargs)


def as_user(box):
    """From here on the case's act-c runs as an ordinary user, who owns the case's directory; where
    the tests run as one, nothing changes."""
    if os.getuid() != 0:
        return
    entry = pwd.getpwnam(USER)
    for top, dirs, files in os.walk(box.dir):
        for name in [top] + [os.path.join(top, f) for f in files]:
            os.lchown(name, entry.pw_uid, entry.pw_gid)
    shutil.copy(box.act_c, f'{box.dir}/act-c')      # the build may be where only root can look
    plain = box.command

    def command(*args, **kwargs):
        words = plain(*args, **kwargs)
        return ['setpriv', f'--reuid={entry.pw_uid}', f'--regid={entry.pw_gid}', '--clear-groups',
                f'{box.dir}/act-c', *words[1:]]
    box.command = command


def mounts(box):
    """What is mounted in the case's directory; elsewhere others may be at work."""
    with open('/proc/self/mountinfo', encoding='utf-8') as text:
        return [line for line in text if box.dir in line]


TEN_LEGS = '''on: push
jobs:
  listen:
    runs-on: ubuntu-22.04
    strategy: {matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}
    steps:
      - run: |
          python3 - <<'PY'
          import socket, time
          s = socket.socket()
          s.bind(('127.0.0.1', 8080))
          s.listen()
          time.sleep(0.5)
          print('held', ${{ matrix.n }} + 100)
          PY
'''


def test_ten_legs_on_one_port(box):
    box.init(TEN_LEGS)
    result = sandboxed(box, '--jobs', '10', '--network', 'none')
    result.exits(0)
    result.says(*(f'held {n + 100}' for n in range(1, 11)))


HIDDEN = '''on: push
jobs:
  looks:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          test -f README.md
          test -z "$(ls -A ~)" && echo empty-$((40 + 2))
          for f in "$SSH" "$REPO/README.md" /run/docker.sock /var/run/docker.sock "/proc/1/root$SSH"; do
            if cat "$f" 2>/dev/null || ls "$f" 2>/dev/null; then echo "found$((1 + 1))-$f"; fi
          done
          find / -xdev -name id_probe 2>/dev/null | sed "s/^/found$((1 + 1))-/"
          touch ../left-behind && echo probe >/usr/local/bin/actc-case-probe
          umount -l /home 2>/dev/null && echo escaped-$((1 + 1)) || true
'''


def check_hidden(box, become=lambda box: None):
    box.init(HIDDEN)
    key = f'{box.dir}/home/.ssh/id_probe'
    os.makedirs(os.path.dirname(key))
    with open(key, 'w', encoding='ascii') as text:
        text.write('no-such-key\n')
    become(box)
    before = sorted(os.listdir(box.dir) + os.listdir(box.repo))
    result = sandboxed(box, '--env', f'SSH={key}', '--env', f'REPO={box.repo}')
    result.exits(0)
    result.says('empty-42')
    result.lacks('found2-', 'no-such-key', 'escaped-2')
    expect(not mounts(box), 'a mount is left')
    expect(not os.path.exists('/usr/local/bin/actc-case-probe'), 'a write went to this machine')
    after = sorted(set(os.listdir(box.dir) + os.listdir(box.repo)) - {'state', 'cache'})
    expect(after == before, f'a write went outside: {after}')


def test_users_files_are_hidden(box):
    check_hidden(box)


def test_users_files_are_hidden_from_a_users_job(box):
    check_hidden(box, as_user)


WAITS = '''on: push
jobs:
  waits:
    runs-on: ubuntu-latest
    steps:
      - run: |
          head -c 50000000 /dev/zero >/tmp/big
          (trap '' TERM; setsid sleep 300 >/dev/null 2>&1) &
          echo ready-$((40 + 2))
          sleep 300
'''


def check_killed(box):
    child = box.start('push', '--engine', 'sandbox', image=None)
    box.until('ready-42', child)
    child.kill()
    child.wait()
    box.nothing_left()
    expect(not mounts(box), 'a mount is left')


def test_kill_9_leaves_nothing(box):
    box.init(WAITS)
    check_killed(box)


def test_kill_9_leaves_nothing_of_a_user(box):
    box.init(WAITS)
    as_user(box)
    check_killed(box)


INSTALLS = '''on: push
jobs:
  installs:
    runs-on: ubuntu-latest
    steps:
      - run: |
          for pause in 5 20 0; do              # a mirror may hiccup
            sudo apt-get update -q && sudo apt-get install -q -y --no-install-recommends figlet && break
            sleep $pause
          done
          figlet -v >/dev/null && echo installed-$((40 + 2))
'''


def mirror_answers(box):
    """Whether this machine reaches its mirror; into lists of the case's own, whatever the package manager has."""
    lists = f'{box.dir}/lists'
    os.makedirs(f'{lists}/partial', exist_ok=True)
    options = [f'Dir::State::lists={lists}', f'Dir::Cache={lists}', 'APT::Update::Error-Mode=any', 'APT::Sandbox::User=root']
    done = subprocess.run(['apt-get', 'update', *(word for option in options for word in ('-o', option))],
                          capture_output=True)
    return done.returncode == 0


def check_install(box):
    """The result, or None where there is nothing to install from."""
    here = shutil.which('figlet')
    result = sandboxed(box, '--network', 'default', seconds=400)
    if result.status != 0 and not mirror_answers(box):
        print('skipped: the mirror of packages does not answer')
        return None
    result.exits(0)
    result.says('installed-42')
    expect(shutil.which('figlet') == here, 'the package came to this machine')
    return result


def has_network(everybody):
    """Whether a sandbox gets one here; pasta, unlike slirp4netns, needs /dev/net/tun."""
    if shutil.which('slirp4netns'):
        return True
    usable = os.access('/dev/net/tun', os.R_OK | os.W_OK)
    return bool(shutil.which('pasta')) and usable and (not everybody
                                                       or os.stat('/dev/net/tun').st_mode & 0o006 == 0o006)


def test_apt_get_install_as_root(box):
    if os.getuid() != 0 or not has_network(False):
        return                               # the next case is what is left
    box.init(INSTALLS)
    check_install(box)


def test_apt_get_install_as_user(box):
    box.init(INSTALLS)
    as_user(box)
    if not has_network(True):
        result = sandboxed(box, '--network', 'default')
        result.exits(1)
        result.says('no network for the sandbox')
        return
    result = check_install(box)
    if result:
        result.says("made the system's directories writable")


LABELS = '''on: push
jobs:
  own: {runs-on: [self-hosted, linux], steps: [{run: echo own-$((40 + 2))}]}
  old: {runs-on: ubuntu-20.04, steps: [{run: echo old-$((40 + 2))}]}
  windows: {runs-on: windows-latest, steps: [{run: 'true'}]}
  inside: {runs-on: ubuntu-latest, container: 'debian:12', steps: [{run: 'true'}]}
  served: {runs-on: ubuntu-latest, services: {db: {image: postgres}}, steps: [{run: 'true'}]}
  docker: {runs-on: ubuntu-latest, steps: [{uses: 'docker://alpine:3'}]}
'''


def test_labels_and_what_needs_containers(box):
    box.init(LABELS)
    result = sandboxed(box, '-P', 'ubuntu-latest=debian:12')
    result.exits(0)
    result.says('own-42', 'old-42', '-P LABEL=IMAGE has no effect', 'no machine here serves windows-latest',
                'it wants a job container, which the sandbox', 'it wants services, which the sandbox',
                'cannot run `uses: docker://alpine:3`',
                '4 not rehearsed')
    expect(result.log.count('has no effect') == 1, 'said more than once')


def test_expose_and_network_are_judged(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n'
             '      - run: cat "$SHOWN" && ! echo x 2>/dev/null >"$SHOWN"\n')
    shown = f'{box.dir}/shown'
    with open(shown, 'w', encoding='ascii') as text:
        text.write('seen-42\n')
    result = sandboxed(box, '--expose', shown, '--env', f'SHOWN={shown}')
    result.exits(0)
    result.says('seen-42')
    sandboxed(box, '--expose', f'{box.dir}/missing').says('--expose')
    sandboxed(box, '--network', 'backend').says('no network "backend"')


def in_container(box, flags, script):
    """A script in a fresh container that has act-c, its libraries and the case's repository."""
    libraries = f'{box.dir}/lib'
    os.makedirs(libraries, exist_ok=True)
    os.chmod(box.dir, 0o755)
    git = subprocess.run(['sh', '-c', 'ldconfig -p | sed -n "s/.*=> \\(.*libgit2.so.*\\)/\\1/p"'],
                         capture_output=True, text=True, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'},
                         check=True).stdout.split()
    found = subprocess.run(['ldd', box.act_c, git[0]], capture_output=True, text=True, check=True).stdout
    for path in [*git, *re.findall(r'=> (/\S+)', found)]:
        if not re.search(r'/lib(c|m|dl|pthread)\.so', path):
            shutil.copy(path, libraries)
    shutil.copy(box.act_c, f'{box.dir}/act-c')
    done = subprocess.run(['docker', 'run', '--rm', '--network=none', *flags, '-v', f'{box.dir}:/case:ro',
                           '-e', 'LD_LIBRARY_PATH=/case/lib', '-e', 'HOME=/tmp', 'act-c-test:full',
                           'sh', '-c', script], capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout + done.stderr


def test_refused_in_a_plain_container(box):
    box.init('on: push\njobs:\n  a: {runs-on: ubuntu-latest, steps: [{run: "true"}]}\n')
    code, text = in_container(box, [], 'cd /case/demo && /case/act-c run push --engine sandbox')
    expect(code == 4, f'exit {code}: {text}')
    expect(' '.join(CONTAINER_FLAGS) in text, f'the flags are not named: {text}')
    code, text = in_container(box, CONTAINER_FLAGS[:2], '/case/act-c run push --engine sandbox '
                              '-W /case/demo/.github/workflows')
    expect(code == 4 and 'systempaths=unconfined' in text, f'exit {code}: {text}')


def test_runs_in_a_container(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n'
             '          (echo b >/proc/sysrq-trigger) 2>/dev/null && echo escaped-$((1 + 1))\n'
             '          (echo x >/proc/sys/kernel/core_pattern) 2>/dev/null && echo escaped-$((1 + 1))\n'
             '          test ! -e /tmp/demo && echo fine-$((40 + 2))\n')
    for user in ('0', '1000'):
        code, text = in_container(box, [*CONTAINER_FLAGS, '--user', user, '-e', 'XDG_STATE_HOME=/tmp/state'],
                                  'cp -r /case/demo /tmp/ && cd /tmp/demo && git init -q . && '
                                  '/case/act-c run push --engine sandbox')
        expect(code == 0 and 'fine-42' in text and 'escaped-2' not in text, f'user {user}: exit {code}: {text}')


def test_an_action_of_another_repository_is_linked_from_this_machine(box):
    box.init('''on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: octo/lib@v1
      - run: |
          test "$(readlink ../../_actions/octo/lib/v1)" = /home/runner/externals/action-$SHA
          ! touch /home/runner/externals/action-$SHA/mine
''')
    lib = f'{box.dir}/lib'
    box.shell(f'mkdir -p {lib}/bin; cd {lib}; git init -q -b main; ln -s main.js link.js; '
              r'printf "runs: {using: node24, main: bin/link.js}\n" >action.yml; '
              r'printf "echo linked-\$((1 + 1))\n" >bin/main.js; ln -s main.js bin/link.js; '
              'git add -A; git commit -qm lib; git tag v1')
    box.write('../node', '#!/bin/sh\nexec sh "$@"\n', 0o755)
    env = {'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': f'url.file://{lib}.insteadOf',
           'GIT_CONFIG_VALUE_0': 'https://github.com/octo/lib'}
    sha = box.git('rev-parse', 'HEAD', cwd=lib)
    for _ in range(2):
        result = sandboxed(box, '--node', '../node', '--env', f'SHA={sha}', env=env)
        result.exits(0)
        result.says('linked-2')
