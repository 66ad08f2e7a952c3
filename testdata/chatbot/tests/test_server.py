import json
import os
import threading
import unittest
import urllib.error
import urllib.request

from app import server


class ServerTest(unittest.TestCase):
    """Integration: a real server on a free port."""

    def setUp(self):
        self.http = server.serve(os.environ.get('BOT_ENV', 'dev'), '127.0.0.1', 0)
        thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.http.server_close)
        self.addCleanup(self.http.shutdown)
        self.url = f'http://127.0.0.1:{self.http.server_address[1]}'

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as reply:
            return json.load(reply)

    def chat(self, body):
        request = urllib.request.Request(self.url + '/chat', json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)

    def test_health(self):
        self.assertEqual(self.get('/health')['status'], 'ok')

    def test_version(self):
        self.assertIn('version', self.get('/version'))

    def test_chat(self):
        self.assertEqual(self.chat({'message': 'order 7'})['answer'], 'Order 7 is on its way.')

    def test_bad_request(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.chat({'text': 'no message'})
        self.assertEqual(caught.exception.code, 400)
        caught.exception.close()
