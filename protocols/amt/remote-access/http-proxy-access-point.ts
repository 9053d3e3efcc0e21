import { cimClass, datetime, flag, integer, method, reference, text } from '../../wsman/cim.ts'

/** A proxy the device may dial through (reference/amt-firmware.md 8.13). */
export const IPS_HTTPProxyAccessPoint = cimClass('IPS_HTTPProxyAccessPoint', {
  keys: ['Name'],
  properties: {
    AccessInfo: text,
    CreationClassName: text,
    ElementName: text,
    InfoFormat: integer,
    InstallDate: datetime,
    Name: text,
    NetworkDnsSuffix: text,
    Port: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
})

/** Adds proxies (reference/amt-firmware.md 8.13). */
export const IPS_HTTPProxyService = cimClass('IPS_HTTPProxyService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    InstallDate: datetime,
    Name: text,
    SyncEnabled: flag,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    AddProxyAccessPoint: method(
      { AccessInfo: text, InfoFormat: integer, Port: integer, NetworkDnsSuffix: text },
      { ProxyAccessPoint: reference },
      { once: true },
    ),
  },
})
