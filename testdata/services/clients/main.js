// GitHub's npm clients as they are, from CLIENTS (see test/run/case_clients.py). Each part throws when
// something is not as GitHub has it.
const assert = require('assert')
const crypto = require('crypto')
const fs = require('fs')
const path = require('path')
const client = name => require(path.join(process.env.CLIENTS, 'node_modules', '@actions', name))
globalThis.crypto ??= crypto.webcrypto // of node 18: newer ones have it
const core = client('core')
const work = process.env.GITHUB_WORKSPACE
const big = path.join(work, 'tree/deep/big.bin')

function makeTree() {
  fs.mkdirSync(path.dirname(big), {recursive: true})
  fs.writeFileSync(path.join(work, 'tree/ü one.txt'), 'one\n')
  if (!fs.existsSync(big)) {
    fs.writeFileSync(big, crypto.randomBytes(21 * 1024 * 1024 + 7))
  }
}

const parts = {
  async upload() {
    const {DefaultArtifactClient} = client('artifact')
    makeTree()
    const files = [path.join(work, 'tree/ü one.txt'), big]
    const options = {compressionLevel: 0, retentionDays: 3}
    const done = await new DefaultArtifactClient().uploadArtifact('the tree', files, path.join(work, 'tree'), options)
    assert(done.size > 21 * 1024 * 1024 && done.id > 0, JSON.stringify(done))
    core.setOutput('id', done.id)
    fs.writeFileSync(path.join(work, 'sum.txt'), crypto.createHash('sha256').update(fs.readFileSync(big)).digest('hex'))
    await new DefaultArtifactClient().uploadArtifact('sum', [path.join(work, 'sum.txt')], work)
  },

  async again() {
    const {DefaultArtifactClient} = client('artifact')
    const artifacts = new DefaultArtifactClient()
    await assert.rejects(artifacts.uploadArtifact('sum', [path.join(work, 'sum.txt')], work), /409.*already exists/)
    const gone = await artifacts.deleteArtifact('sum')
    assert(gone.id > 0)
    await assert.rejects(artifacts.getArtifact('sum'), /Artifact not found/)
    await artifacts.uploadArtifact('sum', [path.join(work, 'sum.txt')], work)
    const one = await artifacts.getArtifact('sum')
    assert(one.artifact.id > gone.id && one.artifact.createdAt instanceof Date, JSON.stringify(one))
  },

  async download() {
    const {DefaultArtifactClient} = client('artifact')
    const artifacts = new DefaultArtifactClient()
    const {artifacts: all} = await artifacts.listArtifacts()
    assert.deepStrictEqual(all.map(a => a.name), ['the tree', 'sum'])
    for (const a of all) {
      const got = await artifacts.downloadArtifact(a.id, {path: path.join(work, 'got', a.name), expectedHash: a.digest})
      assert(!got.digestMismatch)
    }
    const sum = crypto.createHash('sha256').update(fs.readFileSync(path.join(work, 'got/the tree/deep/big.bin'))).digest('hex')
    assert.strictEqual(sum, fs.readFileSync(path.join(work, 'got/sum/sum.txt'), 'utf8'))
    assert.strictEqual(fs.readFileSync(path.join(work, 'got/the tree/ü one.txt'), 'utf8'), 'one\n')
  },

  async rest() {
    const {DefaultArtifactClient} = client('artifact')
    const token = process.env.TOKEN
    const [repositoryOwner, repositoryName] = process.env.GITHUB_REPOSITORY.split('/')
    const findBy = {token, repositoryOwner, repositoryName, workflowRunId: Number(process.env.GITHUB_RUN_ID)}
    const artifacts = new DefaultArtifactClient()
    const {artifacts: all} = await artifacts.listArtifacts({findBy})
    assert.deepStrictEqual(all.map(a => a.name).sort(), ['sum', 'the tree'])
    const sum = (await artifacts.getArtifact('sum', {findBy})).artifact
    await artifacts.downloadArtifact(sum.id, {findBy, path: path.join(work, 'over-rest')})
    assert.strictEqual(fs.readFileSync(path.join(work, 'over-rest/sum.txt'), 'utf8').length, 64)
    const octokit = client('github').getOctokit(token)
    const {data} = await octokit.rest.repos.get({owner: repositoryOwner, repo: repositoryName})
    assert.strictEqual(data.full_name, process.env.GITHUB_REPOSITORY)
    await assert.rejects(
      octokit.rest.issues.create({owner: repositoryOwner, repo: repositoryName, title: 'x'}),
      /act-c: POST .*not part of a rehearsal/
    )
  },

  async save() {
    const cache = client('cache')
    makeTree()
    assert(cache.isFeatureAvailable())
    assert.strictEqual(await cache.restoreCache(['tree'], 'k-miss', ['none-']), undefined)
    assert(await cache.saveCache(['tree'], 'k-1') > 0)
    assert.strictEqual(await cache.saveCache(['tree'], 'k-1'), -1)
  },

  async restore() {
    const cache = client('cache')
    assert.strictEqual(await cache.restoreCache(['tree'], 'k-2', ['other', 'k-']), 'k-1')
    assert.strictEqual(fs.readFileSync(path.join(work, 'tree/ü one.txt'), 'utf8'), 'one\n')
    assert.strictEqual(fs.statSync(big).size, 21 * 1024 * 1024 + 7)
    assert.strictEqual(await cache.restoreCache(['tree'], 'k-1', [], {lookupOnly: true}), 'k-1')
    assert.strictEqual(await cache.restoreCache(['another'], 'k-1'), undefined)
  },

  async oldCache() {
    delete process.env.ACTIONS_CACHE_SERVICE_V2
    const cache = client('cache')
    makeTree()
    assert(await cache.saveCache(['tree'], 'old-1') > 0)
    fs.rmSync(path.join(work, 'tree'), {recursive: true})
    assert.strictEqual(await cache.restoreCache(['tree'], 'none', ['old-']), 'old-1')
    assert.strictEqual(fs.statSync(big).size, 21 * 1024 * 1024 + 7)
  },

  async readOnly() {
    const cache = client('cache')
    makeTree()
    assert.strictEqual(process.env.ACTIONS_CACHE_MODE, 'read')
    assert.strictEqual(await cache.restoreCache(['tree'], 'k-1'), 'k-1')
    assert.strictEqual(await cache.saveCache(['tree'], 'k-3'), -1)
  },

  async identity() {
    const token = await core.getIDToken('sts.example.com')
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
    assert.strictEqual(claims.aud, 'sts.example.com')
    assert.strictEqual(claims.sub, 'repo:octo/demo:environment:a%3Ab')
    const about = await (await fetch(claims.iss + '/.well-known/openid-configuration')).json()
    const {keys} = await (await fetch(about.jwks_uri)).json()
    const [head, body, signature] = token.split('.')
    const key = crypto.createPublicKey({key: keys[0], format: 'jwk'})
    assert(crypto.verify('RSA-SHA256', Buffer.from(head + '.' + body), key, Buffer.from(signature, 'base64url')))
    await assert.rejects(async () => {
      process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = 'no.such.token'
      await core.getIDToken()
    }, /401/)
  },

  async glob() {
    makeTree()
    const globber = await client('glob').create('tree/**\n!tree/deep')
    assert((await globber.glob()).includes(path.join(work, 'tree/ü one.txt')))
    const hash = await client('glob').hashFiles('tree/**')
    assert.strictEqual(hash, process.env.HASH)
  }
}

parts[core.getInput('part')]().then(
  () => core.info(`${core.getInput('part')}-fine`),
  error => core.setFailed(error.stack)
)
