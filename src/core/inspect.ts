/**
 * Says what `console.log` of Node, Deno and Bun shows of objects. Called when the first of a class is made: done when the class is loaded,
 * bundlers would have to keep it.
 * @param show is told how many levels of objects may still be shown, below 0 where there are none.
 */
export function inspectAs<T extends object>(prototype: T, show: (object: T, depth: number) => string): void {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: T, depth: number): string {
      return show(this, depth);
    },
    configurable: true,
  });
}
