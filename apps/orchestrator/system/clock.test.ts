import { clockSuite } from '@outrider/testing/ports'
import { systemClock } from './index.ts'

clockSuite('the orchestrator', systemClock)
