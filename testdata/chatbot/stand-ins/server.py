#!/usr/bin/env python3
"""Stand-ins for what a rehearsal must not touch: two deployment targets and a notification channel.

usage: server.py --host ADDRESS --token TOKEN [--production-token TOKEN]
       prints {"staging": URL, "production": URL, "sink": URL}

A target has two colours, and one of them is live. POST /deploy (bearer token, digest) unpacks a release
and starts the chatbot that is in it in the other colour, which answers below /candidate; POST /switch
{"tag"} makes it live, POST /rollback {"tag"} any release that came before. GET /releases tells what is
where; everything else is passed on to the release that is live. The sink keeps what is posted to it and
lists it at GET /messages."""
import argparse
import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request


class Handler(http.server.BaseHTTPRequestHandler):
    def reply(self, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return self.rfile.read(int(self.headers.get('Content-Length', 0)))

    def log_message(self, format, *args):
        pass


class Release:
    """A process that serves one release on a port of its own."""

    def __init__(self, target, tag, data):
        self.tag, self.version = tag, target.releases[tag][0]
        target.count += 1
        home = pathlib.Path(target.directory, f'{target.environment}-{target.count}')
        home.mkdir()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(home, filter='data') if hasattr(tarfile, 'data_filter') else tar.extractall(home)
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'app.server', '--env', target.environment, '--port', str(self.port)], cwd=home,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(400):
            try:
                with urllib.request.urlopen(f'http://127.0.0.1:{self.port}/health', timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise ValueError('the release does not become healthy')

    def stop(self):
        self.process.kill()
        self.process.wait()


class Target:
    """One environment: two colours, each with a release or none, and one of them live."""

    def __init__(self, environment, token, directory):
        self.environment, self.token, self.directory = environment, token, directory
        self.lock = threading.Lock()
        self.colours = {'blue': None, 'green': None}
        self.live = 'green'                  # the first release goes to blue
        self.releases = {}                   # every one that came, by tag: (version, data)
        self.count = 0

    def idle(self):
        return 'green' if self.live == 'blue' else 'blue'

    def start(self, tag):
        """In the colour that is not live, in place of what is there."""
        colour = self.idle()
        if self.colours[colour]:
            self.colours[colour].stop()
            self.colours[colour] = None
        self.colours[colour] = Release(self, tag, self.releases[tag][1])
        return colour

    def deploy(self, headers, data):
        if headers.get('X-Sha256') != hashlib.sha256(data).hexdigest():
            return 400, {'error': 'the digest does not fit the release'}
        tag = f'release-{headers.get("X-Release", "")[:12]}'
        previous = self.colours[self.live]
        self.releases[tag] = (headers.get('X-Release'), data)
        try:
            colour = self.start(tag)
        except (ValueError, OSError, tarfile.TarError) as fault:
            return 422, {'error': str(fault)}
        return 200, {'tag': tag, 'colour': colour, 'previous': previous.tag if previous else ''}

    def switch(self, tag):
        release = self.colours[self.idle()]
        if release is None or release.tag != tag:
            return 409, {'error': f'{tag} is not in {self.idle()}'}
        self.live = self.idle()
        return 200, {'colour': self.live, 'version': release.version}

    def rollback(self, tag):
        if tag not in self.releases:
            return 404, {'error': f'there was no {tag}'}
        release = self.colours[self.idle()]
        if release is None or release.tag != tag:
            self.start(tag)
        return self.switch(tag)

    def order(self, path, headers, data):
        if headers.get('Authorization') != f'Bearer {self.token}':
            return 401, {'error': 'wrong token'}
        with self.lock:
            if path == '/deploy':
                return self.deploy(headers, data)
            tag = json.loads(data)['tag']
            return self.switch(tag) if path == '/switch' else self.rollback(tag)

    def stop(self):
        for release in filter(None, self.colours.values()):
            release.stop()

    def forward(self, path, data):
        candidate = path.startswith('/candidate/')
        release = self.colours[self.idle() if candidate else self.live]
        path = path.removeprefix('/candidate')
        if release is None:
            return (200, {'version': 'none'}) if path == '/version' else (503, {'error': 'nothing deployed'})
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{release.port}{path}', data, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as fault:
            return fault.code, fault.read()

    def state(self):
        return {'live': self.live, 'known': list(self.releases),
                **{colour: release and release.tag for colour, release in self.colours.items()}}

    def handler(target):
        class Bound(Handler):
            def do_GET(self):
                self.reply(*((200, target.state()) if self.path == '/releases'
                             else target.forward(self.path, None)))

            def do_POST(self):
                data = self.body()
                self.reply(*(target.order(self.path, self.headers, data)
                             if self.path in ('/deploy', '/switch', '/rollback')
                             else target.forward(self.path, data)))
        return Bound


def sink_handler(messages):
    class Bound(Handler):
        def do_GET(self):
            self.reply(200, messages)

        def do_POST(self):
            messages.append(json.loads(self.body()))
            self.reply(200, {'kept': len(messages)})
    return Bound


def free_port():
    with http.server.HTTPServer(('127.0.0.1', 0), Handler) as server:
        return server.server_address[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--token', required=True)
    parser.add_argument('--production-token', help='of that target, if it has one of its own')
    args = parser.parse_args()
    directory = tempfile.mkdtemp(prefix='stand-ins-')
    tokens = {'staging': args.token, 'production': args.production_token or args.token}
    targets = [Target(name, token, directory) for name, token in tokens.items()]
    handlers = {t.environment: t.handler() for t in targets}
    handlers['sink'] = sink_handler([])
    servers = {name: http.server.ThreadingHTTPServer((args.host, 0), handler)
               for name, handler in handlers.items()}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({name: f'http://{args.host}:{server.server_address[1]}'
                      for name, server in servers.items()}), flush=True)
    try:
        sys.stdin.read()                     # until whoever started this closes its end
    except KeyboardInterrupt:
        pass
    finally:
        for target in targets:
            target.stop()
        shutil.rmtree(directory, ignore_errors=True)
        os._exit(0)


if __name__ == '__main__':
    main()
