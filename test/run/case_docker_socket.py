"""The docker socket of jobs: --docker-socket auto, full, never."""
import os
import re
import subprocess

from harness import docker, expect, soon

WORKFLOW = '''on: push
jobs:
  job:
    runs-on: ubuntu-latest
    env: {OTHER: '%s'}
    steps:
      - uses: actions/checkout@v4
%s
'''
STEP = '      - run: python3 docker/ask.py %s\n'


def run(box, what, *args, **more):
    """With a container of somebody else at the daemon, which must live on."""
    other = subprocess.run(['docker', 'run', '-d', '--rm', 'act-c-test:busybox', 'sleep', '600'],
                           check=True, capture_output=True, text=True).stdout.strip()
    try:
        text = WORKFLOW % (other, ''.join(STEP % w for w in what))
        box.init(text, 'socket.yml', before='cp -r "$ACTC_TESTDATA"/run/docker .')
        result = box.run('push', *args, **more)
        alive = subprocess.run(['docker', 'inspect', '--format={{.State.Running}}', other],
                               capture_output=True, text=True)
        expect(alive.stdout.strip() == 'true', 'a container of somebody else is gone')
        return result
    finally:
        subprocess.run(['docker', 'rm', '-f', other], capture_output=True)


def made():
    listed = subprocess.run(['docker', 'ps', '-aq', '--filter', 'label=act-c.pod'],
                            capture_output=True, text=True).stdout
    names = subprocess.run('docker volume ls -q; docker network ls --format "{{.Name}}"',
                           shell=True, capture_output=True, text=True).stdout
    return listed, names


def test_docker_socket_auto(box):
    result = run(box, ['own', 'refused'])
    result.exits(0)
    result.says('own-42', 'refused-42', '(the job uses the docker socket: what it makes there')
    _, names = made()
    expect('of-a-job' not in names, f'left: {names}')


def test_docker_socket_full(box):
    result = run(box, ['full'], '--docker-socket', 'full')
    result.exits(0)
    result.says('full-42', '(the job uses the docker socket, unfiltered')


def test_docker_socket_never(box):
    box.init('on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n'
             "    steps: [{run: 'test ! -e /var/run/docker.sock'}]\n", 'never.yml')
    result = box.run('push', '--docker-socket', 'never')
    result.exits(0)


CLIENT = """on: push
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          docker version
          docker build -t act-c-test-client docker
          docker run --rm -v "$PWD":/x act-c-test-client cat /x/docker/Dockerfile | grep COPY
          echo piped | docker run -i --rm act-c-test-client cat
          docker run -d --name act-c-test-client act-c-test-client sleep 100
          docker exec act-c-test-client echo "exec-$((40 + 2))"
          docker ps --format '{{.Names}}' | grep -x act-c-test-client
          docker run -d --name act-c-test-web -p 18765:8000 act-c-test:full python3 -m http.server 8000
          for i in $(seq 100); do curl -sf http://localhost:18765/ >/dev/null && break; sleep 0.5; done
          curl -sf http://localhost:18765/ | grep -q 'Directory listing' && echo "port-$((40 + 2))"
          docker rm -f act-c-test-web act-c-test-client
          docker rmi act-c-test-client
          ! docker run --privileged act-c-test-client 2> why
          cat why
"""


def test_docker_client_in_an_image_without_one(box):
    box.init(own(CLIENT), 'client.yml', before='cp -r "$ACTC_TESTDATA"/run/docker .')
    result = box.run('push')
    result.exits(0)
    result.says('exec-42', 'port-42', '(--docker-socket full passes everything)')


def own(workflow):
    """With names that no other test's process gives, nor one that was killed."""
    return re.sub(r'act-c-test-(client|web|killed)', rf'\g<0>-{os.getpid()}', workflow)


KILLED = """on: push
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - run: |
          docker volume create act-c-test-killed
          docker network create act-c-test-killed
          docker run -d --name act-c-test-killed -v act-c-test-killed:/x act-c-test:busybox sleep 300
          echo "made-$((40 + 2))"
          sleep 100
"""


def test_kill_9_takes_what_the_job_made(box):
    box.init(own(KILLED))
    child = box.start()
    box.until('made-42', child)
    child.kill()
    child.wait()
    name = own('act-c-test-killed')

    def left():
        return [what for what in (['ps', '-a'], ['volume', 'ls'], ['network', 'ls'])
                if docker(*what, '-q', '--filter', f'name={name}')]
    soon(lambda: not left(), lambda: f'{left()} outlived act-c')
    box.nothing_left()
