"""The podman engine: the same jobs as on docker, from the same code.

Skipped, with a line that says so, where podman cannot start a container of the test image."""
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time

import podman
from case_signals import STUBBORN
from harness import expect, quick_once, soon

IMAGE = 'act-c-test:full'
WORKFLOW = '''\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      x: ${{ steps.set.outputs.x }}
    steps:
      - uses: actions/checkout@v4
      - id: set
        run: echo "x=$(git rev-parse HEAD | cut -c1-7)" >> "$GITHUB_OUTPUT"
      - run: test -z "$(git status --porcelain)"
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: echo "got-${{ needs.first.outputs.x }}"
      - run: docker version || echo "none-$((40 + 2))"
'''

SERVICE = '''\
    services:
      web:
        image: act-c-test:busybox
        entrypoint: httpd
        command: -f -p 8000 -h /etc
        ports: ['8080:8000']
        options: --health-cmd "wget -q -O- http://127.0.0.1:8000/passwd" --health-interval 0.3s
        volumes: ['kept:/kept']
'''
PODS = f'''\
on: push
jobs:
  inside:
    runs-on: ubuntu-latest
    container: act-c-test:busybox
{SERVICE}
    steps:
      - run: wget -q -O- http://web:8000/passwd | grep -q root && echo "inside-$((40 + 2))"
  outside:
    runs-on: ubuntu-latest
{SERVICE}
    steps:
      - run: wget -q -O- http://localhost:8080/passwd | grep -q root && echo "outside-$((40 + 2))"
'''
WAITS = PODS.replace('echo "inside-$((40 + 2))"', 'echo "inside-$((40 + 2))" && sleep 60').split('  outside:')[0]


def ready(box, *images):
    """Whether podman can be used here, with these images; a line says why not."""
    why = podman.prepare(images)
    if why:
        print('skipped: podman:', why)
    box.engine = 'podman'
    box.env.update({name: os.environ[name] for name in ['CONTAINERS_CONF'] if name in os.environ})
    return why is None


def test_podman_sweeps_what_a_killed_run_leaves(box):
    if not ready(box, 'act-c-test:busybox'):
        return
    box.init(WAITS)
    run = box.start('push', image='busybox')
    box.until('inside-42', run)
    expect(len(box.at_engine()) == 4, f'two containers, a volume and a network are not {box.at_engine()}')
    box.kill_all()
    run.wait()
    box.write('.github/workflows/test.yml', 'on: push\njobs: {b: {runs-on: ubuntu-latest, steps: [{run: "true"}]}}\n')

    def swept():
        box.run('push', image='busybox').exits(0)
        return not box.at_engine()
    soon(swept, lambda: f'left: {box.at_engine()}')


def test_podman_second_signal_ends_at_once(box):
    """Nothing is looked for that the job has taken away: three lists of podman's are seconds on a busy machine."""
    if not ready(box, IMAGE):
        return
    box.init(STUBBORN)
    calls = f'{box.dir}/calls'
    box.write('../bin/podman', f'#!/bin/sh\necho "$*" >>{calls}\nexec {shutil.which("podman")} "$@"\n', 0o755)

    def attempt():
        run = box.start('push', env={'PATH': f'{box.dir}/bin:{box.env["PATH"]}'})
        box.until('ready-42', run)
        box.interrupt_twice(run)
        result = box.ends(run)
        result.exits(130)
        with open(calls, encoding='utf-8') as text:
            lists = [line for line in text if ' ls ' in line]
        expect(not lists, f'looked for leftovers: {lists}')
        box.nothing_left()
        return result.seconds
    quick_once(5, attempt)                   # with one signal, the step would live for 10 s


def test_podman_runs_jobs_and_leaves_nothing(box):
    why = podman.prepare([IMAGE])
    if why:
        print('skipped: podman:', why)
        return
    box.env.update({name: os.environ[name] for name in ['CONTAINERS_CONF'] if name in os.environ})
    box.init(WORKFLOW)
    result = box.run('push', '--engine', 'podman', '-P', f'ubuntu-latest={IMAGE}')
    result.exits(0)
    result.says(f'got-{box.git("rev-parse", "HEAD")[:7]}', 'engine podman', 'none-42',
                'should this job call docker: on podman it has neither its socket nor its client')
    soon(lambda: not podman.podman('ps', '--all', f'--filter=label=act-c.home={box.home_id()}', '-q').stdout,
         'a container is left at podman')


# --- without root ---------------------------------------------------------------------------------

# udev gives the device to everybody; where nobody did, the user's podman has no network.
TUN = 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200'


class Account:
    """An ordinary user with subordinate ids, made for the test and removed again; owns the case's files."""

    def __init__(self, box):
        self.name = f'act-c-test-{os.getpid()}'
        self.box = box

    def __enter__(self):
        subprocess.run(['useradd', '--create-home', self.name], check=True, capture_output=True)
        self.entry = pwd.getpwnam(self.name)
        self.env = dict(self.box.env, HOME=self.entry.pw_dir, XDG_RUNTIME_DIR=f'{self.box.dir}/runtime')
        os.makedirs(self.env['XDG_RUNTIME_DIR'], mode=0o700)
        shutil.copy(self.box.act_c, f'{self.box.dir}/act-c')
        shutil.copy(f'{self.box.env["HOME"]}/.gitconfig', self.entry.pw_dir)
        subprocess.run(['chown', '-R', f'{self.name}:', self.box.dir], check=True)
        return self

    def run(self, *command, **kwargs):
        script = f'{TUN}; exec setpriv --reuid={self.name} --regid={self.name} --init-groups "$@"'
        return subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', *command], env=self.env, text=True,
                              cwd=self.box.repo, capture_output=True, timeout=300, **kwargs)

    def configure(self, settings):
        place = f'{self.entry.pw_dir}/.config/containers'
        os.makedirs(place, exist_ok=True)
        with open(f'{place}/containers.conf', 'w', encoding='ascii') as text:
            text.write(settings)
        self.env['XDG_CONFIG_HOME'] = f'{self.entry.pw_dir}/.config'
        subprocess.run(['chown', '-R', f'{self.name}:', f'{self.entry.pw_dir}/.config'], check=True)

    def processes(self):
        return subprocess.run(['pgrep', '-u', self.name], capture_output=True, text=True).stdout.split()

    def __exit__(self, *exc):
        self.run('podman', 'system', 'reset', '--force')
        for _ in range(20):
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            if not self.processes():
                break
            time.sleep(0.1)
        subprocess.run(['userdel', '--remove', self.name], capture_output=True)


def rootless(account, image):
    """Podman with settings that work here, and the image; what is wrong, or None."""
    with open(f'{account.box.dir}/image.tar', 'wb') as out:
        subprocess.run(['docker', 'save', image], stdout=out, check=True)
    os.chmod(f'{account.box.dir}/image.tar', 0o644)
    why = ''
    for settings in podman.settings():
        account.configure(settings)
        loaded = account.run('podman', 'load', '-q', '-i', f'{account.box.dir}/image.tar')
        done = account.run('podman', 'run', '--rm', '--pull=never', '--entrypoint=/bin/true', image)
        if loaded.returncode == 0 and done.returncode == 0:
            return None
        why = loaded.stderr + done.stderr
    return why


def test_rootless_podman(box):
    if os.getuid() != 0 or not (shutil.which('podman') and shutil.which('newuidmap')):
        print('skipped: making a user for rootless podman needs root, podman and uidmap')
        return
    image = 'act-c-test:busybox'
    box.init(WORKFLOW.replace('git rev-parse HEAD | cut -c1-7', 'cat README.md')
             .replace('      - run: test -z "$(git status --porcelain)"\n', ''))
    with Account(box) as account:
        why = rootless(account, image)
        if why:
            print('skipped: rootless podman:', why)
            return
        done = account.run(f'{box.dir}/act-c', 'run', 'push', '--engine', 'podman', '-P', f'ubuntu-latest={image}')
        text = done.stdout + done.stderr
        expect(done.returncode == 0 and 'got-demo' in text, f'exit {done.returncode}: {text}')
        with open(f'{box.repo}/.github/workflows/ci.yml', 'w', encoding='ascii') as text:
            text.write(PODS)
        done = account.run(f'{box.dir}/act-c', 'run', 'push', '--engine', 'podman', '-P', f'ubuntu-latest={image}')
        text = done.stdout + done.stderr
        expect(done.returncode == 0 and 'inside-42' in text and 'outside-42' in text, f'exit {done.returncode}: {text}')
        for what in (['ps', '--all'], ['volume', 'ls']):
            soon(lambda: not account.run('podman', *what, '-q', '--filter=label=act-c.run').stdout,
                 f'left at podman: {what}')
