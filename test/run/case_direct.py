"""The channel's own socket: taken where the daemon sees this machine's files, out of the job's reach, and
no reason for a container to outlive whoever started it."""
import glob
import os
import shutil
import signal

import case_podman
from case_engine import container_of
from case_remote import Remote
from harness import NOTICED, docker, expect, soon

MEGABYTES = 20
PRINTS = f'''on: push
jobs:
  prints:
    runs-on: ubuntu-latest
    steps:
      - name: Prints
        run: |
          yes a-line-of-output | head -c {MEGABYTES}000000
          echo; echo ready-$((40 + 2))
          sleep 300
'''
REACHES = '''on: push
jobs:
  reaches:
    runs-on: ubuntu-latest
    steps:
      - name: Nothing listens
        shell: python
        run: |
          import errno, os, socket, stat
          near = '/.act-c-near'
          assert os.getuid() == 0
          assert os.listdir(near) == ['services'], os.listdir(near)
          def refused(what, *numbers):
              try:
                  what()
              except OSError as error:
                  assert error.errno in numbers, error
              else:
                  raise SystemExit('was not refused')
          s = socket.socket(socket.AF_UNIX)
          refused(lambda: s.connect(near + '/channel'), errno.ENOENT)
          refused(lambda: os.unlink(near + '/services'), errno.EROFS)
          refused(lambda: s.bind(near + '/channel'), errno.EROFS)
          refused(lambda: os.rename(near, '/elsewhere'), errno.EBUSY)
          sockets = [fd for fd in os.listdir('/proc/1/fd') if os.readlink('/proc/1/fd/' + fd).startswith('socket:')]
          assert sockets, 'the channel is no socket'
          for fd in sockets:
              refused(lambda: os.open('/proc/1/fd/' + fd, os.O_RDWR), errno.ENXIO)
      - name: What is written there is nobody's
        run: |
          echo garbage > /proc/1/fd/1
          head -c 1000000 /dev/zero > /proc/1/fd/1
          echo garbage > /proc/1/fd/0
          echo fine-$((40 + 2))
'''


def client_of(box):
    """The pid of this case's `docker run`, or `podman run`."""
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            with open(path, 'rb') as line, open(path.replace('cmdline', 'environ'), 'rb') as environ:
                if (line.read().startswith(f'{box.engine}\0run\0'.encode())
                        and box.env['XDG_STATE_HOME'].encode() in environ.read()):
                    return int(path.split('/')[2])
        except OSError:
            pass
    return None


def passed_client(box, **kwargs):
    """How many bytes the client wrote while a step printed MEGABYTES."""
    child = box.start('push', **kwargs)
    box.until('ready-42', child)
    with open(f'/proc/{client_of(box)}/io', encoding='ascii') as fields:
        written = int(dict(line.split(': ') for line in fields)['wchar'])
    child.terminate()
    box.ends(child)
    return written


def test_output_passes_no_daemon_that_is_near(box):
    box.init(PRINTS)
    written = passed_client(box)
    expect(written < 1_000_000, f'{written} bytes of {MEGABYTES} MB went through docker')


def test_output_passes_no_podman(box):
    if case_podman.ready(box, case_podman.IMAGE):
        box.init(PRINTS)
        written = passed_client(box)
        expect(written < 1_000_000, f'{written} bytes of {MEGABYTES} MB went through podman')


def test_output_passes_a_daemon_that_is_far(box):
    """Its socket is here, but it does not see this machine's /tmp."""
    box.init(PRINTS)
    with Remote(200) as remote:
        written = passed_client(box, image='busybox', env={'DOCKER_HOST': remote.host})
        expect(written > MEGABYTES * 1_000_000, f'only {written} bytes went through docker')
    shutil.rmtree(f'{box.dir}/state')        # what is at that engine went with it


def test_root_of_a_job_cannot_reach_the_channel(box):
    box.init(REACHES)
    result = box.run('push')
    result.exits(0)
    result.says('fine-42')
    result.lacks('garbage\n')


def test_container_goes_with_its_client(box):
    box.init(PRINTS)
    child = box.start('push')
    box.until('ready-42', child)
    name = container_of(box, 'prints')
    os.kill(client_of(box), signal.SIGKILL)
    box.ends(child).exits(1)
    soon(lambda: not docker('ps', '-q', '--no-trunc', '--filter', f'id={name}'), 'the container still runs', NOTICED)


# As the client says it of a daemon of another user (docker without root), which may not look into ours.
FORBIDDEN = '''#!/bin/sh
for word; do
    case $word in --mount=type=bind*/near-*)
        echo "docker: Error response from daemon: invalid mount config for type \\"bind\\": stat $word: permission denied." >&2
        exit 126 ;;
    esac
done
exec %s "$@"
'''


def test_a_daemon_that_may_not_look_into_our_directory(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: echo fine-$((40 + 2))}]\n')
    box.write('../bin/docker', FORBIDDEN % shutil.which('docker'), 0o755)
    result = box.run('push', '-v', image='busybox', env={'PATH': f'{box.dir}/bin:{box.env["PATH"]}'})
    result.exits(0)
    result.says('fine-42')
    result.lacks('reached directly')
