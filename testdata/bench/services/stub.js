// Answers the calls of an upload and a download, writes bodies to a file, and does nothing else.
const fs = require('fs')
const http = require('http')
const [, , file] = process.argv

const url = port => `http://127.0.0.1:${port}/a/b/c?sig=x`
const one = {workflow_run_backend_id: 'r', workflow_job_run_backend_id: 'j', name: 'big', size: '1', database_id: '1'}
const answers = port => ({
  CreateArtifact: {ok: true, signed_upload_url: url(port)},
  FinalizeArtifact: {ok: true, artifact_id: '1'},
  ListArtifacts: {artifacts: [{...one, created_at: new Date().toISOString()}]},
  GetSignedArtifactURL: {signed_url: url(port)},
  CreateCacheEntry: {ok: true, signed_upload_url: url(port)},
  FinalizeCacheEntryUpload: {ok: true, entry_id: '1'},
  GetCacheEntryDownloadURL: {ok: true, signed_download_url: url(port), matched_key: 'big'}
})

// Blocks have a number at the end of their name, and all but the last have the length of the first.
let stride = 0
function place(request, query) {
  const name = Buffer.from(query.get('blockid'), 'base64').toString()
  stride ||= Number(request.headers['content-length'])
  return Number(/\d{1,5}$/.exec(name)[0]) * stride
}

const server = http.createServer((request, reply) => {
  const {port} = server.address()
  const {pathname, searchParams} = new URL(request.url, 'http://127.0.0.1')
  const done = text => request.resume().on('end', () => reply.end(text))
  if (request.method === 'GET') {
    reply.setHeader('Content-Type', 'application/zip')
    reply.setHeader('Content-Length', fs.statSync(file).size)
    fs.createReadStream(file, {highWaterMark: 1 << 20}).pipe(reply)
  } else if (request.method === 'POST') {
    reply.setHeader('Content-Type', 'application/json')
    const call = pathname.split('/').pop()
    if (call.startsWith('Create')) fs.rmSync(file, {force: true})
    done(JSON.stringify(answers(port)[call]))
  } else if (searchParams.get('comp') === 'blocklist') {
    stride = 0
    reply.statusCode = 201
    done('')
  } else {
    const start = searchParams.get('comp') === 'block' ? place(request, searchParams) : 0
    const out = fs.createWriteStream(file, {start, flags: fs.existsSync(file) ? 'r+' : 'w', highWaterMark: 1 << 20})
    request.pipe(out).on('finish', () => (reply.statusCode = 201, reply.end()))
  }
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
