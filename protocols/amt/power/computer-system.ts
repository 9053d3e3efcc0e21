import { cimClass, datetime, type EndpointReference, integer, text } from '../../wsman/cim.ts'

/** The managed machine (`ManagedSystem`) and the engine itself (`Intel(r) AMT`) (reference/amt-firmware.md 8.5). */
export const CIM_ComputerSystem = cimClass('CIM_ComputerSystem', {
  keys: ['CreationClassName', 'Name'],
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    RequestedState: integer,
  },
})

/** `ManagedElement` of every power request. */
export const MANAGED_SYSTEM: EndpointReference = {
  resourceUri: CIM_ComputerSystem.uri,
  selectors: { CreationClassName: 'CIM_ComputerSystem', Name: 'ManagedSystem' },
}
