import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { agent, deviceManagement } from '@outrider/protocols/grpc'
import { Fault, type Guid } from '@outrider/protocols/values'
import type { DetectionReport } from './detection.ts'
import { manageabilityFaults } from './faults.ts'

export interface Order {
  readonly orderId: string
  readonly operationId: string
  readonly kind: 'activate' | 'deactivate' | 'detect'
  readonly profileName: string
  readonly actionPassword: string
  readonly deadlineSeconds: number
}

export interface OrderReport {
  readonly orderId: string
  readonly state: 'accepted' | 'running' | 'succeeded' | 'failed'
  readonly code: string
  readonly message: string
  readonly exitCode: number
  /** Of a failure whose fault is known whole. */
  readonly remedy?: string
  readonly kind?: string
}

/** What the agent says to dm-manager. Throws Connect's errors; `isUnimplemented` tells an older dm-manager. */
export interface ManagerClient {
  /** Orders as they come; a sign of life without an order is passed over. Ends when the server ends it. */
  orders(signal: AbortSignal): AsyncIterable<Order>
  reportDetection(report: DetectionReport, orderId: string, signal: AbortSignal): Promise<void>
  reportOrder(report: OrderReport, signal: AbortSignal): Promise<void>
  /** The three existing calls, for a dm-manager that has no orders (reference/emf-code.md 1.6). */
  readonly existing: {
    reportStatus(report: DetectionReport, signal: AbortSignal): Promise<void>
    /** `undefined` where nothing is to be done. */
    activationDetails(signal: AbortSignal): Promise<Order | undefined>
    reportResult(state: 'activating' | 'activated' | 'failed', message: string, signal: AbortSignal): Promise<void>
  }
  close(): void
}

export const isUnimplemented = (error: unknown): boolean =>
  error instanceof ConnectError && error.code === Code.Unimplemented

/** A code for the log of what kept a call from succeeding. */
export const callCode = (error: unknown): string => {
  // What our own side of the call threw comes wrapped.
  const thrown = error instanceof ConnectError && error.cause instanceof Fault ? error.cause : error
  return thrown instanceof ConnectError ? `GRPC_${Code[thrown.code] ?? thrown.code}` : Fault.from(thrown).code
}

const SUPPORT = { unsupported: agent.Support.UNSUPPORTED, ism: agent.Support.ISM, amt: agent.Support.AMT } as const
const MODE = { none: agent.ControlMode.NONE, client: agent.ControlMode.CLIENT, admin: agent.ControlMode.ADMIN } as const
const REMOTE = {
  'not-connected': agent.RemoteStatus.NOT_CONNECTED,
  connecting: agent.RemoteStatus.CONNECTING,
  connected: agent.RemoteStatus.CONNECTED,
} as const
const STATE = {
  accepted: agent.OrderState.ACCEPTED,
  running: agent.OrderState.RUNNING,
  succeeded: agent.OrderState.SUCCEEDED,
  failed: agent.OrderState.FAILED,
} as const
const KIND: Readonly<Record<number, Order['kind']>> = {
  [agent.OrderKind.ACTIVATE]: 'activate',
  [agent.OrderKind.DEACTIVATE]: 'deactivate',
  [agent.OrderKind.DETECT]: 'detect',
}

const UNARY_DEADLINE_MS = 15_000

export const connectManager = (options: {
  readonly url: string
  readonly ca: Buffer | undefined
  readonly machine: { readonly uuid: Guid; readonly serial: string }
  /** Read for each call: the node agent replaces the token. */
  readonly token: () => Promise<string | undefined>
  readonly tokenPath: string
}): ManagerClient => {
  const authorize: Interceptor = (next) => async (request) => {
    const token = await options.token()
    if (token === undefined) throw manageabilityFaults.AGENT_NO_TOKEN({ path: options.tokenPath })
    request.header.set('authorization', `Bearer ${token}`)
    return next(request)
  }
  // Pings find a connection that died without a word, so that a stream of orders is never deaf for long.
  const sessions = new Http2SessionManager(
    options.url,
    { pingIntervalMs: 20_000, pingTimeoutMs: 10_000, pingIdleConnection: false },
    options.ca === undefined ? {} : { ca: options.ca },
  )
  const transport = createGrpcTransport({
    baseUrl: options.url,
    interceptors: [authorize],
    sessionManager: sessions,
  })
  const ours = createClient(agent.AgentService, transport)
  const theirs = createClient(deviceManagement.DeviceManagement, transport)
  const hostUuid = options.machine.uuid
  const unary = (signal: AbortSignal) => ({ signal, timeoutMs: UNARY_DEADLINE_MS })

  return {
    async *orders(signal) {
      for await (const { order } of ours.watchOrders({ hostUuid }, { signal })) {
        const kind = order === undefined ? undefined : KIND[order.kind]
        if (order === undefined || kind === undefined) continue
        yield {
          orderId: order.orderId,
          operationId: order.operationId,
          kind,
          profileName: order.profileName,
          actionPassword: order.actionPassword,
          deadlineSeconds: order.deadlineSeconds,
        }
      }
    },

    async reportDetection(report, orderId, signal) {
      await ours.reportDetection(
        {
          hostUuid,
          support: SUPPORT[report.support],
          reason: report.reason,
          message: report.message,
          amtUuid: report.amtUuid ?? '',
          amtVersion: report.version ?? '',
          amtBuild: report.build ?? '',
          amtSku: report.sku ?? '',
          controlMode: report.controlMode === undefined ? agent.ControlMode.UNSPECIFIED : MODE[report.controlMode],
          remoteStatus:
            report.remoteStatus === undefined ? agent.RemoteStatus.UNSPECIFIED : REMOTE[report.remoteStatus],
          mpsHostname: report.mpsHostname ?? '',
          serialNumber: options.machine.serial,
          orderId,
        },
        unary(signal),
      )
    },

    async reportOrder(report, signal) {
      await ours.reportOrder({ hostUuid, ...report, state: STATE[report.state] }, unary(signal))
    },

    existing: {
      async reportStatus(report, signal) {
        const supported = report.support !== 'unsupported'
        await theirs
          .reportAMTStatus(
            {
              hostId: hostUuid,
              status: supported ? deviceManagement.AMTStatus.ENABLED : deviceManagement.AMTStatus.DISABLED,
              feature: supported ? report.support.toUpperCase() : '',
            },
            unary(signal),
          )
          // It already knows: that is what was to be told.
          .catch(ignoring(Code.FailedPrecondition))
      },

      async activationDetails(signal) {
        const details = await theirs
          .retrieveActivationDetails({ hostId: hostUuid }, unary(signal))
          .catch(ignoring(Code.FailedPrecondition))
        if (details === undefined) return undefined
        const deactivate = details.operation === deviceManagement.OperationType.DEACTIVATE
        return {
          orderId: '',
          operationId: '',
          kind: deactivate ? 'deactivate' : 'activate',
          profileName: details.profileName,
          actionPassword: details.actionPassword,
          deadlineSeconds: 600,
        }
      },

      async reportResult(state, message, signal) {
        const status = {
          activating: deviceManagement.ActivationStatus.ACTIVATING,
          activated: deviceManagement.ActivationStatus.ACTIVATED,
          failed: deviceManagement.ActivationStatus.ACTIVATION_FAILED,
        }[state]
        await theirs
          .reportActivationResults({ hostId: hostUuid, activationStatus: status, message }, unary(signal))
          .catch(ignoring(Code.FailedPrecondition))
      },
    },

    close: () => sessions.abort(),
  }
}

/** Turns a refusal with this code into `undefined`; every other error stays one. */
const ignoring =
  (code: Code) =>
  (error: unknown): undefined => {
    if (error instanceof ConnectError && error.code === code) return undefined
    throw error
  }
