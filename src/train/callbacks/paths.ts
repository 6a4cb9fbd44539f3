/** The path of the module that has a parameter: `layers.0` of `layers.0.weight`. */
export function parentOf(path: string): string {
  return path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
}
