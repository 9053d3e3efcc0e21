import { catalogue, type EventDeclaration, type Level } from '@outrider/domain/events'
import type { EventSink } from '@outrider/domain/ports'
import pino from 'pino'
import { Counter, Gauge, Registry } from 'prom-client'
import { LabelValues } from './label-values.ts'

/** An event's counter and what its labels have been so far. */
interface Counted {
  readonly counter: Counter
  readonly labels: readonly (readonly [name: string, values: LabelValues])[]
}

export interface Telemetry {
  readonly events: EventSink
  /** All counters in the text format of Prometheus. */
  metrics(): Promise<string>
  readonly metricsType: string
  /** Whether lines are written before the process ends. */
  flush(): void
}

/** Where log lines go: JSON, one per event. */
export interface LogTarget {
  write(line: string): void
}

/** Logs and counts what happens, both by the one catalogue of events. */
export const createTelemetry = (
  level: Level,
  target: LogTarget = pino.destination({ dest: 2, sync: true }),
): Telemetry => {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  )
  const registry = new Registry()
  const counted = new Map<string, Counted>()
  for (const [name, declaration] of Object.entries(catalogue) as [string, EventDeclaration][]) {
    const labelNames = [...(declaration.labels ?? [])]
    const counter = new Counter({
      name: `outrider_${name.replaceAll(/[.-]/g, '_')}_total`,
      help: declaration.about,
      labelNames,
      registers: [registry],
    })
    counted.set(name, { counter, labels: labelNames.map((label) => [label, new LabelValues()]) })
  }
  registerProcess(registry)

  return {
    events: {
      emit(name, fields) {
        const declaration: EventDeclaration = catalogue[name]
        const values = fields as Readonly<Record<string, string | number | boolean | undefined>>
        const { counter, labels } = counted.get(name)!
        counter.inc(
          Object.fromEntries(labels.map(([label, known]) => [label, known.shown(String(values[label] ?? ''))])),
        )
        log[declaration.level]({ event: name, ...fields })
      },
    },
    metrics: () => registry.metrics(),
    metricsType: registry.contentType,
    flush: () => log.flush(),
  }
}

const registerProcess = (registry: Registry): void => {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('process_resident_memory_bytes', 'Memory this process has in RAM.', () => process.memoryUsage.rss())
  gauge('process_cpu_seconds_total', 'CPU time this process has used.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  gauge('process_uptime_seconds', 'How long this process runs.', () => process.uptime())
}
