"""--publish-services: ports of a workflow's containers on this machine, and only then."""
import re
import socket
import time
import urllib.request

from harness import expect

WORKFLOW = '''on: push
jobs:
  serve:
    runs-on: ubuntu-latest
    container:
      image: act-c-test:full
      ports: ['%d:8000']
    services:
      web:
        image: act-c-test:full
        ports: [8000, '0.0.0.0:%d:9000/tcp']
        entrypoint: sh
        command: -c "python3 -m http.server 8000 & exec python3 -m http.server 9000"
    steps:
      - run: |
          python3 -m http.server 8000 > /dev/null 2>&1 &
          sleep 0.5
          echo ready-$((40 + 2))
          for i in $(seq 200); do test -e /tmp/done && break; sleep 0.1; done
'''


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def answers(port, seconds=0):
    """Whether a service answers there, which may take that long to come up."""
    deadline = time.time() + seconds
    while True:
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=5) as reply:
                return b'Directory listing' in reply.read()
        except OSError:
            if time.time() >= deadline:
                return False
            time.sleep(0.1)


def test_published(box):
    own, service = free_ports(2)
    box.init(WORKFLOW % (own, service))
    child = box.start('--publish-services')
    box.until('ready-42', child)
    found = re.search(r'service web: 8000/tcp -> 127\.0\.0\.1:(\d+)', box.output())
    expect(found, f'no port is told\n{box.output()}')
    for port in (int(found.group(1)), own, service):
        expect(answers(port, 15), f'nothing answers at {port}\n{box.output()}')
    with socket.socket() as other:               # not on the machine's other addresses
        other.bind(('127.0.0.2', service))
    child.terminate()
    box.ends(child, 30)


def test_not_published(box):
    own, service = free_ports(2)
    box.init(WORKFLOW % (own, service))
    child = box.start()
    box.until('ready-42', child)
    expect(not answers(own) and not answers(service), 'a port is open on this machine')
    child.terminate()
    box.ends(child, 30)


def test_what_is_no_port(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {image: "act-c-test:full", '
             'ports: [80, "host:80"]}\n    steps: [{run: "true"}]\n')
    result = box.run('push')
    result.exits(1)
    result.says('"host:80" of the job\'s container is no port')
