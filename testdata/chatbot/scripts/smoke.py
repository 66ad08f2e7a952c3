#!/usr/bin/env python3
"""What QA would try by hand on staging: smoke.py URL"""
import json
import sys
import urllib.request

EXPECTED = {'hello': 'Hello', 'order 12': 'Order 12 is on its way.', 'what?': 'Sorry'}

for message, beginning in EXPECTED.items():
    request = urllib.request.Request(sys.argv[1] + '/chat', json.dumps({'message': message}).encode())
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer = json.load(reply)['answer']
    if not answer.startswith(beginning):
        sys.exit(f'asked {message!r}, expected {beginning!r}, got {answer!r}')
    print(f'{message}: {answer}')
