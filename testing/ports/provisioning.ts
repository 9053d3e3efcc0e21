import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Provisioning, TicketRequest } from '@outrider/domain/ports'
import { minutes } from '@outrider/protocols/values'
import { aGuid, deadline, otherProject, project } from './fixtures.ts'

/** What every provider of provisioning must do. */
export const provisioningSuite = (provider: string, open: () => Promise<Provisioning>): void => {
  const request = (fields: Partial<TicketRequest> = {}): TicketRequest => ({
    project,
    hostId: 'host-00000001',
    operationId: 'op-1',
    purpose: 'activate',
    controlMode: 'client',
    expiresAt: Date.now() + minutes(5),
    ...fields,
  })

  describe(`Provisioning of ${provider}`, () => {
    test('the alias of a ticket is a word no client takes for anything else, and each has its own', async () => {
      const provisioning = await open()
      const aliases = new Set<string>()
      for (let count = 0; count < 20; count++) {
        const { alias } = await provisioning.issueTicket(request(), deadline())
        // A letter first; no space, slash, backslash or dot; no number; nothing that reads as an option.
        assert.match(alias, /^[A-Za-z][A-Za-z0-9]{19,}$/)
        aliases.add(alias)
      }
      assert.equal(aliases.size, 20)
    })

    test('a ticket is open, says what it is for, and is found in its project alone', async () => {
      const provisioning = await open()
      const { ticket, alias } = await provisioning.issueTicket(request({ amtGuid: aGuid(911) }), deadline())
      const found = await provisioning.ticket(project, ticket.id, deadline())
      assert.deepEqual(
        [found?.state, found?.purpose, found?.hostId, found?.operationId, found?.amtGuid],
        ['open', 'activate', 'host-00000001', 'op-1', aGuid(911)],
      )
      assert.ok(!JSON.stringify(found).includes(alias))
      assert.equal(await provisioning.ticket(otherProject, ticket.id, deadline()), undefined)
      assert.equal(await provisioning.ticket(project, 'tk-unknown', deadline()), undefined)
    })

    test('revoking ends an open ticket, may be repeated, and does not reach another project', async () => {
      const provisioning = await open()
      const { ticket } = await provisioning.issueTicket(request(), deadline())
      await provisioning.revokeTicket(otherProject, ticket.id, deadline())
      assert.equal((await provisioning.ticket(project, ticket.id, deadline()))?.state, 'open')
      await provisioning.revokeTicket(project, ticket.id, deadline())
      await provisioning.revokeTicket(project, ticket.id, deadline())
      assert.equal((await provisioning.ticket(project, ticket.id, deadline()))?.state, 'revoked')
    })

    test('forgetting a device may be repeated and may name one nobody knows', async () => {
      const provisioning = await open()
      await provisioning.forgetDevice(project, aGuid(912), deadline())
      await provisioning.forgetDevice(project, aGuid(912), deadline())
    })
  })
}
