/** Replaces methods of an object during one synchronous call. */

/**
 * Runs `body` with other methods on `target`. `replace` gets each original method, unbound.
 *
 * @returns the result of `body`; the original methods are restored in any case
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
