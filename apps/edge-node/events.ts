import { catalogue, type EventFields, type EventName, type Level } from '@outrider/domain/events'
import type { EventSink } from '@outrider/domain/ports'
import { pino } from 'pino'

/** Events as JSON lines on standard error, under the name of the agent that emits them. */
export const logEvents = (agent: string, level: Level): EventSink => {
  const log = pino({ name: agent, level, base: { agent, pid: process.pid } }, pino.destination({ dest: 2, sync: true }))
  return {
    emit<N extends EventName>(name: N, fields: EventFields<N>) {
      log[catalogue[name].level]({ event: name, ...fields })
    },
  }
}
