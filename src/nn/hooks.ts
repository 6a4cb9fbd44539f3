/** Forward hooks: they shadow `forward` on one instance, so that modules without hooks pay nothing. */
import type { Module } from "./module.ts";

/** Called after `forward`; a result other than undefined replaces the module's. */
export type ForwardHook<M> = (module: M, inputs: readonly unknown[], output: unknown) => unknown;

/** Called before `forward`; an array replaces the inputs. */
export type ForwardStartHook<M> = (module: M, inputs: readonly unknown[]) => readonly unknown[] | void;

interface Hooks {
  readonly before: ForwardStartHook<Module>[];
  readonly after: ForwardHook<Module>[];
}

type Forward = (...inputs: readonly unknown[]) => unknown;

const hooksOf = new WeakMap<Module, Hooks>();

/** The hooks of a module, with its `forward` shadowed when they are the first. */
function shadow(module: Module): Hooks {
  const known = hooksOf.get(module);
  if (known) return known;
  const hooks: Hooks = { before: [], after: [] };
  const original = module.forward as Forward;
  const forward: Forward = (...given) => {
    const inputs = hooks.before.reduce<readonly unknown[]>((now, hook) => hook(module, now) ?? now, given);
    const output = original.apply(module, [...inputs]);
    return hooks.after.reduce((now, hook) => hook(module, inputs, now) ?? now, output);
  };
  // Not enumerable: the walk over fields shall not meet it.
  Object.defineProperty(module, "forward", { value: forward, configurable: true, writable: true, enumerable: false });
  hooksOf.set(module, hooks);
  return hooks;
}

/** Takes a hook away; after the last one the module is as it was. */
function remove<H>(module: Module, hooks: Hooks, list: H[], hook: H): void {
  const at = list.indexOf(hook);
  if (at >= 0) list.splice(at, 1);
  if (hooks.before.length + hooks.after.length > 0 || hooksOf.get(module) !== hooks) return;
  hooksOf.delete(module);
  Reflect.deleteProperty(module, "forward");
}

/** Calls `hook` after every `forward` of one module. Returns what removes it. */
export function onForward<M extends Module>(module: M, hook: ForwardHook<M>): () => void {
  const hooks = shadow(module);
  const own: ForwardHook<Module> = (_, inputs, output) => hook(module, inputs, output);
  hooks.after.push(own);
  return () => remove(module, hooks, hooks.after, own);
}

/** Calls `hook` before every `forward` of one module. Returns what removes it. */
export function onForwardStart<M extends Module>(module: M, hook: ForwardStartHook<M>): () => void {
  const hooks = shadow(module);
  const own: ForwardStartHook<Module> = (_, inputs) => hook(module, inputs);
  hooks.before.push(own);
  return () => remove(module, hooks, hooks.before, own);
}
