import type { CommandEntry } from '../command.ts'

/** Every command by its words; each is loaded only when it runs, is asked for help, or is completed. */
export const commands: readonly CommandEntry[] = [
  { path: ['login'], about: 'log in to an orchestrator', load: () => import('./login.ts') },
  { path: ['logout'], about: 'end the login', load: () => import('./logout.ts') },
  { path: ['token'], about: 'print an access token, for scripts', load: () => import('./token.ts') },
  { path: ['create', 'host'], about: 'register a machine', load: () => import('./create-host.ts') },
  {
    path: ['create', 'amtprofile'],
    about: 'keep a provisioning certificate for a DNS suffix',
    load: () => import('./create-amtprofile.ts'),
  },
  { path: ['create', 'cira'], about: 'tell where devices dial home', load: () => import('./create-cira.ts') },
  { path: ['list', 'host'], aliases: ['hosts'], about: 'list hosts', load: () => import('./list-host.ts') },
  {
    path: ['list', 'operation'],
    aliases: ['operations'],
    about: 'list operations, newest first',
    load: () => import('./list-operation.ts'),
  },
  {
    path: ['list', 'amtprofile'],
    aliases: ['amtprofiles'],
    about: 'list provisioning certificates and when they expire',
    load: () => import('./list-amtprofile.ts'),
  },
  { path: ['list', 'cira'], about: 'list where devices are told to dial', load: () => import('./list-cira.ts') },
  { path: ['list', 'audit'], about: 'list who did what, newest first', load: () => import('./list-audit.ts') },
  {
    path: ['list', 'project'],
    aliases: ['projects'],
    about: 'list the projects you have a role in',
    load: () => import('./list-project.ts'),
  },
  { path: ['get', 'host'], about: 'show one host', load: () => import('./get-host.ts') },
  {
    path: ['get', 'amtprofile'],
    about: 'show one provisioning certificate',
    load: () => import('./get-amtprofile.ts'),
  },
  { path: ['get', 'cira'], about: 'show one CIRA config', load: () => import('./get-cira.ts') },
  { path: ['get', 'operation'], about: 'show one operation', load: () => import('./get-operation.ts') },
  {
    path: ['set', 'host'],
    about: 'activate, deactivate, power or configure a host',
    load: () => import('./set-host.ts'),
  },
  { path: ['cancel', 'operation'], about: 'cancel a queued operation', load: () => import('./cancel-operation.ts') },
  { path: ['delete', 'host'], about: 'delete a host', load: () => import('./delete-host.ts') },
  {
    path: ['delete', 'amtprofile'],
    about: 'forget a provisioning certificate',
    load: () => import('./delete-amtprofile.ts'),
  },
  { path: ['delete', 'cira'], about: 'delete a CIRA config', load: () => import('./delete-cira.ts') },
  {
    path: ['deauthorize', 'host'],
    about: 'end the credentials of a host',
    load: () => import('./deauthorize-host.ts'),
  },
  {
    path: ['generate', 'agent-env'],
    about: 'write the environment file of a host’s agents',
    load: () => import('./generate-agent-env.ts'),
  },
  { path: ['config', 'get'], about: 'print one setting', load: () => import('./config-get.ts') },
  { path: ['config', 'set'], about: 'keep one setting', load: () => import('./config-set.ts') },
  { path: ['config', 'delete'], about: 'forget one setting', load: () => import('./config-delete.ts') },
  { path: ['version'], about: 'print versions', load: () => import('./version.ts') },
  { path: ['completion'], about: 'print a completion script for a shell', load: () => import('./completion.ts') },
]
