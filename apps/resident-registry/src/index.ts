export { type ResidentRegistryOptions, type RunningResidentRegistry, startResidentRegistry } from './start.js';
export { ResidentRegistryService } from './registry.service.js';
