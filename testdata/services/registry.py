#!/usr/bin/python3
"""A registry of images, as small as docker's push and pull need it: `registry.py PORT [USER:PASSWORD]`."""
import base64
import hashlib
import http.server
import re
import sys

blobs, manifests = {}, {}
WANTED = 'Basic ' + base64.b64encode(sys.argv[2].encode()).decode() if len(sys.argv) > 2 else None


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def say(self, status, body=b'', **headers):
        self.send_response(status)
        for name, value in {'Content_Length': len(body), **headers}.items():
            self.send_header(name.replace('_', '-'), str(value))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def body(self):
        if self.headers.get('Transfer-Encoding', '') != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length', 0)))
        whole = b''
        while size := int(self.rfile.readline().split(b';')[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def give(self, held, what, kind='application/octet-stream'):
        if what not in held:
            return self.say(404, b'{"errors": [{"code": "UNKNOWN"}]}')
        kind, content = held[what] if isinstance(held[what], tuple) else (kind, held[what])
        digest = f'sha256:{hashlib.sha256(content).hexdigest()}'
        return self.say(200, content, Content_Type=kind, Docker_Content_Digest=digest)

    def do_GET(self):
        if WANTED and self.headers.get('Authorization') != WANTED:
            return self.say(401, b'{}', WWW_Authenticate='Basic realm="test"')
        if found := re.fullmatch(r'/v2/(.+)/(blobs|manifests)/([^/]+)', self.path):
            name, kind, what = found.groups()
            return self.give(blobs, what) if kind == 'blobs' else self.give(manifests, (name, what))
        return self.say(200, b'{}', Docker_Distribution_Api_Version='registry/2.0')

    do_HEAD = do_GET

    def do_POST(self):
        where = self.path.split('?')[0].rstrip('/')
        self.body()
        self.say(202, Location=f'{where}/{len(blobs)}', Docker_Upload_UUID='1', Range='0-0')

    def do_PATCH(self):
        blobs[self.path.split('?')[0]] = data = self.body()
        self.say(202, Location=self.path, Docker_Upload_UUID='1', Range=f'0-{len(data) - 1}')

    def do_PUT(self):
        data = self.body()
        if found := re.fullmatch(r'/v2/(.+)/manifests/([^/]+)', self.path):
            name, what = found.groups()
            digest = f'sha256:{hashlib.sha256(data).hexdigest()}'
            for key in (what, digest):
                manifests[name, key] = self.headers['Content-Type'], data
            print(f'pushed {name}:{what}', flush=True)
        else:
            path, digest = re.fullmatch(r'([^?]+)\?.*digest=([^&]+).*', self.path).groups()
            digest = digest.replace('%3A', ':')
            blobs[digest] = blobs.pop(path, b'') + data
        self.say(201, Location=self.path, Docker_Content_Digest=digest)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(('', int(sys.argv[1])), Registry).serve_forever()
