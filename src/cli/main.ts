#!/usr/bin/env node
/** The command `myelin`. */
import { VERSION } from "../core/version.ts";
import { describeDevices, formatDevices } from "../tensor/describeDevices.ts";

const USAGE = `myelin doctor     which devices there are here, and what is missing for the others
myelin version    the version of Myelin`;

const [command = "help"] = process.argv.slice(2);
if (command === "doctor") {
  console.log(`Myelin ${VERSION}, Node ${process.versions.node} on ${process.platform} ${process.arch}\n`);
  console.log(formatDevices(await describeDevices()));
} else if (command === "version") console.log(VERSION);
else {
  console.log(USAGE);
  if (command !== "help") process.exitCode = 1;
}
