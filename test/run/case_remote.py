"""A docker that is somewhere else: a second dockerd with a network and files of its own, where no path of
this machine's /tmp and /home is, reached over TCP on its loopback, by a socket, and by a docker context."""
import os
import shutil
import subprocess

from case_engine import Daemon, as_root
from harness import expect

WORKFLOW = '''on: push
jobs:
  builds:
    runs-on: ubuntu-latest
    outputs: {text: '${{ steps.read.outputs.text }}'}
    services:
      web: {image: act-c-test:busybox, entrypoint: httpd, command: '-f -p 80 -h /etc', ports: [80]}
    steps:
      - uses: actions/checkout@v4
      - id: read
        run: |
          echo "text=$(cat README.md)" >> "$GITHUB_OUTPUT"
          wget -q -O - "http://localhost:${{ job.services.web.ports['80'] }}/passwd" | grep -q ^root && echo served-$((40 + 2))
      - uses: ./ask
  after:
    needs: builds
    runs-on: ubuntu-latest
    steps: [{run: 'echo got-${{ needs.builds.outputs.text }}'}]
  inside:
    runs-on: ubuntu-latest
    container: act-c-test:busybox
    steps:
      - uses: actions/checkout@v4
      - run: test "$(cat README.md)" = demo && test "$PWD" = /__w/demo/demo && echo inside-$((40 + 2))
'''
SAYS = ('served-42', 'got-demo', 'inside-42', 'asked-42')

# The services are here, not there: the agent must not take a path of this machine for its own.
ASK = r'''mkdir -p tools/bin ask
printf '#!/bin/sh\nexec sh "$@"\n' > tools/bin/node; chmod +x tools/bin/node
printf 'runs: {using: node24, main: main.js}\n' > ask/action.yml
cat > ask/main.js <<'END'
wget -q -O - --header "Authorization: Bearer $ACTIONS_RUNTIME_TOKEN" --header 'Content-Type: application/json' \
  --post-data '{"key":"k","version":"v"}' \
  "${ACTIONS_RESULTS_URL}twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL" |
  grep -q '"ok": *false' && echo "asked-$((40 + 2))"
END
'''


class Remote(Daemon):
    """Sees neither the client's temporary files nor homes; its first address is a TCP one."""

    def script(self):
        return f'''ip link set lo up
            for d in /tmp /home /root; do mount -t tmpfs none $d; done
            {super().script().replace('--bridge=none', '--bridge=none -H tcp://127.0.0.1:2375 --tls=false')}'''


def check(box, result):
    result.exits(0)
    result.says(*SAYS)


def test_remote_daemon(box):
    if not shutil.which('ip', path='/usr/sbin:/sbin:/usr/bin:/bin'):
        return
    box.init(WORKFLOW, before=ASK)
    with Remote(400) as remote:
        check(box, box.run('push', '--node', 'tools', image='busybox', env={'DOCKER_HOST': remote.host}))

        # A context of docker's own, as one for ssh would be.
        config = {'DOCKER_CONFIG': f'{box.dir}/docker'}
        for args in (['create', 'far', '--docker', f'host={remote.host}'], ['use', 'far']):
            subprocess.run(['docker', 'context', *args], env=dict(box.env, **config), check=True, capture_output=True)
        check(box, box.run('push', '--node', 'tools', image='busybox', env=config))

        # Over TCP, from within its network; the client's files are this machine's all the same.
        plain = box.command
        inside = as_root('pgrep', '-f', f'dockerd --data-root {remote.dir}').stdout.split()[0]
        enter = ([] if os.getuid() == 0 else ['sudo', '-n', '-E']) + ['nsenter', '-t', inside, '-n']
        box.command = lambda *args, **kwargs: enter + plain(*args, **kwargs)
        check(box, box.run('push', '--node', 'tools', image='busybox', env={'DOCKER_HOST': 'tcp://127.0.0.1:2375'}))
        box.command = plain

        for what in (['ps', '-aq'], ['network', 'ls', '-q', '--filter', 'label=act-c.run'],
                     ['volume', 'ls', '-q', '--filter', 'label=act-c.run']):
            expect(not remote.docker(*what).stdout, f'left there: {what}')
        expect(not remote.docker('ps', '-q').stderr, 'it does not answer')
    shutil.rmtree(f'{box.dir}/state')        # what is at that engine went with it
