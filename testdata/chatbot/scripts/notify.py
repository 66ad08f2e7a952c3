#!/usr/bin/env python3
"""Tells people that a pipeline failed: one message that names each failed job and its step.

usage: notify.py URL COMMIT      (NEEDS in the environment: the workflow's `needs` context as JSON)"""
import json
import os
import sys
import urllib.request


def message(needs, commit):
    failed = [f'{job}: step "{need["outputs"].get("failed-step") or "?"}"'
              for job, need in needs.items() if need['result'] == 'failure']
    return f'Chatbot pipeline failed at {commit[:12]}: ' + ', '.join(failed)


def main():
    url, commit = sys.argv[1:]
    text = message(json.loads(os.environ['NEEDS']), commit)
    request = urllib.request.Request(url, json.dumps({'text': text}).encode(),
                                     {'Content-Type': 'application/json'})
    with urllib.request.urlopen(request, timeout=10):
        print(f'told: {text}')


if __name__ == '__main__':
    main()
