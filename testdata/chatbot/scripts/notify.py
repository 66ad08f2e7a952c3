#!/usr/bin/env python3
"""Tells people that a pipeline failed: one message that names each failed job, its step, and the release
that serves again if one was rolled back.

usage: notify.py URL COMMIT      (NEEDS in the environment: the workflow's `needs` context as JSON)"""
import json
import os
import sys
import urllib.request


def story(job, outputs):
    text = f'{job}: step "{outputs["failed-step"]}"' if outputs.get('failed-step') else f'{job}: no step ran'
    return text + (f', rolled back to {outputs["rolled-back"]}' if outputs.get('rolled-back') else '')


def message(needs, commit):
    failed = [story(job, need['outputs']) for job, need in needs.items() if need['result'] == 'failure']
    return f'Chatbot pipeline failed at {commit[:12]}: ' + '; '.join(failed)


def main():
    url, commit = sys.argv[1:]
    text = message(json.loads(os.environ['NEEDS']), commit)
    request = urllib.request.Request(url, json.dumps({'text': text}).encode(),
                                     {'Content-Type': 'application/json'})
    with urllib.request.urlopen(request, timeout=10):
        print(f'told: {text}')


if __name__ == '__main__':
    main()
