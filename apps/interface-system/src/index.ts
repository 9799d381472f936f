export { type InterfaceSystemOptions, type RunningInterfaceSystem, startInterfaceSystem } from './start.js';
export { type InterfaceSystemParts, InterfaceSystemService } from './interface-system.service.js';
