const fs = require('fs')
const { STATE_stage: stage = 'pre', INPUT_ID: id, GITHUB_STATE, GITHUB_ACTION_REPOSITORY: repository } = process.env
console.log(`stage ${stage} of ${id} from ${repository}`)
const next = { pre: 'main', main: 'post' }[stage]
if (next) fs.appendFileSync(GITHUB_STATE, `stage=${next}\n`)
if (id === 'fails-in-' + stage) process.exit(1)
