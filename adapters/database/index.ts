export { databaseFaults } from './faults.ts'
export { type Database, type DatabaseConfig, openDatabase } from './open.ts'
