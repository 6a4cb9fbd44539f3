/**
 * A program that trains and saves after every step, to be killed: `node killed.mjs <folder> <steps> [width]`. It says "begin n" with the
 * step that it goes on from, "saving n" before each save and "saved n" after it; what goes wrong, in one line.
 */
import { CheckpointFolder } from "./folder.ts";
import { Run } from "./run.testing.ts";

const [folder, steps, width = "6"] = process.argv.slice(2);

async function main(): Promise<void> {
  const open = await CheckpointFolder.open(folder!);
  const run = new Run(1, Number(width));
  const found = await open.latest();
  let step = found ? Number(found.restore(run.parts)["step"]) : 0;
  console.log(`begin ${step}`);
  while (step < Number(steps)) {
    run.train(1);
    console.log(`saving ${++step}`);
    await open.save(run.parts, { step });
    console.log(`saved ${step}`);
  }
  await open.close();
}

main().catch((error: Error) => {
  console.log(`${error.name}: ${error.message}`);
  process.exitCode = 1;
});
