"""testdata/chatbot, rehearsed and looked at from outside."""
import chatbot
from harness import expect


def versions(urls):
    return [chatbot.get(f'{urls[name]}/version')['version'] for name in ('staging', 'production')]


def colours(urls):
    return [chatbot.get(f'{urls[name]}/releases')['live'] for name in ('staging', 'production')]


def test_deploy(box):
    rehearsal = chatbot.Rehearsal(box)
    with chatbot.stand_ins(rehearsal) as (urls, options):
        expect(versions(urls) == ['none', 'none'], 'something is deployed already')
        result = rehearsal.deploy(options)
        result.exits(0)
        expect(versions(urls) == [rehearsal.sha] * 2, f'{versions(urls)} is not {rehearsal.sha}')
        for name in ('staging', 'production'):
            health = chatbot.get(f'{urls[name]}/health')
            expect(health == {'status': 'ok', 'environment': name}, f'{health}')
        expect(chatbot.get(urls['sink']) == [], 'a message was sent')
        result.lacks(rehearsal.token, rehearsal.production_token)
        result.says('Plan: 2 to add', 'no finding', 'replicas: 3', f'{urls["production"]}')
        expect(colours(urls) == ['blue', 'blue'], f'{colours(urls)}')
        box.kept_events()


def test_approval(box):
    """Staging is deployed to, production is never touched: once rejected, once with nobody to ask."""
    rehearsal = chatbot.Rehearsal(box)
    with chatbot.stand_ins(rehearsal) as (urls, options):
        result = rehearsal.deploy(options, approve='none')
        result.exits(1)
        expect(versions(urls) == [rehearsal.sha, 'none'], f'{versions(urls)}')
        expect(chatbot.get(f'{urls["production"]}/releases')['known'] == [], 'production has seen a release')
        messages = [message['text'] for message in chatbot.get(urls['sink'])]
        expect(len(messages) == 1 and 'production: no step ran' in messages[0], f'{messages}')
        result = rehearsal.deploy(options, approve=None)
        result.exits(0)
        result.says('approval needed')
        expect(chatbot.get(f'{urls["production"]}/releases')['known'] == [], 'production has seen a release')
        expect(len(chatbot.get(urls['sink'])) == 1, 'a message was sent')


def test_rollback(box):
    """A release that is healthy but wrong in production only: the previous one serves again."""
    rehearsal = chatbot.Rehearsal(box)
    with chatbot.stand_ins(rehearsal) as (urls, options):
        rehearsal.deploy(options).exits(0)
        good = rehearsal.sha
        rehearsal.change('.env.production', 'BOT_GREETING=Hello', 'BOT_GREETING=')
        result = rehearsal.deploy(options)
        result.exits(1)
        expect(versions(urls) == [rehearsal.sha, good], f'{versions(urls)} is not {[rehearsal.sha, good]}')
        expect(colours(urls) == ['green', 'blue'], f'{colours(urls)}')
        messages = [message['text'] for message in chatbot.get(urls['sink'])]
        expect(len(messages) == 1 and 'production: step "health"' in messages[0]
               and f'rolled back to release-{good[:12]}' in messages[0], f'{messages}')


def test_scan(box):
    """A dependency with a known hole: nothing is built, nothing deployed."""
    rehearsal = chatbot.Rehearsal(box)
    box.write('requirements.txt', 'jinja2==2.4.1\n')
    with chatbot.stand_ins(rehearsal) as (urls, options):
        result = rehearsal.deploy(options)
        result.exits(1)
        result.says('CVE-2014-1402')
        expect(versions(urls) == ['none', 'none'], f'{versions(urls)}')
        messages = [message['text'] for message in chatbot.get(urls['sink'])]
        expect(len(messages) == 1 and 'package: step "scan"' in messages[0], f'{messages}')


def test_broken_test(box):
    """A broken test: nothing is deployed, and one message names the job and the step."""
    rehearsal = chatbot.Rehearsal(box)
    with chatbot.stand_ins(rehearsal) as (urls, options):
        rehearsal.deploy(options).exits(0)
        good = rehearsal.sha
        rehearsal.change('app/bot.py', 'is on its way', 'is lost')
        result = rehearsal.deploy(options)
        result.exits(1)
        expect(versions(urls) == [good, good], f'{versions(urls)} is not {good}')
        messages = chatbot.get(urls['sink'])
        expect(len(messages) == 1, f'{len(messages)} messages: {messages}')
        text = messages[0]['text']
        expect('test' in text and '"unit-tests"' in text and rehearsal.sha[:12] in text, text)


def test_failed_qa(box):
    """A release that QA refuses reaches staging but not production."""
    rehearsal = chatbot.Rehearsal(box)
    with chatbot.stand_ins(rehearsal) as (urls, options):
        rehearsal.deploy(options).exits(0)
        good = rehearsal.sha
        rehearsal.change('scripts/smoke.py', 'Order 12 is', 'Order 13 is')
        rehearsal.deploy(options).exits(1)
        expect(versions(urls) == [rehearsal.sha, good], f'{versions(urls)}')
        messages = [message['text'] for message in chatbot.get(urls['sink'])]
        expect(len(messages) == 1 and 'staging: step "qa"' in messages[0], f'{messages}')


def test_uncommitted_change_is_what_is_deployed(box):
    """A dirty tree is rehearsed as the commit that it would become."""
    rehearsal = chatbot.Rehearsal(box)
    box.write('app/extra.py', '"""Not committed yet."""\n')
    with chatbot.stand_ins(rehearsal) as (urls, options):
        rehearsal.deploy(options).exits(0)
        started = next(e for e in box.kept_events() if e['event'] == 'run.started')
        expect(started['sha'] != rehearsal.sha, 'the commit of a dirty tree is HEAD')
        expect(versions(urls) == [started['sha']] * 2, f'{versions(urls)} is not {started["sha"]}')


def test_ci(box):
    chatbot.Rehearsal(box)
    result = box.run('pull_request', '-W', '.github/workflows/ci.yml')
    result.exits(0)
    names = {e['name'] for e in box.kept_events() if e['event'] == 'job.started'}
    expect({f'test ({name})' for name in ('dev', 'staging', 'production')} <= names, f'{names}')
    result.says('### Release of')
