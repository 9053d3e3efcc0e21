// Preloaded into a program whose memory is measured: SIGUSR2 collects its garbage, so that what is resident is what
// is kept.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
process.on('SIGUSR2', () => {
  for (let round = 0; round < 3; round++) collect()
})
