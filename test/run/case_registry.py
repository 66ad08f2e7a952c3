"""`docker push localhost:5000/…` in a job: a registry that is a service, as on GitHub."""
import shutil
import socket
import subprocess

import harness
from harness import docker, expect, free_port

IMAGE = 'act-c-test-registry'
PUSH = '''on: push
jobs:
  push:
    runs-on: ubuntu-latest
    strategy: {matrix: {leg: [1, 2]}}
    services:
      registry:
        image: act-c-test-registry
        ports: ["PORT:5000"]
        options: --health-cmd "curl -s localhost:5000" --health-interval 1s
    steps:
      - run: |
          echo pass | docker login -u user --password-stdin localhost:PORT
          docker tag act-c-test:busybox localhost:PORT/leg/${{ matrix.leg }}:1
          docker push localhost:PORT/leg/${{ matrix.leg }}:1
          docker image inspect -f '{{.RepoDigests}}' localhost:PORT/leg/${{ matrix.leg }}:1 |
            grep localhost:PORT/leg/${{ matrix.leg }}@sha256:
          docker image rm localhost:PORT/leg/${{ matrix.leg }}:1 || true
          docker pull localhost:PORT/leg/${{ matrix.leg }}:1
          docker run --rm localhost:PORT/leg/${{ matrix.leg }}:1 echo "it runs"
      - run: |
          ! docker pull localhost:OTHER/x 2>&1 | tee said
          grep 'no service or container of the job has this port' said
      - if: always()
        run: docker image rm localhost:PORT/leg/${{ matrix.leg }}:1 || true
'''


def make_image(box):
    shutil.copy(f'{harness.ROOT}/testdata/services/registry.py', box.dir)
    with open(f'{box.dir}/Dockerfile', 'w', encoding='ascii') as out:
        out.write('FROM act-c-test:full\nCOPY registry.py /\nCMD ["python3", "/registry.py", "5000", "user:pass"]\n')
    docker('build', '-q', '-t', IMAGE, box.dir)


def test_push_to_a_service(box):
    port, other = free_port(), free_port()
    make_image(box)
    box.init(PUSH.replace('PORT', str(port)).replace('OTHER', str(other)))
    try:
        result = box.run(image='full')
        result.exits(0)
        expect(result.log.count('pushed leg/') == 2, 'not each leg pushed to its own registry')
        with socket.create_server(('127.0.0.1', port)):
            result = box.run()
        result.exits(1)
        result.says(f'localhost:{port}, where the daemon would look for the service registry, cannot be listened on')
    finally:
        for leg in 1, 2:
            subprocess.run(['docker', 'image', 'rm', f'localhost:{port}/leg/{leg}:1'], capture_output=True)
        subprocess.run(['docker', 'image', 'rm', IMAGE], capture_output=True)
