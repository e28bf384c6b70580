/** A value that views follow. */

import { useEffect, useState } from 'preact/hooks';

export class Store<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  update(change: Partial<Value>): void {
    this.set({ ...this.#value, ...change });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useState(0);
  const { value } = store;
  useEffect(() => {
    const again = () => redraw((count) => count + 1);
    // It may have changed between drawing and here.
    if (store.value !== value) again();
    return store.subscribe(again);
  }, [store]);
  return value;
}
