"""What is outside of a run: hosts that are answered for, no egress, proxies, authorities."""
import contextlib
import glob
import http.server
import os
import shutil
import socket
import subprocess
import threading

import harness
from harness import docker, expect

DEPLOY = '''on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
      - run: |
          test "$(curl -sS -o /dev/null -w '%{http_code}' -X POST "https://deploy.example.com/app?v=1" \\
            -H "Authorization: Bearer $TOKEN" -d "token=$TOKEN&size=3")" = 202
          test "$(curl -sS http://deploy.example.com/health)" = "{}"
        env: {TOKEN: "${{ secrets.TOKEN }}"}
      - run: |
          test "$(curl -fsS https://files.example.com/a.json)" = '{"a": 1}'
          test "$(curl -fsS https://files.example.com/)" = index
          test "$(curl -fsS -w '%{content_type}' https://files.example.com/a)" = '{"a": 1}application/json'
          test "$(curl -fsS https://files.example.com/a/)$(curl -fsS https://files.example.com/list)" = '{"a": 1}[]'
          test "$(curl -sS -o /dev/null -w '%{http_code}' https://files.example.com/none)" = 404
          test "$(curl -sS -o /dev/null -w '%{http_code}' --path-as-is https://files.example.com/../private)" = 404
          test "$(curl -sS -o /dev/null -w '%{http_code}' https://files.example.com/link)" = 404
      - run: |
          test "$(curl -fsS -X PUT -H X-Of:us -d body 'https://api.example.com/v1/x?q=a%20b')" = \
            'PUT /base/v1/x?q=a%20b us body'
          curl -fsSD - https://api.example.com/v1/x | grep -i '^x-next: 2'
      - run: |
          python3 -c 'import urllib.request as u; print(u.urlopen("https://deploy.example.com/py").status)'
          node -e 'require("https").get("https://deploy.example.com/js", r => process.exit(r.statusCode != 202))'
      - run: |
          test "$(wc -l < /proc/net/route)" = 1            # nowhere to go
          test "$(curl -sS -o /dev/null -w '%{http_code}' --resolve other.example.com:443:127.0.0.1 -k https://other.example.com/)" = 421
'''

SERVICE = '''    services:
      web: {image: "act-c-test:busybox", ports: ["80"], command: "httpd -f -p 80", options: --network-alias other}
'''
CONTACTS = f'''on: push
jobs:
  out:
    runs-on: ubuntu-latest
{SERVICE}    steps:
      - uses: actions/checkout@v4
      - run: |
          curl -s -o /dev/null http://localhost:${{{{ job.services.web.ports['80'] || 9 }}}}/ || true
          curl -s -o /dev/null http://web/ || true
          curl -s -o /dev/null http://other/ || true
          python3 names.py 192.0.2.9 &
          until grep -q ' 0100007F:0035 ' /proc/net/udp; do sleep 0.1; done
          echo nameserver 127.0.0.1 > /etc/resolv.conf
          tries() {{
            curl -s "$2" &
            while kill -0 $! 2>/dev/null && ! grep -q " $1 02 " /proc/net/tcp; do sleep 0.1; done
            kill $! 2>/dev/null || true
          }}
          tries 090200C0:01BB https://Deploy.example.com/
          tries 0A0200C0:1F90 http://192.0.2.10:8080/
'''
NAMES = '''import socket, sys
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
while True:
    asked, who = names.recvfrom(512)
    question = asked[12:asked.index(0, 12) + 5]
    wanted = question[-4:-2] == bytes([0, 1])
    record = bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]) + socket.inet_aton(sys.argv[1])
    names.sendto(asked[:2] + bytes([0x81, 0x80, 0, 1, 0, wanted, 0, 0, 0, 0]) + question + record * wanted, who)
'''


class Server(http.server.ThreadingHTTPServer):
    """Says what it was asked, and remembers it."""

    def __init__(self, address='127.0.0.1'):
        self.asked = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()
                server.asked.append((self.command, self.path, dict(self.headers)))
                text = f'{self.command} {self.path} {self.headers.get("X-Of")} {body}'.encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(text)))
                self.send_header('X-Next', '2')
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, *args):
                pass

        self.address_family = socket.AF_INET6 if ':' in address else socket.AF_INET
        super().__init__((address, 0), Handler)

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self.server_address[1]
        finally:
            self.shutdown()
            self.server_close()


def kept(box):
    """What was sent to stand-ins in the newest run, in order."""
    texts = []
    for path in sorted(glob.glob(f'{box.dir}/state/act-c/runs/*/stand-ins/*')):
        with open(path, encoding='utf-8') as text:
            texts.append(text.read())
    return texts


def test_stand_ins(box):
    box.init(DEPLOY)
    os.makedirs(f'{box.dir}/files/list')
    for name, text in (('files/a.json', '{"a": 1}'), ('files/list/index.json', '[]'), ('files/index.html', 'index'), ('private', 'private')):
        with open(f'{box.dir}/{name}', 'w', encoding='ascii') as out:
            out.write(text)
    os.symlink('../private', f'{box.dir}/files/link')
    with Server().running() as port:
        result = box.run('--egress', 'none', '-s', 'TOKEN=t0p-s3cret', '--approve', 'all',
                         '--stand-in', 'deploy.example.com=202', '--stand-in', f'files.example.com={box.dir}/files',
                         '--stand-in', f'api.example.com=http://127.0.0.1:{port}/base')
    result.exits(0)
    result.says('stand-in: POST https://deploy.example.com/app was answered with 202')
    result.lacks('t0p-s3cret')
    sent = kept(box)
    expect(sent[0].startswith('POST https://deploy.example.com/app?v=1\n'), sent[0])
    expect('Authorization: Bearer ***\n' in sent[0] and sent[0].endswith('\ntoken=***&size=3'), sent[0])
    expect(any(text.startswith('PUT https://api.example.com/v1/x?q=a%20b\n') for text in sent), sent)


def test_what_a_step_masks_is_masked_at_stand_ins(box):
    box.init('''on: push
jobs:
  notify:
    runs-on: ubuntu-latest
    steps:
      - run: |
          early=$(echo 1ylrae | rev)-t0ken late=$(echo etal | rev)-pa55
          curl -sS -o /dev/null https://hooks.example.com/services/$late
          echo "::add-mask::$early"
          curl -sS -o /dev/null -H "X-Key: $early" -d "$early" https://hooks.example.com/services/$early
          echo "::add-mask::$late"
      - run: curl -sS -o /dev/null https://hooks.example.com/services/$(echo 1ylrae | rev)-t0ken
''')
    result = box.run('-v', '--stand-in', 'hooks.example.com=200')
    result.exits(0)
    result.lacks('early1-t0ken')
    result.says('stand-in: GET https://hooks.example.com/services/*** was answered with 200')
    sent = kept(box)
    expect(len(sent) == 3 and all('/services/***\n' in text for text in sent), sent)
    expect('X-Key: ***\n' in sent[1] and sent[1].endswith('\n***'), sent)


def test_stand_ins_in_the_sandbox(box):
    box.init(DEPLOY.split('      - uses')[0] + '''      - run: |
          test "$(curl -sS https://deploy.example.com/)" = "{}"
          test "$(wc -l < /proc/net/route)" = 1
''')
    result = box.run('--engine', 'sandbox', '--egress', 'none', '--approve', 'all', '--stand-in',
                     'deploy.example.com=200', image=None)
    if result.status == 4:
        print('skipped: the sandbox cannot be used here')
        return
    result.exits(0)
    expect(len(kept(box)) == 1, kept(box))


def test_services_without_egress(box):
    box.init('''on: push
jobs:
  serve:
    runs-on: ubuntu-latest
    services:
      web: {image: "act-c-test:busybox", ports: ["80"], command: "httpd -f -p 80"}
    steps:
      - run: |
          until curl -s -o /dev/null http://localhost:${{ job.services.web.ports['80'] }}/; do sleep 0.1; done
          gateway=$(awk '$2 == "00000000" {print $3}' /proc/net/route)
          gateway=$(printf %d.%d.%d.%d 0x${gateway:6:2} 0x${gateway:4:2} 0x${gateway:2:2} 0x${gateway:0:2})
          for host in $gateway 172.17.0.1; do
            test "$(curl -s -m 2 -o /dev/null -w '%{http_code}' http://$host:$PORT/)" = 000
          done
          ! grep eth0 /proc/net/if_inet6
          ! getent hosts example.com
          echo "reached-$((40 + 2))"
          until test -e /tmp/go; do sleep 0.1; done
''')
    # Whatever listens on this machine is outside too.
    with Server('0.0.0.0').running() as port:
        child = box.start('--egress', 'none', '--env', f'PORT={port}')
        box.until('reached-42', child)
        network = next(word.split()[1] for word in box.at_engine() if word.startswith('network'))
        expect(docker('network', 'inspect', '-f', '{{.Internal}}', network) == 'true', 'the network is not internal')
        # The daemon's name server would ask this machine's.
        for container in [word.split()[1] for word in box.at_engine() if word.startswith('container')]:
            asked = docker('inspect', '-f', '{{.HostConfig.Dns}}', container)
            expect(asked == '[127.0.0.1]', f'{container} asks {asked} for names')
        job = docker('ps', '-q', '--filter', f'label=act-c.home={box.home_id()}', '--filter', 'ancestor=act-c-test:full')
        docker('exec', job, 'touch', '/tmp/go')
        box.ends(child).exits(0)


def test_builds_without_egress(box):
    box.init('''on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{uses: actions/checkout@v4}, {uses: ./act}]
''')
    box.write('act/action.yml', 'name: x\ndescription: x\nruns: {using: docker, image: Dockerfile}\n')
    box.write('act/Dockerfile', f'''FROM act-c-test:busybox
RUN echo {os.path.basename(box.dir)}; test "$(wc -l < /proc/net/route)" = 1
ENTRYPOINT ["true"]
''')
    result = box.run()
    result.exits(1)
    result.says('Docker build failed with exit code')
    box.run('--egress', 'none').exits(0)


def test_services_are_not_asked_by_proxy(box):
    box.init(f'''on: push
jobs:
  ask:
    runs-on: ubuntu-latest
{SERVICE}    steps: [{{run: 'until curl -s -o /dev/null http://web/; do sleep 0.1; done;
      test "$(curl -s -o /dev/null -w "%{{http_code}}" http://web/)" = 404; echo $no_proxy'}}]
''')
    result = box.run(env={'http_proxy': 'http://proxy.example.com:1', 'no_proxy': ''})
    result.exits(0)
    result.says('localhost,127.0.0.1,::1,web')


def test_contacts(box):
    '''A name server of the job's own says where the hosts are, and nobody is there.'''
    box.init(CONTACTS)
    box.write('names.py', NAMES)
    result = box.run('--json')
    result.exits(0)
    hosts = result.events('job.contacted')[0]['hosts']
    expect(hosts == [{'host': 'deploy.example.com', 'address': '192.0.2.9', 'port': 443, 'protocol': 'tcp'},
                     {'host': '192.0.2.10', 'address': '192.0.2.10', 'port': 8080, 'protocol': 'tcp'}], hosts)
    box.run().says('Contacted: deploy.example.com, 192.0.2.10:8080')
    result = box.run('--egress', 'none')
    result.lacks('Contacted')


def test_contacts_in_the_sandbox(box):
    '''It looks with a socket from before the inner namespace.'''
    box.init(CONTACTS.replace(SERVICE, ''))
    box.write('names.py', NAMES)
    result = box.run('--engine', 'sandbox', '--network', 'none', '--json', image=None)
    if result.status == 4:
        print('skipped: the sandbox cannot be used here')
        return
    result.exits(0)
    seen = result.events('job.contacted')[0]
    expect(seen['hosts'] == [] and 'unseen' not in seen, seen)


def test_environment_without_egress(box):
    box.init('''on: push
jobs:
  closed:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: 'test "$(wc -l < /proc/net/route)" = 1 && test -z "$http_proxy"'}]
  open:
    runs-on: ubuntu-latest
    environment: staging
    steps: [{run: 'test "$(wc -l < /proc/net/route)" != 1 && test -n "$http_proxy"'}]
''')
    box.write('.github/act-c.yml', 'environments:\n  production: {egress: none}\n  staging: {egress: open}\n')
    box.run('--approve', 'all', env={'http_proxy': 'http://proxy.example.com:1'}).exits(0)
    box.write('.github/act-c.yml', 'environments:\n  production: {egress: half}\n')
    box.run('--approve', 'all').exits(3)


def test_proxy_and_authorities(box):
    box.init('''on: push
jobs:
  out:
    runs-on: ubuntu-latest
    steps:
      - run: |
          test "$(curl -sS http://nowhere.example.com/x)" = "GET http://nowhere.example.com/x None "
          echo "$http_proxy $HTTPS_PROXY $NO_PROXY"
          grep -q 'not a real one' "$SSL_CERT_FILE"
          test "$NODE_EXTRA_CA_CERTS" = "$SSL_CERT_FILE"
      - run: test "$SSL_CERT_FILE" = mine
        env: {SSL_CERT_FILE: mine}
''')
    with open(f'{box.dir}/ca.pem', 'w', encoding='ascii') as out:
        out.write('-----BEGIN CERTIFICATE-----\nnot a real one\n-----END CERTIFICATE-----\n')
    server = Server()
    with server.running() as port:
        proxy = f'http://user:pr0xy-pass@127.0.0.1:{port}'
        env = {'http_proxy': proxy, 'HTTPS_PROXY': proxy, 'no_proxy': 'intern.example.com'}
        result = box.run('--ca-bundle', f'{box.dir}/ca.pem', env=env)
    result.exits(0)
    result.says(f'http://user:***@127.0.0.1:{port} http://user:***@127.0.0.1:{port} '
                'intern.example.com,localhost,127.0.0.1,::1')
    expect(server.asked[0][1] == 'http://nowhere.example.com/x', server.asked)
    expect(server.asked[0][2].get('Proxy-Authorization'), server.asked)


def test_proxies_at_other_addresses_of_this_machine(box):
    box.init('''on: push
jobs:
  out:
    runs-on: ubuntu-latest
    steps: [{run: 'test "$(curl -sS http://nowhere.example.com/x)" = "GET http://nowhere.example.com/x None "'}]
''')
    for address, name in ('::1', '[::1]'), ('127.0.0.5', '127.0.0.5'):
        try:
            server = Server(address)
        except OSError:
            print(f'skipped: there is no {address} here')
            continue
        with server.running() as port:
            box.run(env={'http_proxy': f'http://{name}:{port}'}).exits(0)


def test_github_is_asked_aside(box):
    """Somebody listens in GitHub's place and never answers; caches are served meanwhile."""
    box.init('''on: push
permissions: {id-token: write, contents: read}
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          origin=$(echo "$ACTIONS_ID_TOKEN_REQUEST_URL" | cut -d/ -f1-3)
          curl -s -H "Authorization: token ${{ github.token }}" "$origin/api/repos/octo/demo/issues" &
          sleep 1
          FAKE=x timeout 25 python3 protocol.py caches
''')
    shutil.copy(f'{harness.ROOT}/testdata/services/protocol.py', box.repo)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        proxy = f'http://127.0.0.1:{silent.getsockname()[1]}'
        result = box.run('-s', 'GITHUB_TOKEN=ghp_really', '--ca-bundle', 'none', env={'https_proxy': proxy})
        silent.settimeout(0)
        silent.accept()[0].close()
    result.exits(0)
    result.says('caches-fine')


def test_no_authorities(box):
    box.init('''on: push
jobs:
  out:
    runs-on: ubuntu-latest
    steps: [{run: 'test -z "$SSL_CERT_FILE$NODE_EXTRA_CA_CERTS$http_proxy"'}]
''')
    clean = {name: '' for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY')}
    box.run('--ca-bundle', 'none', env=clean).exits(0)


def test_killed_run_leaves_no_server(box):
    box.init('''on: push
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -sS http://deploy.example.com/
          echo "asked-$((40 + 2))"
          sleep 60
''')
    child = box.start('--stand-in', 'deploy.example.com=200')
    box.until('asked-42', child)
    child.kill()
    child.wait()
    box.nothing_left()


def test_refusals(box):
    box.init(DEPLOY)
    for wrong in ('deploy.example.com', 'a b=200', 'x=999', 'x=/no/such/directory', 'localhost=200', '=200'):
        result = box.run('--stand-in', wrong)
        result.exits(2)
        result.says('--stand-in')
    box.run('--egress', 'none', '--network', 'bridge').exits(2)
    box.run('--egress', 'none', '--engine', 'host').exits(2)
    box.run('--ca-bundle', f'{box.dir}/none.pem').exits(2)
    box.write('.actrc', '--egress open\n--stand-in example.com=200\n')
    done = subprocess.run([box.act_c, 'plan', '--egress', 'none'], cwd=box.repo, env=box.env, capture_output=True,
                          text=True)
    expect(done.stderr.count('.actrc') == 2 and done.returncode == 0, done.stderr)
