const e = process.env
console.log(`post of ${e.STATE_said}/${e.STATE_old}/${e.INPUT_WHO}/${e.FROM_JS}/${e.LAYER}`)
