"""The HTTP side: GET /health, GET /version, POST /chat. Start: python3 -m app.server --env dev"""
import argparse
import http.server
import json
import pathlib

from app import bot, config

ROOT = pathlib.Path(__file__).resolve().parent.parent


def version(root=ROOT):
    """The commit that the release was made of; a working tree has none."""
    path = root / 'VERSION'
    return path.read_text(encoding='ascii').strip() if path.exists() else 'unreleased'


class Handler(http.server.BaseHTTPRequestHandler):
    settings = None

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == '/health':
            self.reply(200, {'status': 'ok', 'environment': self.settings.environment})
        elif self.path == '/version':
            self.reply(200, {'version': version()})
        else:
            self.reply(404, {'error': 'not found'})

    def do_POST(self):
        if self.path != '/chat':
            self.reply(404, {'error': 'not found'})
            return
        try:
            length = int(self.headers.get('Content-Length', 0))
            message = json.loads(self.rfile.read(length))['message']
            self.reply(200, {'answer': bot.answer(message, self.settings)})
        except bot.TooLong as fault:
            self.reply(413, {'error': str(fault)})
        except (KeyError, TypeError, ValueError):
            self.reply(400, {'error': 'expected {"message": "…"}'})

    def log_message(self, format, *args):
        if self.settings.log_chats:
            super().log_message(format, *args)


def serve(environment, host, port, directory=ROOT):
    """A server that listens; the caller runs serve_forever()."""
    handler = type('Bound', (Handler,), {'settings': config.load(environment, directory)})
    return http.server.ThreadingHTTPServer((host, port), handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--env', choices=config.ENVIRONMENTS, default='dev')
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=8000)
    args = parser.parse_args()
    serve(args.env, args.host, args.port).serve_forever()


if __name__ == '__main__':
    main()
