import { clockSuite } from '@outrider/testing/ports'
import { systemClock } from './system.ts'

clockSuite('the edge node', systemClock)
