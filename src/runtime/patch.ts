/** Replaces methods of an object for the time of one synchronous call. */

/**
 * Runs `body` while `target` has other methods. `replace` gets each original method, bound to nothing.
 *
 * @returns what `body` returns; the original methods are back in every case
 */
export function withMethods<T extends object, R>(
  target: T,
  methods: { readonly [K in keyof T]?: T[K] },
  body: () => R,
): R {
  const names = Object.keys(methods) as (keyof T)[];
  const before = names.map((name) => Object.getOwnPropertyDescriptor(target, name));
  for (const name of names)
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: true,
      writable: true,
      value: methods[name],
    });
  try {
    return body();
  } finally {
    names.forEach((name, i) => {
      const descriptor = before[i];
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name);
    });
  }
}
