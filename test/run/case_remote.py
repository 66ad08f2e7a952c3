"""A docker that is somewhere else: a second dockerd with a network and files of its own, where no path of
this machine's /tmp and /home is, reached over TCP on its loopback, by a socket, and by a docker context."""
import os
import shutil
import subprocess

from case_engine import Daemon, as_root
from harness import expect, soon

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


# In place of ssh: the other machine's docker is this one's, told where it is.
SSH = '''#!/bin/sh
while :; do
    case $1 in
        -o | -l | -p) shift 2 ;;
        --) shift 2; break ;;
        -*) shift ;;
        *) shift; break ;;
    esac
done
DOCKER_HOST=%s exec sh -c "$*"
'''

CERTIFICATES = '''cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -subj /CN=ca -days 2
printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >ext
for name in server client; do
    mkdir $name && cp ca.pem $name
    openssl req -newkey rsa:2048 -nodes -keyout $name/key.pem -out request -subj /CN=$name
    openssl x509 -req -in request -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $name/cert.pem -days 2 -extfile ext
done
'''


class Remote(Daemon):
    """Sees neither the client's temporary files nor homes; its first address is a TCP one."""

    def script(self):
        return f'''ip link set lo up
            for d in /tmp /home /root; do mount -t tmpfs none $d; done
            {super().script().replace('--bridge=none', '--bridge=none -H tcp://127.0.0.1:2375 --tls=false')}'''


class Locked(Daemon):
    """Talks over TCP only to who has a certificate."""
    keys = None

    def script(self):
        secure = ' '.join(f'--tls{option}={self.keys}/server/{name}.pem'
                          for option, name in (('cacert', 'ca'), ('cert', 'cert'), ('key', 'key')))
        return f'''ip link set lo up
            {super().script().replace('--bridge=none', f'--bridge=none -H tcp://127.0.0.1:2376 --tlsverify {secure}')}'''


def inside(box, remote):
    """The case's act-c runs in that daemon's network; the files are this machine's all the same."""
    plain = box.command
    pid = as_root('pgrep', '-f', f'dockerd --data-root {remote.dir}').stdout.split()[0]
    enter = ([] if os.getuid() == 0 else ['sudo', '-n', '-E']) + ['nsenter', '-t', pid, '-n']
    box.command = lambda *args, **kwargs: enter + plain(*args, **kwargs)
    return plain


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

        box.write('../bin/ssh', SSH % remote.host, 0o755)
        check(box, box.run('push', '--node', 'tools', image='busybox',
                           env={'DOCKER_HOST': 'ssh://someone@far.example:2222',
                                'PATH': f'{box.dir}/bin:{box.env["PATH"]}'}))

        plain = inside(box, remote)
        check(box, box.run('push', '--node', 'tools', image='busybox', env={'DOCKER_HOST': 'tcp://127.0.0.1:2375'}))
        box.command = plain

        for what in (['ps', '-aq'], ['network', 'ls', '-q', '--filter', 'label=act-c.run'],
                     ['volume', 'ls', '-q', '--filter', 'label=act-c.run']):
            soon(lambda: not remote.docker(*what).stdout, f'left there: {what}')
        expect(not remote.docker('ps', '-q').stderr, 'it does not answer')
    shutil.rmtree(f'{box.dir}/state')        # what is at that engine went with it


def test_remote_daemon_over_tls(box):
    if not all(shutil.which(name, path='/usr/sbin:/sbin:/usr/bin:/bin') for name in ('ip', 'openssl')):
        return
    keys = f'{box.dir}/keys'
    os.makedirs(keys)
    subprocess.run(['sh', '-ec', CERTIFICATES, 'sh', keys], check=True, capture_output=True)
    box.init(WORKFLOW, before=ASK)
    locked = Locked(400)
    locked.keys = keys
    with locked:
        inside(box, locked)
        env = {'DOCKER_HOST': 'tcp://127.0.0.1:2376', 'DOCKER_TLS_VERIFY': '1', 'DOCKER_CERT_PATH': f'{keys}/client'}
        check(box, box.run('push', '--node', 'tools', image='busybox', env=env))
        for lack, word in (('DOCKER_CERT_PATH', 'no such file'), ('DOCKER_TLS_VERIFY', 'HTTP request to an HTTPS server')):
            bare = dict(env, DOCKER_CERT_PATH='/nonexistent') if lack == 'DOCKER_CERT_PATH' else dict(env, DOCKER_TLS_VERIFY='')
            result = box.run('push', '--engine', 'docker', image='busybox', env=bare)
            result.exits(4)
            result.says(word)
    shutil.rmtree(f'{box.dir}/state')
