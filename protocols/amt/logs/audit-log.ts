import { binary, cimClass, datetime, integer, list, method, text } from '../../wsman/cim.ts'

/** What was done to the device, by whom; records as in reference/amt-firmware.md 13.2 (8.16). */
export const AMT_AuditLog = cimClass('AMT_AuditLog', {
  properties: {
    AuditState: integer,
    CurrentNumberOfRecords: integer,
    ElementName: text,
    EnabledState: integer,
    MaxAllowedAuditors: integer,
    MaxNumberOfRecords: integer,
    Name: text,
    OverwritePolicy: integer,
    PercentageFree: integer,
    RequestedState: integer,
    StoragePolicy: integer,
    TimeOfLastRecord: datetime,
  },
  methods: {
    /** Ten records at most, oldest first; `StartIndex` counts from 1. */
    ReadRecords: method(
      { StartIndex: integer },
      { TotalRecordCount: integer, RecordsReturned: integer, EventRecords: list(binary) },
    ),
  },
})
