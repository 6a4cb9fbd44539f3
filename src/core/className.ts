/**
 * The name of an object's class as it was written: where two classes of one name come into one file, bundlers (and this library's own
 * build) call one of them `Dropout$1`.
 */
export function classNameOf(value: object): string {
  return value.constructor.name.replace(/\$\d+$/, "");
}
