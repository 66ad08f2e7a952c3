console.log('pre must not run')
process.exit(1)
