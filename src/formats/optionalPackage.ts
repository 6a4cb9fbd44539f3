import { PackageError } from "../core/errors.ts";

/**
 * Loads a package that the user may or may not have installed, on first use.
 * @param name as `npm install` takes it.
 * @param purpose what needs it, for the error: "reading .npz files".
 * @param load imports it by its written-out name, `() => import("fflate")`, so that bundlers find it.
 * @throws PackageError that names the command to install it.
 */
export async function optionalPackage<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new PackageError(
      `${purpose} needs the package ${name}, which could not be loaded. Run: npm install ${name}`,
      {
        cause,
      },
    );
  }
}
