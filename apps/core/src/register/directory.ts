import { type RegisteredServer, serverKey } from '#libs/domain';
import type { AgencyEntry, Directory, ServerEntry } from '#libs/protocol';
import type { Register, ServerRecord } from './register.js';

/** Public parts (base64url) of the keys that a server's tokens may be signed with now, by key id. */
export function signingKeysOf({ state, retiring }: ServerRecord, nowMs: number): Readonly<Record<string, string>> {
  const ids = [state.current.signing, ...(retiring !== undefined && nowMs < retiring.untilMs ? [retiring.keyId] : [])];
  return Object.fromEntries(ids.flatMap((id) => (id === undefined ? [] : [[id, serverKey(state, 'signing', id) ?? '']])));
}

function serverEntry(server: ServerRecord, ledgerKeys: readonly string[] | undefined, nowMs: number): ServerEntry {
  const { registration, current } = server.state;
  const transportKey = transportKeyOf(server.state, current.transport);
  return {
    id: registration.id,
    kind: registration.kind,
    url: registration.url,
    signingKeys: signingKeysOf(server, nowMs),
    ...(ledgerKeys === undefined ? {} : { ledgerKeys }),
    ...(transportKey === undefined ? {} : { transportKey }),
  };
}
const transportKeyOf = (server: RegisteredServer, keyId: string | undefined): string | undefined =>
  keyId === undefined ? undefined : serverKey(server, 'transport', keyId);

/** What servers must know of each other; made anew when the register has changed, or a retired key has run out. */
export class DirectoryView {
  #made: { readonly directory: Directory; readonly untilMs: number } | undefined;

  constructor(
    private readonly register: Register,
    private readonly nowMs: () => number,
  ) {}

  get(): Directory {
    const nowMs = this.nowMs();
    if (this.#made?.directory.version === this.register.version && nowMs < this.#made.untilMs) return this.#made.directory;
    const servers = [...this.register.servers()].sort((a, b) => (a.state.registration.id < b.state.registration.id ? -1 : 1));
    const directory = {
      version: this.register.version,
      servers: servers.map((server) => serverEntry(server, this.register.witnessedLog(server.state.registration.id)?.keys, nowMs)),
      agencies: this.#agencies(),
    };
    const ends = servers.map(({ retiring }) => retiring?.untilMs ?? 0).filter((untilMs) => untilMs > nowMs);
    this.#made = { directory, untilMs: Math.min(...ends, Number.POSITIVE_INFINITY) };
    return directory;
  }

  #agencies(): readonly AgencyEntry[] {
    const entries: AgencyEntry[] = [];
    for (const { state } of this.register.agencies()) {
      const { code, intermediateServer, interfaceSystem, keyId, keys } = state;
      if (intermediateServer === undefined || interfaceSystem === undefined) continue;
      const key = keyId === undefined ? undefined : keys.get(keyId);
      const current = keyId === undefined || key === undefined ? {} : { [keyId]: key };
      entries.push({ code, class: state.class, intermediateServer, interfaceSystem, keys: current, institutions: this.register.institutionsOf(code) });
    }
    return entries.sort((a, b) => (a.code < b.code ? -1 : 1));
  }
}
