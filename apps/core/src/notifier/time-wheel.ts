/**
 * Items by the time they are due, in slots of `slotMs`: adding and taking out cost the same however many there are. A
 * slot's items come out together, never early. Knows no clock: whoever asks says what time it is.
 */
export class TimeWheel<Item> {
  readonly #slots = new Map<number, Set<Item>>();
  readonly #slotOf = new Map<Item, number>();

  constructor(private readonly slotMs: number) {}

  get size(): number {
    return this.#slotOf.size;
  }

  /** Puts the item in, or moves it. */
  set(item: Item, dueMs: number): void {
    const slot = Math.ceil(dueMs / this.slotMs);
    const before = this.#slotOf.get(item);
    if (before === slot) return;
    if (before !== undefined) this.#leave(item, before);
    this.#slotOf.set(item, slot);
    const items = this.#slots.get(slot);
    if (items) items.add(item);
    else this.#slots.set(slot, new Set([item]));
  }

  delete(item: Item): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    this.#slotOf.delete(item);
    this.#leave(item, slot);
  }

  /** Takes out what is due, at most `limit`, earliest slots first. */
  takeDue(nowMs: number, limit = Number.POSITIVE_INFINITY): Item[] {
    const now = Math.floor(nowMs / this.slotMs);
    const due = [...this.#slots.keys()].filter((slot) => slot <= now).sort((a, b) => a - b);
    const taken: Item[] = [];
    for (const slot of due) {
      for (const item of this.#slots.get(slot) ?? []) {
        if (taken.length >= limit) return taken;
        taken.push(item);
        this.delete(item);
      }
    }
    return taken;
  }

  #leave(item: Item, slot: number): void {
    const items = this.#slots.get(slot);
    items?.delete(item);
    if (items?.size === 0) this.#slots.delete(slot);
  }
}
