import { AMT_AuditLog } from '@outrider/protocols/amt'
import { MAX_ENTRIES } from '../../audit/audit-entry.ts'
import { auditRecord } from '../../audit/audit-record.ts'
import { classModel, returns } from '../model.ts'

// The audit log (amt-firmware.md 8.16, 13.2).

const INVALID_INDEX = 35
const PAGE = 10

export const logClasses = [
  classModel(AMT_AuditLog, {
    subject: 'general',
    instances: ({ state: { audit } }) => [
      {
        AuditState: 16,
        CurrentNumberOfRecords: audit.length,
        ElementName: 'Intel(r) AMT Audit Log',
        EnabledState: 2,
        MaxAllowedAuditors: 1,
        MaxNumberOfRecords: 0,
        Name: 'Intel(r) AMT:Audit Log',
        OverwritePolicy: 2,
        PercentageFree: Math.floor((100 * (MAX_ENTRIES - audit.length)) / MAX_ENTRIES),
        RequestedState: 2,
        StoragePolicy: 1,
        TimeOfLastRecord: new Date((audit.at(-1)?.at ?? 0) * 1000).toISOString().replace('.000Z', 'Z'),
      },
    ],
    methods: {
      ReadRecords: ({ state: { audit } }, { StartIndex }) => {
        if (StartIndex === undefined || StartIndex < 1 || StartIndex > audit.length) return returns(INVALID_INDEX)
        const page = audit.slice(StartIndex - 1, StartIndex - 1 + PAGE)
        return {
          TotalRecordCount: audit.length,
          RecordsReturned: page.length,
          EventRecords: page.map(auditRecord),
          ReturnValue: 0,
        }
      },
    },
  }),
]
