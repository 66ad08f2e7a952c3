"""An engine that misbehaves: a container killed or out of memory, a daemon that dies, a full disk."""
import contextlib
import os
import shutil
import subprocess
import tempfile
import time

from harness import PATIENCE, Failure, docker, expect, soon

WAITS = '''on: push
jobs:
  waits:
    runs-on: ubuntu-latest
    steps:
      - name: Waits
        run: |
          echo ready-$((40 + 2))
          sleep 300
      - name: Afterwards
        if: always()
        run: echo NEVER-$((1 + 1))
  other:
    runs-on: ubuntu-latest
    steps: [{run: 'sleep 3; echo other-$((1 + 1))'}]
'''


def as_root(*command, **kwargs):
    sudo = [] if os.getuid() == 0 else ['sudo', '-n']
    return subprocess.run([*sudo, *command], capture_output=True, text=True, **kwargs)


def container_of(box, job):
    """The id of this case's container for a job."""
    for line in docker('ps', '--filter', f'label=act-c.home={box.home_id()}',
                       '--format', '{{.ID}} {{.Names}}').splitlines():
        if job in line:
            return line.split()[0]
    raise Failure(f'no container for {job}')


def test_killed_container_is_reported(box):
    box.init(WAITS)
    child = box.start('push', '--jobs', '2')
    box.until('ready-42', child)
    docker('kill', container_of(box, 'waits'))
    result = box.ends(child)
    result.exits(1)
    result.says('killed', 'other-2')
    result.lacks('NEVER-2')


def test_removed_container_is_reported(box):
    box.init(WAITS)
    child = box.start('push', '--jobs', '2')
    box.until('ready-42', child)
    docker('rm', '-f', container_of(box, 'waits'))
    result = box.ends(child)
    result.exits(1)
    result.says('other-2')


def test_step_out_of_memory_is_reported(box):
    box.init('''on: push
jobs:
  eats:
    runs-on: ubuntu-latest
    steps:
      - name: Eats
        id: eats
        continue-on-error: true
        run: |
          python3 -c 'x = b"x" * 300000000; print(len(x))'
      - run: test '${{ steps.eats.outcome }}' = failure && echo goes-on-$((1 + 1))
''')
    result = box.run('push', '--container-options', '--memory 100m --memory-swap 100m')
    result.exits(0)
    result.says('goes-on-2')
    expect('memory' in result.log.lower(), f'does not speak of memory\n{result.tail()}')


def test_no_network(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n'
             '      - run: test "$(ls /sys/class/net)" = lo\n')
    box.run('push', '--network', 'none').exits(0)
    box.run('push').exits(1)


def test_lost_agent_volume_is_filled_again(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: echo fine-$((1 + 1))}]\n')
    box.run('push').says('fine-2')
    volumes = docker('volume', 'ls', '-q', '--filter', 'label=act-c.cache=agent').split()
    expect(volumes, 'there is no volume labelled act-c.cache=agent')
    for volume in volumes:
        docker('run', '--rm', '-v', f'{volume}:/v', 'act-c-test:busybox', 'sh', '-c', 'rm -rf /v/*')
    box.run('push').says('fine-2')


test_lost_agent_volume_is_filled_again.alone = True


class Daemon:
    """A second dockerd, in a network namespace of its own, with a small disk of its own."""

    def __init__(self, megabytes):
        self.dir = tempfile.mkdtemp(prefix='act-c-dockerd-', dir='/var/tmp')
        self.megabytes = megabytes
        self.host = f'unix://{self.dir}/docker.sock'

    def script(self):
        return f'''mount -t tmpfs -o size={self.megabytes}m tmpfs {self.dir}/data
            exec dockerd --data-root {self.dir}/data --exec-root {self.dir}/exec --pidfile {self.dir}/pid \
            -H {self.host} --group {os.getgid()} --bridge=none --iptables=false --ip-masq=false \
            --containerd-namespace act-c-case --containerd-plugins-namespace act-c-case-plugins'''

    def __enter__(self):
        if as_root('true').returncode != 0:
            raise Failure('a second dockerd needs root or sudo without a password')
        os.makedirs(f'{self.dir}/data')
        sudo = [] if os.getuid() == 0 else ['sudo', '-n']
        with open(f'{self.dir}/log', 'wb') as log:
            self.child = subprocess.Popen(
                [*sudo, 'unshare', '-n', '-m', 'sh', '-c', self.script()], stdout=log, stderr=log,
                env=dict(os.environ, PATH=os.environ['PATH'] + ':/usr/sbin:/sbin'), start_new_session=True)
        try:
            soon(lambda: self.child.poll() is not None or self.docker('version').returncode == 0, self.log)
            with subprocess.Popen(['docker', 'save', 'act-c-test:busybox'], stdout=subprocess.PIPE) as image:
                loaded = self.docker('load', stdin=image.stdout)
            expect(loaded.returncode == 0, f'dockerd: {self.log()}\nload: {loaded.stderr}')
        except BaseException:
            self.__exit__()
            raise
        return self

    def docker(self, *args, **kwargs):
        return subprocess.run(['docker', '-H', self.host, *args], capture_output=True, text=True, **kwargs)

    def log(self):
        with open(f'{self.dir}/log', encoding='utf-8', errors='replace') as text:
            return text.read()[-1500:]

    def processes(self):
        """dockerd, its containerd, shims and containers: by the directory in their command lines."""
        found = as_root('pgrep', '-f', self.dir).stdout.split()
        return [pid for pid in found if pid != str(os.getpid())]

    def kill(self):
        """Everything but the containers at once, as a crash of the machine's daemon would."""
        as_root('kill', '-9', *self.processes())

    def __exit__(self, *exc):
        with contextlib.suppress(Exception):
            self.docker('ps', '-q', timeout=5)
        deadline = time.time() + PATIENCE
        while (pids := self.processes()) and time.time() < deadline:
            as_root('kill', '-9', *pids)
            time.sleep(0.2)
        self.child.wait()
        as_root('umount', '-R', '-l', f'{self.dir}/data')
        as_root('rm', '-rf', self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)


def test_daemon_that_dies_mid_run(box):
    box.init(WAITS)
    with Daemon(200) as daemon:
        child = box.start('push', '-j', 'waits', '--network', 'none', image='busybox',
                          env={'DOCKER_HOST': daemon.host})
        box.until('ready-42', child)
        daemon.kill()
        result = box.ends(child)
        result.exits(1)
        expect('docker' in result.log.lower() or 'engine' in result.log.lower(), 'does not say what was lost')
    shutil.rmtree(f'{box.dir}/state')        # what is at that engine went with it


def test_full_disk_in_the_job(box):
    box.init('''on: push
jobs:
  fills:
    runs-on: ubuntu-latest
    steps:
      - name: Fills
        id: fills
        continue-on-error: true
        run: dd if=/dev/zero of="$RUNNER_TEMP/big" bs=4k
      - name: Cannot start
        id: cannot
        continue-on-error: true
        run: echo any
      - name: After all
        if: always()
        run: 'true'
''')
    with Daemon(60) as daemon:
        result = box.run('push', '--network', 'none', image='busybox', env={'DOCKER_HOST': daemon.host})
        result.exits(0, 1)
        result.says('No space left on device')
        soon(lambda: not daemon.docker('ps', '-aq').stdout, 'containers are left')
    shutil.rmtree(f'{box.dir}/state')


def test_full_disk_here(box):
    """The state directory is full: a reason in words, or a run that goes on without it; no crash."""
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n'
             '      - run: seq 200000\n      - run: echo fine-$((1 + 1))\n')
    script = '''mkdir -p "$XDG_STATE_HOME" && mount -t tmpfs -o size=256k tmpfs "$XDG_STATE_HOME" &&
        exec "$@"'''
    sudo = [] if os.getuid() == 0 else ['sudo', '-n', '-E']
    done = subprocess.run([*sudo, 'unshare', '-m', 'sh', '-c', script, 'sh', *box.command('push')],
                          cwd=box.repo, env=box.env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=2 * PATIENCE)
    expect(done.returncode in (0, 1), f'exit {done.returncode}: {done.stderr[-2000:]}')
    expect('No space left on device' in done.stdout + done.stderr, f'no reason: {done.stderr[-2000:]}')
    if done.returncode == 0:
        expect('fine-2' in done.stdout, 'the run did not go on')


def test_two_runs_at_once(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: sleep 2; echo fine-$((1 + 1))}]\n')
    children = []
    for _ in range(4):
        children.append(subprocess.Popen(box.command('push'), cwd=box.repo, env=box.env, text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT))
    box.children += children
    for child in children:
        out, _ = child.communicate(timeout=2 * PATIENCE)
        expect(child.returncode == 0 and 'fine-2' in out, f'exit {child.returncode}: {out[-1500:]}')
    expect(len(os.listdir(f'{box.dir}/state/act-c/runs')) == 4, 'four run directories')


