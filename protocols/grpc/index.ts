export * as deviceManagement from './gen/device_management/device_management_pb.ts'
export * as agent from './gen/outrider/operations/v1/agent_pb.ts'
