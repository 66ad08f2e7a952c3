"""Judges one self-asserting workflow file by its header comments (test/run/README.md)."""
import ast
import os

from harness import ROOT, Failure, expect, header, words


def check_counts(text, result):
    for line in header(text, 'log-count'):
        number, wanted = line.split(' ', 1)
        # The log header of a step repeats its script: only lines that a step printed count.
        found = sum(1 for l in result.log.splitlines() if wanted in l and 'echo' not in l)
        expect(found == int(number), f'{found} lines with {wanted!r}, not {number}\n{result.tail()}')


def left_side(expression, scope):
    """What `x` is when `x == y` does not hold."""
    comparison = ast.parse(expression, mode='eval').body
    if not isinstance(comparison, ast.Compare):
        return ''
    return f'; it is {eval(ast.unparse(comparison.left), scope)!r}'


def check_events(text, events, result):
    """`# event-check: EXPRESSION` is Python over of(kind, field=value…) and in_step(name, kind), both
    lists of records."""
    def of(kind, **fields):
        return [e for e in events if e['event'] == kind
                and all(e.get(k) == v for k, v in fields.items())]

    def in_step(name, kind):
        steps = [(e['job'], e['step']) for e in of('step.started', name=name)]
        return [e for e in of(kind) if (e.get('job'), e.get('step')) in steps]

    scope = {'of': of, 'in_step': in_step, 'events': events}
    for expression in header(text, 'event-check'):
        try:
            holds = eval(expression, scope)
        except (IndexError, KeyError) as fault:
            raise Failure(f'{fault!r} in {expression}\n{result.tail()}')
        if not holds:
            raise Failure(f'does not hold: {expression}{left_side(expression, scope)}\n{result.tail()}')


def judge(box, path, *more):
    with open(path, encoding='utf-8') as source:
        text = source.read()
    name = os.path.basename(path)
    box.init(text, name, before='\n'.join(header(text, 'before')))
    for script in header(text, 'dirty'):
        box.shell(script)
    event = (header(text, 'event') or ['push'])[0]
    image = (header(text, 'image') or ['full'])[0]
    seconds = int((header(text, 'seconds') or ['240'])[0])
    args = [*words(header(text, 'args')), *more]
    command = ([event] if event else []) + ['-W', f'.github/workflows/{name}', *args]
    result = box.run(*command, image=image, seconds=seconds,
                     env=dict(line.split('=', 1) for line in header(text, 'env')))
    result.exits(int((header(text, 'exit') or ['0'])[0]))
    result.says(*header(text, 'log'))
    result.lacks(*header(text, 'no-log'))
    check_counts(text, result)
    events = box.kept_events() if result.status in (0, 1, 124) else []
    seqs = [e['seq'] for e in events if 'seq' in e]
    expect(seqs == list(range(1, len(seqs) + 1)), f'seq has gaps: {seqs[:50]}')
    check_events(text, events, result)
    for script in header(text, 'after'):
        box.shell(script, ROOT=ROOT)
