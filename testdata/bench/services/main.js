// Uploads and downloads a large file, as an artifact and as a cache, with the services and with a stub
// by turns; prints "rate WHAT WITH MB/s" for each.
const {spawn} = require('child_process')
const crypto = require('crypto')
const fs = require('fs')
const path = require('path')
const client = name => require(path.join(process.env.CLIENTS, 'node_modules', '@actions', name))
const work = process.env.GITHUB_WORKSPACE
const size = Number(process.env.MEGABYTES) * 1024 * 1024
const rounds = Number(process.env.ROUNDS)
process.chdir(work)
const own = process.env.ACTIONS_RESULTS_URL

function makeFile(file) {
  const fd = fs.openSync(file, 'w')
  for (let left = size; left > 0; left -= 1 << 20) {
    fs.writeSync(fd, crypto.randomBytes(Math.min(left, 1 << 20)))
  }
  fs.closeSync(fd)
}

async function timed(what, who, run) {
  fs.rmSync(path.join(work, 'got'), {recursive: true, force: true})
  const start = process.hrtime.bigint()
  await run()
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  process.stderr.write(`rate ${what} ${who} ${(size / seconds / 1e6).toFixed(1)}\n`)
}

async function ask(call, body) {
  const url = new URL(`/twirp/github.actions.results.api.v1.CacheService/${call}`, process.env.ACTIONS_RESULTS_URL)
  const headers = {'content-type': 'application/json', authorization: `Bearer ${process.env.ACTIONS_RUNTIME_TOKEN}`}
  return (await fetch(url, {method: 'POST', headers, body: JSON.stringify(body)})).json()
}

async function round(n, who) {
  const big = path.join(work, 'big')
  const {DefaultArtifactClient} = client('artifact')
  const artifacts = new DefaultArtifactClient()
  let id
  await timed('artifact-up', who, async () => {
    ({id} = await artifacts.uploadArtifact(`big-${n}`, [big], work, {compressionLevel: 0}))
  })
  await timed('artifact-down', who, () => artifacts.downloadArtifact(id, {path: path.join(work, 'got')}))
  // Without its tar, which takes longer than the way.
  const cache = client('cache/lib/internal/cacheHttpClient')
  const entry = {key: `big-${n}`, version: 'v'}
  await timed('cache-up', who, async () => {
    const {signed_upload_url: url} = await ask('CreateCacheEntry', entry)
    await cache.saveCache(-1, big, url, {useAzureSdk: true, uploadConcurrency: 8, uploadChunkSize: 64 << 20})
    await ask('FinalizeCacheEntryUpload', {...entry, size_bytes: `${size}`})
  })
  await timed('cache-down', who, async () => {
    const {signed_download_url: url} = await ask('GetCacheEntryDownloadURL', entry)
    await cache.downloadCache(url, path.join(work, 'got'))
  })
}

async function main() {
  const child = spawn(process.execPath, [path.join(__dirname, 'stub.js'), path.join(work, 'stored')])
  child.stderr.pipe(process.stderr)
  try {
    const port = await new Promise(resolve => child.stdout.once('data', text => resolve(Number(text))))
    makeFile(path.join(work, 'big'))
    for (let n = 0; n < rounds; n++) {
      const both = [['own', own], ['stub', `http://127.0.0.1:${port}/`]]
      // Whoever comes second finds the disk busy.
      for (const [who, url] of n % 2 ? both.reverse() : both) {
        process.env.ACTIONS_RESULTS_URL = url
        await round(`${who}-${process.env.GITHUB_RUN_ID}-${n}`, who)
      }
    }
  } finally {
    child.kill()
  }
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
