/** NetworkPolicies of one namespace, as far as the manifests use them. */
export type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: string; readonly port: number | string }[];
}
export interface NetworkPolicy {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}
export interface Pod {
  readonly name: string;
  readonly labels: Labels;
  readonly port: number;
}

const selects = ({ matchLabels = {} }: Selector, labels: Labels): boolean => Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
/** A peer of this namespace; one that names a namespace is outside. */
const isPeer = ({ podSelector, namespaceSelector }: Peer, { labels }: Pod): boolean =>
  namespaceSelector === undefined && podSelector !== undefined && selects(podSelector, labels);

/** Whether the policies let `other` through at `pod`, in this direction, on this port: those that select a pod add up, none that does leaves it open. */
function allows(policies: readonly NetworkPolicy[], pod: Pod, other: Pod, direction: 'Ingress' | 'Egress', port: number): boolean {
  const concerned = policies.filter(({ spec }) => spec.policyTypes.includes(direction) && selects(spec.podSelector, pod.labels));
  if (concerned.length === 0) return true;
  return concerned.some(({ spec }) =>
    ((direction === 'Ingress' ? spec.ingress : spec.egress) ?? []).some(
      ({ from, to, ports }) => (from ?? to ?? []).some((peer) => isPeer(peer, other)) && (ports === undefined || ports.some((one) => one.port === port)),
    ),
  );
}

/** `from → to` of all pairs of different pods of which the first may open a connection to the port of the second. */
export function edges(policies: readonly NetworkPolicy[], pods: readonly Pod[]): string[] {
  return pods.flatMap((from) =>
    pods
      .filter((to) => to !== from && allows(policies, from, to, 'Egress', to.port) && allows(policies, to, from, 'Ingress', to.port))
      .map((to) => `${from.name} → ${to.name}`),
  );
}
