// Runs JavaScript samples, given as JSON on standard input, each as a module of its own.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";

const samples = JSON.parse(await text(process.stdin));
const folder = await mkdtemp(join(dirname(fileURLToPath(import.meta.url)), "samples-"));
const write = process.stdout.write.bind(process.stdout);
const told = [];
for (const [number, { name, text }] of samples.entries()) {
  let output = "";
  let error = "";
  process.stdout.write = (piece) => { output += piece; return true; };
  try {
    const file = join(folder, `${number}.mjs`);
    await writeFile(file, text);
    await import(pathToFileURL(file));
  } catch (caught) {
    error = String(caught?.stack ?? caught).slice(0, 2000);
  }
  process.stdout.write = write;
  told.push({ name, output, error });
}
await rm(folder, { recursive: true });
write(JSON.stringify(told));
