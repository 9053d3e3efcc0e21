import type { CodeVersion } from '@outrider/protocols/mei'
import { type Identity, skuNumber } from '../identity.ts'

/** Version texts by name: GetCodeVersions and CIM_SoftwareIdentity say the same (amt-firmware.md 3.2, 8.4). */
export const codeVersions = ({ version, build, sku }: Identity): readonly CodeVersion[] => [
  { key: 'Flash', value: version },
  { key: 'Netstack', value: version },
  { key: 'AMTApps', value: version },
  { key: 'AMT', value: version },
  { key: 'Sku', value: skuNumber[sku] },
  { key: 'VendorID', value: '8086' },
  { key: 'Build Number', value: build },
  { key: 'Recovery Version', value: version },
  { key: 'Recovery Build Num', value: build },
  { key: 'Legacy Mode', value: 'False' },
  { key: 'AMT FW Core Version', value: version },
]
