#!/usr/bin/env python3
"""Stand-ins for what a rehearsal must not touch: two deployment targets and a notification channel.

usage: server.py --host ADDRESS --token TOKEN      prints {"staging": URL, "production": URL, "sink": URL}

A target takes a release by POST /deploy (bearer token, digest), unpacks it, starts the chatbot that is in
it and only when that is healthy lets it take over (blue/green); everything else is passed on to the
release that serves. The sink keeps what is posted to it and lists it at GET /messages."""
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


class Target:
    """One environment: the release that serves, as a process on a port of its own."""

    def __init__(self, environment, token, directory):
        self.environment, self.token, self.directory = environment, token, directory
        self.lock = threading.Lock()
        self.process = self.port = None
        self.count = 0

    def start(self, data):
        self.count += 1
        home = pathlib.Path(self.directory, f'{self.environment}-{self.count}')
        home.mkdir()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(home, filter='data') if hasattr(tarfile, 'data_filter') else tar.extractall(home)
        port = free_port()
        process = subprocess.Popen([sys.executable, '-m', 'app.server', '--env', self.environment, '--port',
                                    str(port)], cwd=home, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(50):
            try:
                with urllib.request.urlopen(f'http://127.0.0.1:{port}/health', timeout=1):
                    return process, port
            except OSError:
                time.sleep(0.1)
        process.kill()
        process.wait()
        raise ValueError('the release does not become healthy')

    def deploy(self, headers, data):
        if headers.get('Authorization') != f'Bearer {self.token}':
            return 401, {'error': 'wrong token'}
        if headers.get('X-Sha256') != hashlib.sha256(data).hexdigest():
            return 400, {'error': 'the digest does not fit the release'}
        with self.lock:
            try:
                process, port = self.start(data)
            except (ValueError, OSError, tarfile.TarError) as fault:
                return 422, {'error': str(fault)}
            self.stop()
            self.process, self.port = process, port
        return 200, {'deployed': headers.get('X-Release')}

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def forward(self, path, data):
        if self.process is None:
            return (200, {'version': 'none'}) if path == '/version' else (503, {'error': 'nothing deployed'})
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.port}{path}', data, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as fault:
            return fault.code, fault.read()

    def handler(target):
        class Bound(Handler):
            def do_GET(self):
                self.reply(*target.forward(self.path, None))

            def do_POST(self):
                data = self.body()
                self.reply(*(target.deploy(self.headers, data) if self.path == '/deploy'
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
    args = parser.parse_args()
    directory = tempfile.mkdtemp(prefix='stand-ins-')
    targets = [Target(name, args.token, directory) for name in ('staging', 'production')]
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
