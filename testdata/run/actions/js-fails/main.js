if (process.env.STATE_main) { console.log('post after failure'); process.exit(3) }
require('fs').appendFileSync(process.env.GITHUB_STATE, 'main=1\n')
console.error('main fails')
process.exit(2)
