/** What can be read of a value that its schema refuses: fields and elements one by one. */

import * as z from 'zod/mini';

/** A value of which any field and any element may be missing, because it is wrong or because it cannot be told. */
export type Readable<Value> = Value extends readonly (infer Item)[]
  ? readonly (Readable<Item> | undefined)[]
  : Value extends object
    ? { readonly [Key in keyof Value]?: Readable<Value[Key]> | undefined }
    : Value;

/** Only for values that the schema refuses as a whole: others are what it returns. */
export function readablePart(schema: z.ZodMiniType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodMiniArray && Array.isArray(value)) {
    return value.map((item) => readable(inner._zod.def.element as z.ZodMiniType, item));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = value as Record<string, unknown>;
  if (inner instanceof z.ZodMiniRecord) {
    return Object.fromEntries(
      Object.entries(fields).map(([key, item]) => [
        key,
        readable(inner._zod.def.valueType as z.ZodMiniType, item),
      ]),
    );
  }
  if (!(inner instanceof z.ZodMiniObject)) return undefined;
  const shape = inner.shape as Record<string, z.ZodMiniType>;
  // Any of the unknown keys may be meant for one that is missing, so that is not its default.
  const hasUnknown = Object.keys(fields).some((key) => !Object.hasOwn(shape, key));
  return Object.fromEntries(
    Object.entries(shape)
      .filter(([key]) => !hasUnknown || Object.hasOwn(fields, key))
      .map(([key, field]) => [key, readable(field, fields[key])]),
  );
}

function readable(schema: z.ZodMiniType, value: unknown): unknown {
  const result = schema.safeParse(value);
  return result.success ? result.data : readablePart(schema, value);
}

/** Without defaults and `optional`. */
export function unwrap(schema: z.ZodMiniType): z.ZodMiniType {
  let inner = schema;
  while (
    inner instanceof z.ZodMiniDefault ||
    inner instanceof z.ZodMiniPrefault ||
    inner instanceof z.ZodMiniOptional
  ) {
    inner = inner._zod.def.innerType as z.ZodMiniType;
  }
  return inner;
}
