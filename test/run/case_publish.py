"""--publish-services: ports of a workflow's containers on this machine, and only then."""
import http.client
import re
import socket
import urllib.request

from harness import expect, free_port, soon

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
          echo ready-$((40 + 2))
          until test -e /tmp/done; do sleep 0.1; done
'''


def answers(port):
    """Whether a service answers there."""
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=5) as reply:
            return b'Directory listing' in reply.read()
    except (OSError, http.client.HTTPException):
        return False


def test_published(box):
    own, service = free_port(), free_port()
    box.init(WORKFLOW % (own, service))
    child = box.start('--publish-services')
    box.until('ready-42', child)
    found = re.search(r'service web: 8000/tcp -> 127\.0\.0\.1:(\d+)', box.output())
    expect(found, f'no port is told\n{box.output()}')
    for port in (int(found.group(1)), own, service):
        soon(lambda: answers(port), lambda: f'nothing answers at {port}\n{box.output()}')
    with socket.socket() as other:               # not on the machine's other addresses
        other.bind(('127.0.0.2', service))
    child.terminate()
    box.ends(child)


def test_not_published(box):
    own, service = free_port(), free_port()
    box.init(WORKFLOW % (own, service))
    child = box.start()
    box.until('ready-42', child)
    expect(not answers(own) and not answers(service), 'a port is open on this machine')
    child.terminate()
    box.ends(child)


def test_what_is_no_port(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {image: "act-c-test:full", '
             'ports: [80, "host:80"]}\n    steps: [{run: "true"}]\n')
    result = box.run('push')
    result.exits(1)
    result.says('"host:80" of the job\'s container is no port')
