const fs = require('fs')
const e = process.env
const append = (file, text) => fs.appendFileSync(e[file], text + '\n')
console.log(`main of ${e.INPUT_WHO} in ${process.cwd()}`)
const wrong = []
const equal = (name, want) => { if (e[name] !== want) wrong.push(`${name}=${e[name]}, not ${want}`) }
equal('INPUT_TWO_WORDS', '2')
equal('INPUT_KEBAB-CASE', 'k')
equal('INPUT_EMPTY', '')
equal('INPUT_EXTRA', 'more')
equal('LAYER', 'step')
equal('STATE_said', undefined)
equal('GITHUB_ACTION', e.WANT_ACTION)
equal('GITHUB_ACTION_REPOSITORY', '')
equal('NODE_ICU_DATA', undefined)
equal('GITHUB_ACTIONS', 'true')
if (process.cwd() !== e.GITHUB_WORKSPACE) wrong.push('cwd')
append('GITHUB_OUTPUT', `said=hello ${e.INPUT_WHO}`)
append('GITHUB_STATE', `said=${e.INPUT_WHO}`)
append('GITHUB_ENV', 'FROM_JS=yes')
append('GITHUB_PATH', '/opt/from-js')
console.log('::set-output name=old::way')
console.log('::save-state name=old::state')
if (wrong.length) { console.log('::error::' + wrong.join('; ')); process.exit(1) }
